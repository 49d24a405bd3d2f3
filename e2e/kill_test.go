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

// A vtsync that is killed with SIGKILL at any moment of an apply is continued
// from another host, which has only the topo, and the end is the same as if it
// had never been killed: the same values in global, in the cells and in the
// vtgates, a committed record, free keyspaces, and nothing written twice. Then
// the same for the rollback of each of these rollouts.
//
// The moments are those at which anything could differ: each write of the
// process to any etcd, before the etcd has seen it, and before the process has
// heard of it.
func TestKilledAnywhereInApplyAndRollback(t *testing.T) {
	k := newKills(t)
	before, after := []string{"seed"}, []string{"added", "seed"}

	k.undisturbed = k.pair(0)
	k.seed(k.undisturbed)
	k.undisturbed.edit(after...)
	n := len(k.record(k.applying(k.undisturbed)...))
	k.ks = k.pairs(1, 2*n)
	k.seed(k.ks...)
	for _, p := range k.ks {
		p.edit(after...)
	}
	k.everywhere(func(p pair) []string { return k.applying(p) }, k.wantState(rollout.Committed, 0))
	k.same(after)

	back := func(p pair) []string { return []string{"rollback", k.show(p.a).ID} }
	m := len(k.record(back(k.undisturbed)...))
	if m > n {
		t.Fatalf("a rollback makes %d writes, an apply %d: there are too few rollouts to kill", m, n)
	}
	k.ks = k.ks[:2*m]
	k.everywhere(back, k.wantState(rollout.Committed, 0))
	k.same(before)
	k.free()
}

// The same for a rollout that is turned round before it has ended: whatever
// moment the way back is killed at, it is gone to its end from another host.
func TestKilledAnywhereOnTheWayBack(t *testing.T) {
	k := newKills(t)
	before, after := []string{"seed"}, []string{"added", "seed"}

	k.undisturbed = k.pair(0)
	k.seed(k.undisturbed)
	k.undisturbed.edit(after...)
	keys := k.record(k.applying(k.undisturbed)...)
	// The save that would commit it: everything has been written by then.
	last := 0
	for i, key := range keys {
		if strings.Contains(key, "/vtsync/rollouts/") {
			last = i + 1
		}
	}
	k.undisturbed.edit("added", "more", "seed")
	k.killAt(boundary{last, proxy.BeforeForward}, k.applying(k.undisturbed)...)
	back := func(p pair) []string { return []string{"rollback", k.show(p.a).ID} }
	n := len(k.record(back(k.undisturbed)...))

	k.ks = k.pairs(1, 2*n)
	k.seed(k.ks...)
	for _, p := range k.ks {
		p.edit(after...)
		k.killAt(boundary{last, proxy.BeforeForward}, k.applying(p)...)
	}
	k.everywhere(back, k.wantState(rollout.RolledBack, 5))
	k.undisturbed.edit(before...)
	k.ok(k.applying(k.undisturbed)...)
	k.same(before)
	k.free()
}

// A vtsync that is killed before its very first write on a cluster, or before
// it hears of it, leaves nothing in the way of the next.
func TestKilledAtFirstWrite(t *testing.T) {
	k := newKills(t)
	p := k.pair(0)
	k.addKeyspaces(p.names()...)
	p.edit("seed")
	k.killAt(boundary{1, proxy.BeforeForward}, k.applying(p)...)
	k.killAt(boundary{1, proxy.BeforeReply}, k.applying(p)...)
	k.ok(k.applying(p)...)
}

// boundary is a moment of a process: its n-th write, from 1, at a stage.
type boundary struct {
	n     int
	stage proxy.Stage
}

func (b boundary) String() string { return fmt.Sprintf("write %d %s", b.n, b.stage) }

// kills is a lab in which many rollouts are killed, each on a pair of
// keyspaces of its own, which one phase writes.
type kills struct {
	*env
	undisturbed pair
	ks          []pair

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

// record runs vtsync undisturbed and lists the keys that it writes.
func (k *kills) record(args ...string) []string {
	k.t.Helper()
	r := k.startVictim(boundary{}, args).wait()
	keys, _ := k.endVictim()
	if r.code != 0 || len(keys) == 0 {
		k.t.Fatalf("undisturbed: exit %d, %d writes\n%s", r.code, len(keys), r)
	}
	return keys
}

// killAt runs vtsync and kills it.
func (k *kills) killAt(b boundary, args ...string) {
	k.t.Helper()
	r := k.startVictim(b, args).wait()
	if _, killed := k.endVictim(); !killed {
		k.t.Fatalf("%s: not killed: exit %d\n%s", b, r.code, r)
	}
}

// everywhere kills the command of one pair after the other, each at another
// boundary, and resumes all of them elsewhere.
func (k *kills) everywhere(command func(pair) []string, check func(pair, boundary, bool, result)) {
	k.t.Helper()
	commands := make([][]string, len(k.ks)) // before the first is killed: each may look for its rollout
	for i, p := range k.ks {
		commands[i] = command(p)
	}
	records := k.history()
	saves := map[string]int64{}
	for _, r := range records {
		saves[r.ID] = r.Seq
	}
	global := map[string]*counter{}
	for _, p := range k.ks {
		for _, ks := range p.names() {
			global[ks] = k.writes("global", vschemaKey(ks))
		}
	}
	cells := map[string]*counter{}
	for _, cell := range k.Cells() {
		cells[cell] = k.writes(cell, k.srvKey(cell))
	}
	at := func(i int) boundary { return boundary{i/2 + 1, proxy.Stage(i % 2)} }
	for i := range k.ks {
		k.killAt(at(i), commands[i]...)
	}
	if k.locks() == 0 {
		k.t.Error("no killed process has left a lock: nothing has to wait")
	}
	records = k.history()
	resumes := make([]*proc, len(k.ks))
	results := make([]result, len(k.ks))
	recorded := make([]bool, len(k.ks))
	// The locks of those killed last live longest: they are waited for while
	// the others go on, a few at a time.
	for j := range len(k.ks) + concurrent {
		if i := len(k.ks) - 1 - j; i >= 0 {
			// What nothing was recorded of is asked for again.
			args := commands[i]
			r, _ := rolloutOf(records, k.ks[i].a)
			if recorded[i] = r.Seq != saves[r.ID]; recorded[i] {
				args = []string{"resume", r.ID}
			}
			resumes[i] = k.startElsewhere(args...)
		}
		if i := len(k.ks) - 1 - j + concurrent; i < len(k.ks) {
			results[i] = resumes[i].wait()
		}
	}
	for i, p := range k.ks {
		check(p, at(i), recorded[i], results[i])
		for _, ks := range p.names() {
			if got := len(global[ks].events()); got != 1 {
				k.t.Errorf("%s: the VSchema of %s was written %d times, want once", at(i), ks, got)
			}
		}
	}
	for _, cell := range k.Cells() {
		// Each rollout has to write each cell, as none ships the keyspaces of
		// another: so many writes as rollouts is once for each.
		if got := len(cells[cell].events()); got != len(k.ks) {
			k.t.Errorf("cell %s was written %d times for %d rollouts", cell, got, len(k.ks))
		}
	}
}

// concurrent is how many resumes run at a time.
const concurrent = 12

// wantState checks the exit code of a resume, and what the record says.
func (k *kills) wantState(want rollout.State, code int) func(pair, boundary, bool, result) {
	var records []rollout.Record
	return func(p pair, b boundary, recorded bool, r result) {
		k.t.Helper()
		code := code
		if !recorded {
			code = 0
		}
		if records == nil {
			records = k.history()
		}
		rec, _ := rolloutOf(records, p.a)
		if r.code != code || rec.State != want || rec.Parked != nil {
			k.t.Errorf("%s: resume exits %d, record %s is %s, want exit %d and %s\n%s", b, r.code, rec.ID, rec.State, code, want, r)
		}
		for _, ks := range p.names() {
			if h := k.head(ks); h.Open != "" || h.Paused != nil {
				k.t.Errorf("%s: the head of %s after the end: %+v", b, ks, h)
			}
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

// same checks that every plane holds the same of each pair as of that which
// was left alone: these tables.
func (k *kills) same(tables []string) {
	k.t.Helper()
	want := &vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{}}
	for _, name := range tables {
		want.Tables[name] = &vschemapb.Table{}
	}
	srv := map[string]*vschemapb.SrvVSchema{}
	for _, cell := range k.Cells() {
		srv[cell] = k.srv(cell)
	}
	for _, p := range append([]pair{k.undisturbed}, k.ks...) {
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

// pair is two keyspaces that one rollout writes.
type pair struct {
	e    *env
	a, b string
}

func (p pair) names() []string { return []string{p.a, p.b} }

// edit gives both keyspaces' files these tables.
func (p pair) edit(tables ...string) {
	p.e.t.Helper()
	p.e.setTables(p.a, tables...)
	p.e.setTables(p.b, tables...)
}

func (k *kills) pair(i int) pair {
	return pair{k.env, fmt.Sprintf("a%02d", i), fmt.Sprintf("b%02d", i)}
}

func (k *kills) pairs(from, n int) []pair {
	out := make([]pair, n)
	for i := range out {
		out[i] = k.pair(from + i)
	}
	return out
}

// seed makes the keyspaces, each with one table that is served.
func (k *kills) seed(pairs ...pair) {
	k.t.Helper()
	for _, p := range pairs {
		k.addKeyspaces(p.names()...)
		p.edit("seed")
	}
	k.ok(k.applying(pairs...)...)
}

// applying is the command that applies the files of pairs.
func (k *kills) applying(pairs ...pair) []string {
	args := []string{"apply", "--yes", k.dir}
	for _, p := range pairs {
		args = append(args, "--keyspace", p.a, "--keyspace", p.b)
	}
	return args
}
