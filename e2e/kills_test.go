package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// boundary is a moment of a process: its n-th write, from 1, at a stage.
type boundary struct {
	n     int
	stage proxy.Stage
}

func (b boundary) String() string { return fmt.Sprintf("write %d %s", b.n, b.stage) }

// kills is a lab in which many rollouts are killed, each on keyspaces of its
// own.
type kills struct {
	*env
	undisturbed twins
	ks          []twins

	mu     sync.Mutex // guards what follows, and victim's being set
	victim *proc
	at     boundary
	keys   []string // of the victim's writes, in their order
	doomed [2]any   // the server and number of the write to kill at
	killed bool
}

func newKills(t *testing.T) *kills {
	t.Parallel()
	k := &kills{env: newEnv(t, cluster.Options{})}
	// A lock outlives a killed process by ten seconds, which resume waits for.
	k.args = append(k.args, "--timeout", "30s")
	k.OnWrite(cluster.Vtsync, k.onWrite)
	return k
}

// onWrite counts the victim's writes and kills it at its moment.
func (k *kills) onWrite(w proxy.WriteEvent) proxy.Verdict {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.victim == nil || k.killed {
		return proxy.Pass
	}
	this := [2]any{w.Server, w.N}
	if w.Stage == proxy.BeforeForward {
		k.keys = append(k.keys, strings.Join(w.Keys, " "))
		if len(k.keys) == k.at.n {
			k.doomed = this
		}
	}
	if this != k.doomed || w.Stage != k.at.stage {
		return proxy.Pass
	}
	k.victim.kill()
	k.killed = true
	return proxy.Drop
}

func (k *kills) startVictim(at boundary, args []string) *proc {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.victim, k.at = k.start(args...), at
	k.keys, k.doomed, k.killed = nil, [2]any{}, false
	return k.victim
}

// endVictim gives the keys that the victim wrote, and whether it was killed.
func (k *kills) endVictim() ([]string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.victim = nil
	return k.keys, k.killed
}

// record runs a course undisturbed and lists the keys that it writes.
func (k *kills) record(c course) []string {
	k.t.Helper()
	r := k.startVictim(boundary{}, c.command(k.undisturbed)).wait()
	keys, _ := k.endVictim()
	if r.code != c.code || len(keys) == 0 {
		k.t.Fatalf("undisturbed: exit %d, want %d; %d writes\n%s", r.code, c.code, len(keys), r)
	}
	return keys
}

// killAt runs vtsync and kills it.
func (k *kills) killAt(b boundary, args ...string) {
	k.t.Helper()
	if r, killed := k.tryKill(b, args...); !killed {
		k.t.Fatalf("%s: not killed: exit %d\n%s", b, r.code, r)
	}
}

// tryKill is killAt for a run that may end before it gets there.
func (k *kills) tryKill(b boundary, args ...string) (result, bool) {
	k.t.Helper()
	r := k.startVictim(b, args).wait()
	_, killed := k.endVictim()
	return r, killed
}

// course is what is killed at each of its boundaries.
type course struct {
	command func(twins) []string
	skip    int // its writes before the first boundary
	// How it ends when it is not disturbed.
	ends   rollout.State
	code   int
	paused bool
	writes int // of each VSchema
	cells  int // of each cell
}

// at is the i-th boundary, from 0.
func (c course) at(i int) boundary { return boundary{c.skip + i/2 + 1, proxy.Stage(i % 2)} }

// everywhere kills the course of one pair of twins after the other, each at
// another boundary, resumes all of them elsewhere, and checks that each ends as
// if it had not been disturbed.
func (k *kills) everywhere(c course) {
	k.t.Helper()
	commands := make([][]string, len(k.ks)) // before the first is killed: each may look for its rollout
	for i, p := range k.ks {
		commands[i] = c.command(p)
	}
	saves := map[string]int64{}
	for _, r := range k.history() {
		saves[r.ID] = r.Seq
	}
	global := map[string]*counter{}
	for _, p := range k.ks {
		for _, ks := range p.names() {
			global[ks] = k.writes("global", vschemaKey(ks))
		}
	}
	cells := k.cellWrites()
	const atATime = 24
	locks, early := 0, 0
	results := make([]result, 0, len(k.ks))
	for first := 0; first < len(k.ks); first += atATime {
		batch := k.ks[first:min(first+atATime, len(k.ks))]
		ended := map[int]result{}
		for i := range batch {
			if r, killed := k.tryKill(c.at(first+i), commands[first+i]...); !killed {
				ended[i] = r
			}
		}
		early += len(ended)
		locks += k.locks()
		results = append(results, k.resume(batch, ended, saves, commands[first:])...)
	}
	// How often a run looks, and so saves, before it has its evidence is not
	// the same each time: the last of the recorded writes may not come.
	if early > 4 {
		k.t.Errorf("%d runs of %d ended before they were to be killed", early, len(k.ks))
	}
	if locks == 0 {
		k.t.Error("no killed process has left a lock: no resume had to wait")
	}
	records := k.history()
	for i, p := range k.ks {
		rec, _ := rolloutOf(records, p.a)
		k.ended(c, c.at(i), rec, results[i])
		for _, ks := range p.names() {
			if got := len(global[ks].events()); got != c.writes {
				k.t.Errorf("%s: the VSchema of %s was written %d times, want %d", c.at(i), ks, got, c.writes)
			}
		}
	}
	for cell, writes := range cells {
		// Each rollout has to write each cell, as none ships the keyspaces of
		// another: as many writes as if each was alone is none too many.
		if got, want := len(writes.events()), c.cells*len(k.ks); got != want {
			k.t.Errorf("cell %s was written %d times for %d rollouts, want %d", cell, got, len(k.ks), want)
		}
	}
}

// resume goes on with the rollouts that were killed, all at once, on another
// host. What nothing was saved of since then is asked for again. The results
// are those of all, with those that had ended before.
func (k *kills) resume(killed []twins, ended map[int]result, saves map[string]int64, commands [][]string) []result {
	k.t.Helper()
	records := k.history()
	procs := make([]*proc, len(killed))
	for i, p := range killed {
		if _, ok := ended[i]; ok {
			continue
		}
		args := commands[i]
		if r, _ := rolloutOf(records, p.a); r.Seq != saves[r.ID] {
			args = []string{"resume", r.ID}
		}
		procs[i] = k.startElsewhere(args...)
	}
	results := make([]result, len(killed))
	for i, p := range procs {
		if p == nil {
			results[i] = ended[i]
			continue
		}
		results[i] = p.wait()
	}
	return results
}

// ended checks the end of one course: exit code, record and heads.
func (k *kills) ended(c course, b boundary, rec rollout.Record, r result) {
	k.t.Helper()
	if r.code != c.code || rec.State != c.ends || rec.Parked != nil {
		k.t.Errorf("%s: resume exits %d, rollout %s is %s, want exit %d and %s\n%s", b, r.code, rec.ID, rec.State, c.code, c.ends, r)
	}
	for _, ks := range rec.Keyspaces {
		h := k.head(ks)
		if paused := h.Paused != nil && h.Paused.Rollout == rec.ID; h.Open != "" || paused != c.paused {
			k.t.Errorf("%s: the head of %s after the end: %+v, want paused: %t", b, ks, h, c.paused)
		}
	}
}

// locks counts the keyspace locks that stand.
func (k *kills) locks() int {
	k.t.Helper()
	resp, err := k.Etcd("global").Get(k.t.Context(), "/vitess/global/keyspaces/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		k.t.Fatal(err)
	}
	n := 0
	for _, kv := range resp.Kvs {
		if strings.Contains(string(kv.Key), "/locks/") {
			n++
		}
	}
	return n
}

// same checks that every plane holds the same of all twins as of those that
// were left alone: these tables.
func (k *kills) same(tables ...string) {
	k.t.Helper()
	want := &vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{}}
	for _, name := range tables {
		want.Tables[name] = &vschemapb.Table{}
	}
	srv := map[string]*vschemapb.SrvVSchema{}
	for _, cell := range k.Cells() {
		srv[cell] = k.srv(cell)
	}
	for _, p := range append([]twins{k.undisturbed}, k.ks...) {
		for _, ks := range p.names() {
			if got := k.global(ks); !proto.Equal(got, want) {
				k.t.Errorf("global holds of %s: %v, want %v", ks, got, want)
			}
			for cell, s := range srv {
				if got := s.Keyspaces[ks]; !proto.Equal(got, want) {
					k.t.Errorf("cell %s holds of %s: %v, want %v", cell, ks, got, want)
				}
			}
			for _, gate := range k.VTGates() {
				for _, name := range []string{"seed", "added"} {
					err := k.ServesTable(k.t.Context(), gate, ks, name)
					if serves := err == nil; serves != slices.Contains(tables, name) {
						k.t.Errorf("vtgate %s serves %s.%s: %t (%v)", gate.Name, ks, name, serves, err)
					}
				}
			}
		}
	}
}

// free shows that no rollout stands in the way: one apply changes all
// keyspaces.
func (k *kills) free() {
	k.t.Helper()
	for _, p := range k.ks {
		p.edit("after", "seed")
	}
	k.ok(k.applying(k.ks...)...)
}

// twins is two keyspaces that one rollout writes.
type twins struct {
	e    *env
	a, b string
}

func (p twins) names() []string { return []string{p.a, p.b} }

// edit gives both keyspaces' files these tables.
func (p twins) edit(tables ...string) {
	p.e.t.Helper()
	p.e.setTables(p.a, tables...)
	p.e.setTables(p.b, tables...)
}

func (k *kills) twins(i int) twins {
	return twins{k.env, fmt.Sprintf("a%02d", i), fmt.Sprintf("b%02d", i)}
}

func (k *kills) manyTwins(from, n int) []twins {
	out := make([]twins, n)
	for i := range out {
		out[i] = k.twins(from + i)
	}
	return out
}

// seed makes the keyspaces, each with one table that is served.
func (k *kills) seed(all ...twins) {
	k.t.Helper()
	for _, p := range all {
		k.addKeyspaces(p.names()...)
		p.edit("seed")
	}
	k.ok(k.applying(all...)...)
}

// applying is the command that applies the files of twins.
func (k *kills) applying(all ...twins) []string {
	args := []string{"apply", "--yes", k.dir}
	for _, p := range all {
		args = append(args, "--keyspace", p.a, "--keyspace", p.b)
	}
	return args
}
