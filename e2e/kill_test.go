package e2e

import (
	"fmt"
	"os"
	"path/filepath"
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
	k.undisturbed = k.twins(0)
	k.seed(k.undisturbed)
	k.undisturbed.edit("added", "seed")
	apply := course{
		command: func(p twins) []string { return k.applying(p) },
		ends:    rollout.Committed, writes: 1, cells: 1,
	}
	n := len(k.record(apply))
	k.ks = k.manyTwins(1, 2*n)
	k.seed(k.ks...)
	for _, p := range k.ks {
		p.edit("added", "seed")
	}
	k.everywhere(apply)
	k.same("added", "seed")

	back := course{
		command: func(p twins) []string { return []string{"rollback", "--yes", k.show(p.a).ID} },
		ends:    rollout.Committed, writes: 1, cells: 1,
	}
	m := len(k.record(back))
	if m > n {
		t.Fatalf("a rollback makes %d writes, an apply %d: there are too few rollouts to kill", m, n)
	}
	k.ks = k.ks[:2*m]
	k.everywhere(back)
	k.same("seed")
	k.free()
}

// The same where vtsync goes back by itself: a vtgate cannot load the change,
// and whatever moment of the way back the process is killed at, another host
// goes it to its end, and the keyspaces stay paused.
func TestKilledAnywhereInAutomaticRollback(t *testing.T) {
	k := newKills(t)
	// A vindex that reads a file, which the first vtgate has not.
	for _, gate := range k.VTGates()[1:] {
		path := filepath.Join(k.Process(gate.Name).Dir, "map.json")
		if err := os.WriteFile(path, []byte(`{"1": 1}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	breaking := func(p twins) {
		for _, ks := range p.names() {
			k.edit(ks, func(v map[string]any) {
				v["vindexes"] = map[string]any{"m": map[string]any{
					"type": "numeric_static_map", "params": map[string]any{"json_path": "map.json"},
				}}
			})
		}
	}
	k.undisturbed = k.twins(0)
	k.seed(k.undisturbed)
	breaking(k.undisturbed)
	c := course{
		command: func(p twins) []string { return k.applying(p) },
		ends:    rollout.RolledBack, code: 5, paused: true, writes: 2, cells: 2,
	}
	keys := k.record(c)
	cells := 0 // written forward
	for i, key := range keys {
		if cells < len(k.Cells()) && strings.Contains(key, "/SrvVSchema") {
			cells++
			c.skip = i + 1
		}
	}
	k.ks = k.manyTwins(1, 2*(len(keys)-c.skip))
	k.seed(k.ks...)
	for _, p := range k.ks {
		breaking(p)
	}
	k.everywhere(c)
	k.same("seed")
	for _, p := range k.ks {
		for _, ks := range p.names() {
			k.ok("unpause", ks)
		}
	}
	k.free()
}

// The same where a person takes back a rollout that was killed between the
// writes of a phase: the one in flight is fenced off, the one that had landed is
// taken back, and whatever moment of that is killed, another host goes on.
func TestKilledAnywhereInTurningRound(t *testing.T) {
	k := newKills(t)
	apply := course{command: func(p twins) []string { return k.applying(p) }}
	k.undisturbed = k.twins(0)
	k.seed(k.undisturbed)
	k.undisturbed.edit("added", "seed")
	second := 1 + slices.IndexFunc(k.record(apply), func(key string) bool {
		return strings.Contains(key, vschemaKey(k.undisturbed.b))
	})
	halfway := func(p twins, tables ...string) {
		p.edit(tables...)
		k.killAt(boundary{second, proxy.BeforeForward}, k.applying(p)...)
	}
	back := course{
		command: func(p twins) []string { return []string{"rollback", "--yes", k.show(p.a).ID} },
		ends:    rollout.RolledBack, writes: 1,
	}
	halfway(k.undisturbed, "seed")
	n := len(k.record(back))
	k.ks = k.manyTwins(1, 2*n)
	k.seed(k.ks...)
	for _, p := range k.ks {
		halfway(p, "added", "seed")
	}
	k.everywhere(back)
	k.ok(k.applying(k.undisturbed)...)
	k.same("seed")
	k.free()
}

// A vtsync that is killed before its very first write on a cluster, or before
// it hears of it, leaves nothing in the way of the next.
func TestKilledAtFirstWrite(t *testing.T) {
	k := newKills(t)
	p := k.twins(0)
	k.addKeyspaces(p.names()...)
	p.edit("seed")
	k.killAt(boundary{1, proxy.BeforeForward}, k.applying(p)...)
	k.killAt(boundary{1, proxy.BeforeReply}, k.applying(p)...)
	k.ok(k.applying(p)...)
}

// A request of a process that was killed may still be on its way. Whether it
// lands before another host resumes the rollout, or after that has ended, the
// end is the same, and nothing is written twice.
func TestLateRequestOfAKilledProcess(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.args = append(e.args, "--timeout", "30s")
	cells := e.cellWrites()
	type late struct {
		name, ks string
		writes   *counter
		request  *proxy.Hit
		resume   *proc
	}
	hold := func(i int, where, server string, rule proxy.Rule) *late {
		l := &late{name: where, ks: fmt.Sprintf("late%d", i)}
		e.addKeyspaces(l.ks)
		e.setTables(l.ks, "added_"+l.ks)
		l.writes = e.writes("global", vschemaKey(l.ks))
		rule.Writes, rule.Times, rule.Fault = true, 1, proxy.Hold()
		armed := e.Proxy(cluster.Vtsync, server).Arm(rule)
		p := e.start("apply", "--yes", e.dir, "--keyspace", l.ks)
		l.request = e.next(armed)
		p.kill()
		p.wait()
		return l
	}
	release := func(lates []*late) {
		t.Helper()
		for _, l := range lates {
			if err := l.request.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	var before, after []*late
	for i, into := range []*[]*late{&before, &after} {
		*into = append(*into,
			hold(3*i, "global", "global", proxy.Rule{Key: "^/vitess/global/keyspaces/late.*/VSchema$"}),
			// The record's fourth save says what has landed in global.
			hold(3*i+1, "record", "global", proxy.Rule{Key: "/vtsync/rollouts/", Skip: 3}),
			hold(3*i+2, "cell", "zone1", proxy.Rule{Key: "/SrvVSchema$"}))
	}
	release(before)
	all := slices.Concat(before, after)
	for _, l := range all {
		l.resume = e.startElsewhere("resume", e.show(l.ks).ID)
	}
	for _, l := range all {
		if r := l.resume.wait(); r.code != 0 {
			t.Errorf("%s, keyspace %s: exit %d\n%s", l.name, l.ks, r.code, r)
		}
	}
	release(after)
	for _, l := range all {
		if got := len(l.writes.events()); got != 1 {
			t.Errorf("%s: the VSchema of %s was written %d times, want once", l.name, l.ks, got)
		}
		if rec := e.show(l.ks); rec.State != rollout.Committed {
			t.Errorf("%s: rollout %s is %s", l.name, rec.ID, rec.State)
		}
		e.holdsEverywhere(l.name, l.ks, "added_"+l.ks, true)
	}
	for cell, writes := range cells {
		if got := len(writes.events()); got != len(all) {
			t.Errorf("cell %s was written %d times for %d rollouts", cell, got, len(all))
		}
	}
}

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
