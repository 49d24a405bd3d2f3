package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

const (
	// restless is how many rollouts a control plane that comes and goes has to
	// bear, and restlessPeople how many apply them at the same time.
	restless       = 50
	restlessPeople = 4
	// longestMissed is how long what was killed may stay away when nobody seems
	// to miss it: much less than people wait for each other.
	longestMissed = 20 * time.Second
)

// The leader of a global etcd of three is killed and started again, and so is
// vtctld, at random, while several people apply changes to a few keyspaces that
// they share. Every change is made in the end, by apply, or by resume where that
// was told; none is lost, none is taken back, no keyspace stays held, and the
// records say what had to be asked again.
func TestControlPlaneComesAndGoes(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	s := newStorm(t)
	want := map[string][]string{}
	for _, ks := range s.keyspaces {
		want[ks] = []string{"seed"}
	}
	changes := make(chan change, restless)
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range restless {
		c := change{table: fmt.Sprintf("t%02d", i)}
		for _, n := range rng.Perm(len(s.keyspaces))[:1+rng.IntN(2)] {
			c.keyspaces = append(c.keyspaces, s.keyspaces[n])
			want[s.keyspaces[n]] = append(want[s.keyspaces[n]], c.table)
		}
		changes <- c
	}
	close(changes)

	began := time.Now()
	ctx, calm := context.WithCancel(t.Context())
	defer calm()
	var weather, people errgroup.Group
	weather.Go(func() error { return s.rage(ctx, rand.New(rand.NewPCG(seed, 1))) })
	for range restlessPeople {
		p := s.person()
		people.Go(func() error {
			for c := range changes {
				if err := p.make(c); err != nil {
					return fmt.Errorf("%s of %v: %w", c.table, c.keyspaces, err)
				}
			}
			return nil
		})
	}
	err := people.Wait()
	calm()
	if err := errors.Join(err, weather.Wait()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rollouts in %s: %d applies were refused, %d resumes; etcd's leader was killed %d times, vtctld %d times",
		restless, time.Since(began).Round(time.Second), s.refused.Load(), s.resumed.Load(), s.leaders, s.vtctlds)
	if s.leaders < 4 || s.vtctlds < 4 {
		t.Errorf("the leader was killed %d times and vtctld %d times: too calm a test", s.leaders, s.vtctlds)
	}
	s.holds(want)
	s.told()
}

// storm is a cluster whose control plane comes and goes.
type storm struct {
	*env
	keyspaces        []string
	writes           atomic.Int64 // of vtsync's, seen so far
	retries          atomic.Int64 // saves of records that tell of a retry
	refused, resumed atomic.Int64
	leaders, vtctlds int // killed
}

func newStorm(t *testing.T) *storm {
	t.Helper()
	s := &storm{env: newEnv(t, cluster.Options{GlobalMembers: 3})}
	s.args = append(s.args, "--vtctld", s.VTCtld(), "--timeout", "30s")
	args := []string{"apply", "--yes", s.dir}
	for i := range 6 {
		ks := fmt.Sprintf("shared%d", i)
		s.keyspaces = append(s.keyspaces, ks)
		s.addKeyspaces(ks)
		s.setTables(ks, "seed")
		args = append(args, "--keyspace", ks)
	}
	s.ok(args...)
	s.OnWrite(cluster.Vtsync, func(w proxy.WriteEvent) proxy.Verdict {
		if w.Stage != proxy.BeforeForward {
			return proxy.Pass
		}
		s.writes.Add(1)
		for _, op := range w.Ops {
			if strings.Contains(op.Key, "/vtsync/rollouts/") && bytes.Contains(op.Value, []byte(`"attempts":[`)) {
				s.retries.Add(1)
			}
		}
		return proxy.Pass
	})
	return s
}

// rage kills the leader of etcd, vtctld, or both, each time after some more
// writes of vtsync's, and starts them again: at once, or when somebody has
// missed them.
func (s *storm) rage(ctx context.Context, rng *rand.Rand) error {
	for s.until(ctx, &s.writes, 20+rng.Int64N(60)) {
		var down []*cluster.Process
		dice, missed := rng.IntN(4), rng.IntN(2) == 0
		etcd, vtctld := dice != 0, dice != 1
		if etcd {
			leader, err := s.EtcdLeader(s.t.Context())
			if err != nil {
				return err
			}
			leader.Kill()
			s.leaders++
			down = append(down, leader)
		}
		if vtctld {
			p := s.Process("vtctld")
			p.Kill()
			s.vtctlds++
			down = append(down, p)
		}
		away, back := context.WithTimeout(ctx, longestMissed)
		switch {
		case missed && vtctld:
			s.until(away, &s.retries, 2)
		case missed:
			s.until(away, &s.writes, 1+rng.Int64N(20))
		}
		back()
		for _, p := range down {
			if err := p.Restart(s.t.Context()); err != nil {
				return err
			}
		}
	}
	return nil
}

// until waits for a count to grow by n, and is false if ctx ended before or
// nothing came for long.
func (s *storm) until(ctx context.Context, count *atomic.Int64, n int64) bool {
	from := count.Load()
	return cluster.Poll(ctx, func() error {
		if now := count.Load(); now < from+n {
			return fmt.Errorf("%d of %d", now-from, n)
		}
		return nil
	}) == nil
}

// change is a table that is added to some keyspaces.
type change struct {
	table     string
	keyspaces []string
}

// persistent is a person who applies changes from a folder of their own.
type persistent struct {
	*env
	storm *storm
}

func (s *storm) person() *persistent {
	p := &persistent{s.folder(), s}
	p.ok("pull", p.dir)
	return p
}

var rolloutID = regexp.MustCompile(`\d{8}t\d{6}-[0-9a-f]{6}`)

// make makes one change: again where it was refused, by resume where a rollout
// of it has parked.
func (p *persistent) make(c change) error {
	args := []string{"apply", "--yes", p.dir}
	for _, ks := range c.keyspaces {
		if err := p.tryEdit(ks, func(v map[string]any) { table(v, c.table) }); err != nil {
			return err
		}
		args = append(args, "--keyspace", ks)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		r, err := p.try([]int{0, 3, 4}, args...)
		for err == nil && r.code == 4 {
			p.t.Logf("%s: exit 4\n%s", c.table, r)
			id := rolloutID.FindString(r.String())
			if id == "" {
				break // nothing was begun
			}
			p.storm.resumed.Add(1)
			r, err = p.try([]int{0, 3, 4}, "resume", id)
		}
		if err != nil || r.code == 0 {
			return err
		}
		p.storm.refused.Add(1)
		if err := p.free(c.keyspaces); err != nil {
			return err
		}
	}
	return errors.New("out of time")
}

// free waits until no rollout holds the keyspaces.
func (p *persistent) free(keyspaces []string) error {
	var holder string
	err := cluster.Poll(p.t.Context(), func() error {
		for _, ks := range keyspaces {
			h, err := p.tryHead(ks)
			if err != nil {
				return err
			}
			if holder = h.Open; holder != "" {
				return fmt.Errorf("keyspace %s is held by %s", ks, holder)
			}
		}
		return nil
	})
	if err == nil || holder == "" {
		return err
	}
	shown, failed := p.try([]int{0}, "show", holder)
	return fmt.Errorf("%w\n%s", errors.Join(err, failed), shown)
}

// holds checks that every plane holds just these tables of the keyspaces, and
// that no keyspace is held or paused.
func (s *storm) holds(want map[string][]string) {
	s.t.Helper()
	for ks, tables := range want {
		slices.Sort(tables)
		if got := slices.Sorted(maps.Keys(s.global(ks).Tables)); !slices.Equal(got, tables) {
			s.t.Errorf("global holds of %s: %v, want %v", ks, got, tables)
		}
		for _, cell := range s.Cells() {
			if got := slices.Sorted(maps.Keys(s.srv(cell).Keyspaces[ks].GetTables())); !slices.Equal(got, tables) {
				s.t.Errorf("cell %s holds of %s: %v, want %v", cell, ks, got, tables)
			}
		}
		for _, gate := range s.VTGates() {
			for _, name := range tables {
				if err := s.ServesTable(s.t.Context(), gate, ks, name); err != nil {
					s.t.Error(err)
				}
			}
		}
		if h := s.head(ks); h.Open != "" || h.Paused != nil {
			s.t.Errorf("the head of %s: %+v", ks, h)
		}
	}
	s.ok("pull", "--force", s.dir)
	s.ok("status", s.dir)
}

// told checks how the rollouts have ended, and that their records tell of what
// was asked again.
func (s *storm) told() {
	s.t.Helper()
	ended := map[rollout.State]int{}
	retried, lines, writes := 0, 0, 0
	for _, rec := range s.history() {
		ended[rec.State]++
		switch rec.State {
		case rollout.Committed, rollout.Skipped, rollout.Canceled, rollout.DeniedState, rollout.Conflicted:
		default:
			s.t.Errorf("rollout %s of %v is %s: %s", rec.ID, rec.Keyspaces, rec.State, rec.Reason)
		}
		if rec.Attempted() > 0 {
			retried++
		}
		for _, l := range rec.Log {
			if strings.HasPrefix(l.Text, "attempt ") {
				lines++
			}
		}
		for _, w := range rec.Globals {
			if w.Attempts > 1 {
				writes++
			}
		}
	}
	s.t.Logf("%v; %d rollouts asked again, %d lines of their logs tell so; %d writes were repeated", ended, retried, lines, writes)
	if retried == 0 || lines < retried {
		s.t.Errorf("%d records tell of a retry, in %d lines of their logs", retried, lines)
	}
}
