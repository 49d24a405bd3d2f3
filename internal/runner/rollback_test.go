package runner_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

// breaksOn makes a vtgate that cannot load a keyspace which has the table.
func breaksOn(ks, table string) func(*runnertest.VTGate) {
	return func(g *runnertest.VTGate) {
		g.Breaks = func(name string, vs *vschema.Keyspace) string {
			if _, ok := vs.Tables[table]; ok && name == ks {
				return "open map.json: no such file"
			}
			return ""
		}
	}
}

// brokenVTGate runs a rollout that one vtgate breaks on.
func brokenVTGate(t *testing.T, w *world) rollout.Record {
	t.Helper()
	w.addTable("customer", "orders")
	w.SetVTGate("zone2", breaksOn("customer", "orders"))
	return start(t, w, w.process("one"), w.plan())
}

func TestEvidenceRollsBack(t *testing.T) {
	bubble(t, "a broken vtgate", func(t *testing.T, w *world) {
		rec := brokenVTGate(t, w)
		w.state(t, rec, rollout.RolledBack, rollout.CodeBroken)
		if !strings.Contains(rec.Reason, "vtgate-zone2") || !strings.Contains(rec.Reason, "map.json") {
			t.Errorf("reason %q", rec.Reason)
		}
		w.everywhere("customer", "orders", false)
		w.free(t)
		if h := w.head(t, "customer"); h.Paused == nil || h.Committed != "" {
			t.Errorf("head: %+v", h)
		}
	})
	bubble(t, "a foreign edit of another table stays", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", breaksOn("customer", "orders"))
		one := w.process("one")
		one.Fail(before(runnertest.CellPath("zone1"), func() { w.foreign("customer", "invoice") }))
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.RolledBack, rollout.CodeBroken)
		w.everywhere("customer", "orders", false)
		w.everywhere("customer", "invoice", true)
	})
	bubble(t, "a cell's write that is still on its way", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", breaksOn("customer", "orders"))
		one := w.process("one")
		one.Fail(onFirst(1, runnertest.CellPath("zone1"), runnertest.LandsLate(1<<20)))
		w.state(t, start(t, w, one, w.plan()), rollout.RolledBack, rollout.CodeBroken)
		w.Arrive()
		w.everywhere("customer", "orders", false)
	})
	bubble(t, "what was broken before is no evidence", func(t *testing.T, w *world) {
		w.SetVTGate("zone2", breaksOn("customer", "customer"))
		w.addTable("customer", "orders")
		w.parked(t, start(t, w, w.process("one"), w.plan()), rollout.Validating, rollout.CodeUnproved)
	})
	bubble(t, "what is broken in another keyspace is no evidence", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", breaksOn("commerce", "product"))
		w.state(t, start(t, w, w.process("one"), w.plan()), rollout.Committed, "")
	})
}

func TestHazardousUndo(t *testing.T) {
	bubble(t, "is left to a person", func(t *testing.T, w *world) {
		// Taking the owned lookup back would leave rows without their entries.
		w.Edit("commerce", func(vs *vschema.Keyspace) { addTable(vs, "commerce", "email_lookup") })
		w.Rebuild()
		w.files["commerce"] = w.VSchema("commerce")
		vs := w.files["customer"]
		vs.Vindexes["email"] = &vschema.Vindex{
			Type: "consistent_lookup", Owner: "customer",
			Params: map[string]string{"table": "commerce.email_lookup", "from": "email,id", "to": "keyspace_id"},
		}
		cvs := &vs.Tables["customer"].ColumnVindexes
		*cvs = append(*cvs, &vschema.ColumnVindex{Columns: []string{"email", "id"}, Name: "email"})
		w.SetVTGate("zone2", func(g *runnertest.VTGate) {
			g.Breaks = func(_ string, vs *vschema.Keyspace) string {
				if vs.Vindexes["email"] != nil {
					return "no"
				}
				return ""
			}
		})
		one := w.process("one")
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUndoHazard)
		if w.VSchema("customer").Vindexes["email"] == nil {
			t.Fatal("it was taken back by itself")
		}
		rec = rollback(t, w.process("two"), rec.ID)
		w.state(t, rec, rollout.RolledBack, rollout.CodeAsked)
		if w.VSchema("customer").Vindexes["email"] != nil || w.head(t, "customer").Paused != nil {
			t.Errorf("not taken back, or paused though a person asked: %+v", w.head(t, "customer"))
		}
	})
}

func TestSilenceParks(t *testing.T) {
	bubble(t, "a silent vtgate", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = true })
		rec := start(t, w, w.process("one"), w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if !strings.Contains(rec.Parked.Text, "vtgate-zone2 is silent") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
		w.everywhere("customer", "orders", true)
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = false })
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
		w.free(t)
	})
	bubble(t, "a vtgate that is cut off from topo", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.CutOff = true })
		rec := start(t, w, w.process("one"), w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.CutOff = false })
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
	})
	bubble(t, "a vtgate that has not reloaded, of a change that no vtgate shows", func(t *testing.T, w *world) {
		w.files["customer"].RequireExplicitRouting = true
		p := w.plan()
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.CutOff = true })
		rec := start(t, w, w.process("one"), p)
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.CutOff = false })
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
	})
	bubble(t, "no vtgate at all", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = true })
		rec := start(t, w, w.process("one"), p)
		w.ForgetVTGates()
		rec = resume(t, w.process("two"), rec.ID)
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if !strings.Contains(rec.Parked.Text, "no vtgate") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
	})
	bubble(t, "no vtgate at all, where all is as planned before", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		w.state(t, start(t, w, w.process("one"), p), rollout.Committed, "")
		w.ForgetVTGates()
		if rec := start(t, w, w.process("two"), p); rec.State == rollout.Skipped {
			t.Error("skipped, though nobody said that it is served")
		}
	})
	bubble(t, "a dead cell", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		w.SilenceCell("zone2", true)
		rec := start(t, w, w.process("one"), p)
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if !strings.Contains(rec.Parked.Text, "cell zone2 is silent") || !w.served("zone1", "customer", "orders") {
			t.Errorf("parked: %q, zone1 served: %v", rec.Parked.Text, w.served("zone1", "customer", "orders"))
		}
		w.SilenceCell("zone2", false)
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
}

// TestRollbackOfAnUnwinding: where a person takes back what vtsync was already
// unwinding, it is the person's: the keyspaces are not paused.
func TestRollbackOfAnUnwinding(t *testing.T) {
	bubble(t, "pauses nothing", func(t *testing.T, w *world) {
		one := conflictAtSecond(w, nil)
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			switch {
			case x.Path == customerPath:
				w.foreign("customer", "invoice")
				w.Rebuild("zone2")
			case x.Path == runnertest.KeyspacePath("commerce") && x.Nth > 1:
				return runnertest.NotLanded
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Applying, rollout.CodeUnknown)
		rec = rollback(t, w.process("two"), rec.ID)
		w.state(t, rec, rollout.RolledBack, rollout.CodeForeign)
		if h := w.head(t, "commerce"); rec.Auto || h.Paused != nil {
			t.Errorf("automatic: %v, head %+v", rec.Auto, h)
		}
		w.everywhere("commerce", "extra", false)
		w.free(t)
	})
}

// TestRollbackOfAHeal: there is nothing to take back, and yet it does not end
// while a write of it can still land.
func TestRollbackOfAHeal(t *testing.T) {
	bubble(t, "settles the cell first", func(t *testing.T, w *world) {
		w.foreign("customer", "invoice")
		w.Rebuild("zone1")
		w.files["customer"], w.last["customer"] = w.VSchema("customer"), w.VSchema("customer")
		one := w.process("one")
		one.Fail(onFirst(1<<20, runnertest.CellPath("zone2"), runnertest.LandsLate(1<<20)))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		w.state(t, rollback(t, w.process("two"), rec.ID), rollout.Failed, rollout.CodeAsked)
		n := len(w.History(runnertest.CellPath("zone2")))
		w.Arrive()
		if late := len(w.History(runnertest.CellPath("zone2"))) - n; late > 0 {
			t.Errorf("%d writes of a cell landed after the end", late)
		}
		w.free(t)
	})
}

func TestForeignWriters(t *testing.T) {
	bubble(t, "our entry is overwritten after our write", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(before(runnertest.CellPath("zone1"), func() {
			w.Edit("customer", func(vs *vschema.Keyspace) { delete(vs.Tables, "orders") })
		}))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeOverwritten)
		if !strings.Contains(rec.Parked.Text, "orders") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
	})
	bubble(t, "and changed: theirs stays, and the end says so", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(before(runnertest.CellPath("zone1"), func() {
			w.Edit("customer", func(vs *vschema.Keyspace) { vs.Tables["orders"].ColumnVindexes[0].Column = "customer_id" })
		}))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeOverwritten)
		rec = rollback(t, w.process("two"), rec.ID)
		w.state(t, rec, rollout.Failed, rollout.CodeUndo)
		if !strings.Contains(rec.Diff, "orders") || w.VSchema("customer").Tables["orders"].ColumnVindexes[0].Column != "customer_id" {
			t.Errorf("diff %q, global %v", rec.Diff, w.VSchema("customer"))
		}
	})
}

func TestForeignRebuilds(t *testing.T) {
	bubble(t, "a cell is overwritten by an old snapshot", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		old := w.Served("zone1")
		one := w.process("one")
		one.Fail(before(runnertest.CellPath("zone2"), func() { w.Serve("zone1", old) }))
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "a cell is overwritten just after it was seen to serve", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		old := w.Served("zone1")
		one := w.process("one")
		var late *time.Timer
		one.OnSnapshot(func() {
			if late == nil && w.served("zone1", "customer", "orders") {
				late = time.AfterFunc(runner.DefaultLimits.Settle/2, func() { w.Serve("zone1", old) })
			}
		})
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		if rec.Heals != 1 {
			t.Errorf("healed %d times\n%s", rec.Heals, logOf(rec))
		}
	})
	bubble(t, "a cell that is overwritten again and again", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		old := w.Served("zone1")
		one := w.process("one")
		one.OnSnapshot(func() { w.Serve("zone1", old) })
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeFight)
		if !strings.Contains(rec.Parked.Text, "zone1") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
	})
	bubble(t, "another keyspace's cell write is no conflict", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(before(runnertest.CellPath("zone1"), func() {
			w.foreign("commerce", "extra")
			w.Rebuild("zone1")
		}))
		w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		if !w.served("zone1", "commerce", "extra") {
			t.Error("the other keyspace's change was lost in zone1")
		}
		if w.served("zone2", "commerce", "extra") {
			t.Error("the other keyspace's unrebuilt change was shipped to zone2")
		}
	})
}

func TestStop(t *testing.T) {
	bubble(t, "before anything is written", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.HoldLock("customer", "Reshard", time.Hour)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		rec, err := w.process("one").Start(ctx, w.plan(), me, "")
		if err != nil {
			t.Fatal(err)
		}
		w.state(t, rec, rollout.Canceled, rollout.CodeInterrupted)
		w.free(t)
	})
	bubble(t, "after the action in hand", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		one := w.process("one")
		one.Fail(before(runnertest.KeyspacePath("customer"), stop))
		rec, err := one.Start(ctx, w.plan(), me, "")
		if err != nil {
			t.Fatal(err)
		}
		w.parked(t, rec, rollout.Applying, rollout.CodeInterrupted)
		if rec.Globals[0].Status != rollout.WriteLanded || w.served("zone1", "customer", "orders") {
			t.Errorf("globals %+v", rec.Globals)
		}
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "and taken back before a cell was written, though no view shows it", func(t *testing.T, w *world) {
		w.files["customer"].RequireExplicitRouting = true
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		one := w.process("one")
		one.Fail(before(runnertest.KeyspacePath("customer"), stop))
		rec, err := one.Start(ctx, w.plan(), me, "")
		if err != nil {
			t.Fatal(err)
		}
		w.parked(t, rec, rollout.Applying, rollout.CodeInterrupted)
		w.state(t, rollback(t, w.process("two"), rec.ID), rollout.RolledBack, rollout.CodeAsked)
		w.free(t)
	})
}

func TestTwoRunnersOfOneRollout(t *testing.T) {
	bubble(t, "the slower one stops", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = true })
		first := start(t, w, w.process("one"), w.plan())
		w.parked(t, first, rollout.Validating, rollout.CodeUnproved)

		two, three := w.process("two"), w.process("three")
		var fast rollout.Record
		two.Fail(before("vtsync/rollouts/"+first.ID, func() {
			w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = false })
			fast = resume(t, three, first.ID)
		}))
		_, err := two.Resume(t.Context(), first.ID, me)
		if !isUnknown(err) || !strings.Contains(err.Error(), "in the hands of another process") {
			t.Errorf("%v", err)
		}
		w.state(t, fast, rollout.Committed, "")
		w.free(t)
	})
}

func TestUnwritableStore(t *testing.T) {
	bubble(t, "the runner stops", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if strings.HasPrefix(x.Path, "vtsync/rollouts/") && x.Nth > 3 {
				return runnertest.NotLanded
			}
			return runnertest.Fault{}
		})
		rec, err := one.Start(t.Context(), w.plan(), me, "")
		if !isUnknown(err) {
			t.Fatalf("%s, %v", rec.State, err)
		}
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
}
