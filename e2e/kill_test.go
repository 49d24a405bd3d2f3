package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
