package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// A vtsync that waits for a migration and is killed with SIGKILL at any save of
// its record, before etcd has seen it or before the process has heard of it, is
// continued from another host, which waits on for the same: nothing is written
// before the migration is complete on both shards, and then once. The same for
// the saves that follow.
func TestKilledWhileWaitingForAMigration(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{Cells: []string{"zone1"}})
	k := &kills{env: f.env}
	k.OnWrite(cluster.Vtsync, k.onWrite)
	keys := f.killed(k, 0, boundary{})
	saves := 0
	for n, key := range keys {
		if !strings.Contains(key, "/vtsync/rollouts/") {
			continue
		}
		saves++
		f.killed(k, 2*n+1, boundary{n + 1, proxy.BeforeForward})
		f.killed(k, 2*n+2, boundary{n + 1, proxy.BeforeReply})
	}
	if saves < 5 {
		t.Errorf("an undisturbed rollout saves its record %d times: the test shows little", saves)
	}
	t.Logf("%d saves of the record among %d writes", saves, len(keys))
}

// killed runs one rollout that waits for a migration of its own, kills it at a
// boundary, and resumes it elsewhere. It gives the keys that were written before
// the kill.
func (f *full) killed(k *kills, i int, at boundary) []string {
	f.t.Helper()
	name := fmt.Sprintf("killed%02d", i)
	w := &awaited{full: f, uuid: f.migrate("customer", "create table "+name+"(id bigint not null primary key)", "--postpone-completion")}
	f.edit("customer", func(v map[string]any) { hashed(v, name, "id") })
	writes, cells := f.writes("global", vschemaKey("customer")), f.cellWrites()
	seq := f.seq()
	command := []string{"apply", "--yes", f.dir, "--keyspace", "customer"}
	r := w.drive(k.startVictim(at, command), func() bool { return len(writes.events()) > 0 })
	keys, dead := k.endVictim()
	if dead == (at == boundary{}) {
		f.t.Fatalf("%s: killed: %t, exit %d\n%s", at, dead, r.code, r)
	}
	if dead {
		rec, _ := rolloutOf(f.history(), "customer")
		if f.seq() != seq {
			command = []string{"resume", rec.ID}
		}
		r = w.drive(f.startElsewhere(command...), func() bool { return len(writes.events()) > 0 })
	}
	if rec := f.show("customer"); r.code != 0 || rec.State != rollout.Committed || rec.Parked != nil {
		f.t.Errorf("%s: exit %d, rollout %s is %s\n%s", at, r.code, rec.ID, rec.State, r)
	}
	if n := len(writes.events()); n != 1 {
		f.t.Errorf("%s: the VSchema was written %d times, want once", at, n)
	}
	if n := len(cells["zone1"].events()); n != 1 {
		f.t.Errorf("%s: the cell was written %d times, want once", at, n)
	}
	f.holdsEverywhere(at.String(), "customer", name, true)
	return keys
}

// seq names the last save of the newest rollout of customer.
func (f *full) seq() string {
	rec, _ := rolloutOf(f.history(), "customer")
	return fmt.Sprint(rec.ID, rec.Seq)
}

// awaited is a migration of customer that a rollout waits for.
type awaited struct {
	*full
	uuid     string
	complete int // shards on which it is
}

// drive lets the migration complete on one shard after the other, each once the
// process waits for it, until the process has ended.
func (w *awaited) drive(p *proc, written func() bool) result {
	w.t.Helper()
	ended := make(chan struct{})
	var r result
	var err error
	go func() {
		defer close(ended)
		r, err = p.end()
	}()
	over := func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}
	for _, shard := range w.Shards("customer")[w.complete:] {
		text := fmt.Sprintf("%d of 2 shards complete", w.complete)
		w.until("a rollout that waits", func() error {
			if rec, _ := rolloutOf(w.history(), "customer"); over() || waitsFor(rec, w.uuid, text) {
				return nil
			}
			return errors.New("want it to wait, saying " + text)
		})
		if written() {
			w.t.Errorf("written while the migration is complete on %d shards", w.complete)
		}
		if over() {
			break
		}
		w.full.complete("customer", w.uuid, shard)
		w.complete++
	}
	<-ended
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
