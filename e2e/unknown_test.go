package e2e

import (
	"context"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// impatient makes a call give up after two seconds, and a write after six.
var impatient = []string{"--timeout", "6s"}

// A write whose answer does not come is neither taken for done nor for failed:
// whether the request was lost, the answer was lost, or the request lands long
// after vtsync has given the call up, the change is made exactly once, and the
// record knows it. The same where the write creates a VSchema that was absent.
func TestWriteWithoutAnswer(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.args = append(e.args, impatient...)
	faults := []struct {
		name string
		// arm breaks the first write of a key; the function that it returns
		// is called while vtsync runs, and what that returns once it ended.
		arm func(key string) (meanwhile, after func())
	}{
		{"reply dropped", func(key string) (func(), func()) {
			e.arm("global", key, proxy.DropReply())
			return nil, nil
		}},
		{"request dropped", func(key string) (func(), func()) {
			e.arm("global", key, proxy.DropRequest())
			return nil, nil
		}},
		{"lands before the repeat of it", func(key string) (func(), func()) {
			late, repeat := e.arm("global", key, proxy.Hold()), e.arm("global", key, proxy.DropRequest())
			return func() { e.next(repeat); e.release(late) }, nil
		}},
		{"lands when all is over", func(key string) (func(), func()) {
			late := e.arm("global", key, proxy.Hold())
			return nil, func() { e.release(late) }
		}},
	}
	type tried struct {
		ks, name string
		p        *proc
		during   func()
		after    func()
		writes   *counter
	}
	var cases []tried
	for i, f := range faults {
		for _, kind := range []string{"update", "create"} {
			ks := kind + strconv.Itoa(i)
			e.addKeyspaces(ks)
			if kind == "update" {
				e.setTables(ks, ks+"_seed")
				e.ok("apply", "--yes", e.dir, "--keyspace", ks)
			}
			cases = append(cases, tried{ks: ks, name: f.name + ", " + kind})
		}
	}
	cells := e.cellWrites()
	for i := range cases {
		c := &cases[i]
		c.writes = e.writes("global", vschemaKey(c.ks))
		c.during, c.after = faults[i/2].arm(vschemaKey(c.ks))
		e.setTables(c.ks, c.ks+"_added", c.ks+"_seed")
		c.p = e.start("apply", "--yes", e.dir, "--keyspace", c.ks)
	}
	for _, c := range cases {
		if c.during != nil {
			c.during()
		}
	}
	for _, c := range cases {
		r := c.p.wait()
		if c.after != nil {
			c.after()
		}
		events := c.writes.events()
		if r.code != 0 || len(events) != 1 {
			t.Errorf("%s: exit %d and %d writes, want 0 and one\n%s", c.name, r.code, len(events), r)
			continue
		}
		e.committed(c.name, c.ks, events[0].Kv.ModRevision)
		e.holdsEverywhere(c.name, c.ks, c.ks+"_added", true)
	}
	for cell, writes := range cells {
		if got := len(writes.events()); got != len(cases) {
			t.Errorf("cell %s: %d writes, want one for each of %d rollouts", cell, got, len(cases))
		}
	}
}

// committed checks that the record of a keyspace's last rollout tells the
// truth: one write, which needed more than one try, and landed at a revision.
func (e *env) committed(name, ks string, revision int64) {
	e.t.Helper()
	rec := e.show(ks)
	if rec.State != rollout.Committed || len(rec.Globals) != 1 {
		e.t.Errorf("%s: rollout %s is %s with the writes %+v", name, rec.ID, rec.State, rec.Globals)
		return
	}
	w := rec.Globals[0]
	if w.Status != rollout.WriteLanded || w.Attempts < 2 || w.Result.Version != strconv.FormatInt(revision, 10) {
		e.t.Errorf("%s: the record says %+v, want landed at revision %d after several tries", name, w, revision)
	}
}

// A write that never gets an answer is given up in the end, but not before it
// is made sure that it cannot land any more: vtsync says that nothing was
// changed, and the request, when the network lets it go at last, changes
// nothing indeed. An absent VSchema is then there, and empty.
func TestWriteGivenUp(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.args = append(e.args, impatient...)
	cells := e.cellWrites()
	var blocks []*block
	for _, ks := range []string{"commerce", "fresh"} {
		b := &block{e: e, ks: ks}
		if ks == "fresh" {
			e.addKeyspaces(ks)
			e.setTables(ks, "added_"+ks)
		} else {
			b.spared = []byte(e.raw("global", vschemaKey(ks)))
			e.edit(ks, func(v map[string]any) { table(v, "added_"+ks) })
		}
		b.set(true)
		b.p = e.start("apply", "--yes", e.dir, "--keyspace", ks)
		blocks = append(blocks, b)
	}
	for _, b := range blocks {
		r := b.p.wait()
		rec := e.show(b.ks)
		if r.code != 3 || rec.State != rollout.Canceled || rec.Code != rollout.CodeFenced {
			t.Errorf("%s: exit %d, record %s (%s), want 3, canceled and fenced\n%s", b.ks, r.code, rec.State, rec.Code, r)
		}
		b.set(false)
		e.release(b.held)
		if events := b.writes.events(); len(events) != 1 || string(events[0].Kv.Value) != string(b.spared) {
			t.Errorf("%s: %d writes, want the one that fences, which changes nothing", b.ks, len(events))
		}
	}
	for cell, writes := range cells {
		if got := len(writes.events()); got != 0 {
			t.Errorf("cell %s was written %d times", cell, got)
		}
	}
	for _, b := range blocks {
		e.ok("apply", "--yes", e.dir, "--keyspace", b.ks)
		if got := len(b.writes.events()); got != 2 {
			t.Errorf("%s: %d writes after the next apply, want the fence and the change", b.ks, got)
		}
		e.holdsEverywhere("the next apply", b.ks, "added_"+b.ks, true)
	}
}

// Where not even that can be made sure, as nothing at all reaches the record,
// vtsync does not guess: the rollout parks, and resume brings it to its end
// once there is an answer, whether or not the first request landed meanwhile.
func TestWriteStaysUnknown(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.args = append(e.args, impatient...)
	var blocks []*block
	for _, ks := range []string{"lost", "late", "commerce"} {
		b := &block{e: e, ks: ks, whole: true}
		if ks == "commerce" {
			e.edit(ks, func(v map[string]any) { table(v, "added") })
		} else {
			e.addKeyspaces(ks)
			e.setTables(ks, "added")
		}
		b.set(true)
		b.p = e.start("apply", "--yes", e.dir, "--keyspace", ks)
		blocks = append(blocks, b)
	}
	for _, b := range blocks {
		r := b.p.wait()
		rec := e.show(b.ks)
		if r.code != 4 || rec.Parked == nil || rec.Parked.Code != rollout.CodeUnknown {
			t.Errorf("%s: exit %d, record %s %+v, want 4, parked as unknown\n%s", b.ks, r.code, rec.State, rec.Parked, r)
		}
		if got := len(b.writes.events()); got != 0 {
			t.Errorf("%s: %d writes, want none yet", b.ks, got)
		}
		b.set(false)
		if b.ks != "lost" {
			e.release(b.held)
		}
		e.ok("resume", rec.ID)
		if b.ks == "lost" {
			e.release(b.held)
		}
		if got := len(b.writes.events()); got != 1 {
			t.Errorf("%s: %d writes, want one", b.ks, got)
		}
		e.holdsEverywhere("resumed", b.ks, "added", true)
	}
}

// The same for the writes of cells, forward and back: each cell is written
// once for the change and once for its undo.
func TestCellWriteWithoutAnswer(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.args = append(e.args, impatient...)
	once := func(what string, want bool, args ...string) {
		t.Helper()
		cells := e.cellWrites()
		late, repeat := e.arm("zone1", e.srvKey("zone1"), proxy.Hold()), e.arm("zone1", e.srvKey("zone1"), proxy.DropRequest())
		e.arm("zone2", e.srvKey("zone2"), proxy.DropReply())
		p := e.start(args...)
		e.next(repeat)
		e.release(late)
		if r := p.wait(); r.code != 0 {
			t.Errorf("%s: exit %d\n%s", what, r.code, r)
		}
		for cell, writes := range cells {
			if got := len(writes.events()); got != 1 {
				t.Errorf("%s: cell %s was written %d times, want once", what, cell, got)
			}
		}
		e.holdsEverywhere(what, "commerce", "added", want)
	}
	e.edit("commerce", func(v map[string]any) { table(v, "added") })
	once("apply", true, "apply", "--yes", e.dir)
	once("rollback", false, "rollback", "--yes")
}

// A rollout parks as one cell takes no write, and a person takes it back: the
// write that is still on its way to that cell must not land behind the
// rollback's back.
func TestRollbackKillsACellWriteInFlight(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.args = append(e.args, impatient...)
	cells := e.cellWrites()
	late := e.arm("zone1", e.srvKey("zone1"), proxy.Hold())
	rest := e.Proxy(cluster.Vtsync, "zone1").Arm(proxy.Rule{Key: "/SrvVSchema$", Writes: true, Fault: proxy.DropRequest()})
	e.edit("commerce", func(v map[string]any) { table(v, "added") })
	e.exits(4, "apply", "--yes", e.dir)
	rec := e.show("commerce")
	if rec.Parked == nil {
		t.Fatalf("rollout %s is %s, not parked", rec.ID, rec.State)
	}
	rest.Disarm()
	e.ok("rollback", "--yes", rec.ID)
	e.release(late)
	if rec = e.show("commerce"); rec.State != rollout.RolledBack {
		t.Errorf("rollout %s is %s, want rolled back", rec.ID, rec.State)
	}
	e.holdsEverywhere("rollback", "commerce", "added", false)
	// zone1: what kills the late write; zone2: the change and its undo.
	for cell, want := range map[string]int{"zone1": 1, "zone2": 2} {
		if got := len(cells[cell].events()); got != want {
			t.Errorf("cell %s was written %d times, want %d", cell, got, want)
		}
	}
}

// The global topo freezes in the middle of a rollout: vtsync gives up in its
// time, says that it cannot tell, and a resume finishes the rollout later.
func TestGlobalTopoFreezes(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.args = append(e.args, impatient...)
	global := e.Proxy(cluster.Vtsync, "global")
	var frozen atomic.Bool
	global.OnWrite(func(w proxy.WriteEvent) proxy.Verdict {
		if len(w.Ops) == 1 && w.Ops[0].Key == vschemaKey("commerce") && frozen.CompareAndSwap(false, true) {
			global.Freeze()
		}
		return proxy.Pass
	})
	writes := e.writes("global", vschemaKey("commerce"))
	e.edit("commerce", func(v map[string]any) { table(v, "added") })
	r := e.exits(4, "apply", "--yes", e.dir)
	r.wants(t, "vtsync resume")
	global.Restore()
	e.ok("resume", e.show("commerce").ID)
	if got := len(writes.events()); got != 1 {
		t.Errorf("%d writes, want one", got)
	}
	e.holdsEverywhere("resumed", "commerce", "added", true)
}

// block lets no request reach a keyspace's VSchema: the first is held, those
// after it are lost.
type block struct {
	e  *env
	ks string
	// whole blocks every request; else one with the bytes spared gets through.
	whole  bool
	spared []byte

	p      *proc
	writes *counter
	held   *proxy.Armed
	on     atomic.Bool
}

// set turns the block on, the first time by making it, or off.
func (b *block) set(on bool) {
	b.on.Store(on)
	if b.held != nil {
		return
	}
	key := vschemaKey(b.ks)
	b.writes = b.e.writes("global", key)
	b.held = b.e.arm("global", key, proxy.Hold())
	b.e.Proxy(cluster.Vtsync, "global").OnWrite(func(w proxy.WriteEvent) proxy.Verdict {
		if !b.on.Load() || w.Stage != proxy.BeforeForward || len(w.Ops) != 1 || w.Ops[0].Key != key {
			return proxy.Pass
		}
		if !b.whole && string(w.Ops[0].Value) == string(b.spared) {
			return proxy.Pass
		}
		return proxy.Drop
	})
}

// arm breaks vtsync's next write of a key.
func (e *env) arm(server, key string, fault proxy.Fault) *proxy.Armed {
	return e.Proxy(cluster.Vtsync, server).Arm(proxy.Rule{
		Key: "^" + regexp.QuoteMeta(key) + "$", Writes: true, Times: 1, Fault: fault,
	})
}

// next waits for a rule's next hit, with a deadline: a vtsync that was denied
// never sends what the test waits for.
func (e *env) next(a *proxy.Armed) *proxy.Hit {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Minute)
	defer cancel()
	hit, err := a.Next(ctx)
	if err != nil {
		e.t.Fatal(err)
	}
	return hit
}

// release lets a held request go, and returns when etcd has answered it.
func (e *env) release(a *proxy.Armed) {
	e.t.Helper()
	if err := e.next(a).Release(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}

// cellWrites counts the writes of each cell from now on.
func (e *env) cellWrites() map[string]*counter {
	e.t.Helper()
	out := map[string]*counter{}
	for _, cell := range e.Cells() {
		out[cell] = e.writes(cell, e.srvKey(cell))
	}
	return out
}

// holdsEverywhere checks that global, each cell and each vtgate have a table,
// or that none has.
func (e *env) holdsEverywhere(name, ks, table string, want bool) {
	e.t.Helper()
	if _, ok := e.global(ks).Tables[table]; ok != want {
		e.t.Errorf("%s: global has %s.%s: %t, want %t", name, ks, table, ok, want)
	}
	for _, cell := range e.Cells() {
		if _, ok := e.srv(cell).Keyspaces[ks].GetTables()[table]; ok != want {
			e.t.Errorf("%s: cell %s has %s.%s: %t, want %t", name, cell, ks, table, ok, want)
		}
	}
	for _, gate := range e.VTGates() {
		err := e.ServesTable(e.t.Context(), gate, ks, table)
		if ok := err == nil; ok != want {
			e.t.Errorf("%s: vtgate %s serves %s.%s: %t, want %t (%v)", name, gate.Name, ks, table, ok, want, err)
		}
	}
}
