package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

func TestEvidenceIsPerVTGate(t *testing.T) {
	bubble(t, "an error of a vtgate that was silent before parks", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { breaksOn("customer", "customer")(g); g.Silent = true })
		p, one := w.plan(), w.process("one")
		one.Fail(before(runnertest.CellPath("zone2"), func() {
			w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = false })
		}))
		rec := start(t, w, one, p)
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if !strings.Contains(rec.Parked.Text, "it did not show before the change") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "an old error of another vtgate excuses none", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone1", breaksOn("customer", "customer"))
		w.SetVTGate("zone2", breaksOn("customer", "orders"))
		rec, err := w.process("one").Start(t.Context(), w.plan(), me, "")
		if err != nil || !strings.Contains(rec.Reason, "vtgate-zone2 is broken") || w.has("customer", "orders") {
			t.Errorf("%v, %s: %q, want it taken back for vtgate-zone2\n%s", err, rec.State, rec.Reason, logOf(rec))
		}
	})
	bubble(t, "a neighbour that breaks with the change takes it back", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p, one := w.plan(), w.process("one")
		broken := false
		w.SetVTGate("zone2", func(g *runnertest.VTGate) {
			g.Breaks = func(ks string, _ *vschema.Keyspace) string {
				if ks == "commerce" && broken {
					return "cannot resolve sequence"
				}
				return ""
			}
		})
		one.Fail(before(runnertest.CellPath("zone2"), func() { broken = true }))
		rec := start(t, w, one, p)
		w.state(t, rec, rollout.RolledBack, rollout.CodeBroken)
		if !strings.Contains(rec.Reason, "keyspace commerce is in error") {
			t.Errorf("reason %q", rec.Reason)
		}
		w.everywhere("customer", "orders", false)
	})
}

// TestReloadedSince is about a change that no vtgate shows.
func TestReloadedSince(t *testing.T) {
	explicit := func(w *world) { w.files["customer"].RequireExplicitRouting = true }
	cutOff := func(g *runnertest.VTGate) { g.CutOff = true }
	bubble(t, "a reload before the cell is written does not count", func(t *testing.T, w *world) {
		explicit(w)
		one := w.process("one")
		one.Fail(before(customerPath, func() {
			w.foreign("commerce", "other")
			w.Rebuild("zone2")
			w.SetVTGate("zone2", cutOff) // having loaded that
		}))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if !strings.Contains(rec.Parked.Text, "vtgate vtgate-zone2 is stale: it has not reloaded since the change") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
	})
	bubble(t, "nor does one before the cell is healed", func(t *testing.T, w *world) {
		explicit(w)
		p, one := w.plan(), w.process("one")
		old, looks := w.Served("zone2"), 0
		one.OnSnapshot(func() {
			if looks++; looks == 3 { // admitted, about to write the cells, about to judge
				w.Serve("zone2", old)
			}
		})
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if x.Path == runnertest.CellPath("zone2") && x.Nth == 2 {
				w.SetVTGate("zone2", cutOff)
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, p)
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if rec.Heals != 1 {
			t.Errorf("healed %d times, want once", rec.Heals)
		}
	})
	bubble(t, "a restart does, whatever it counts", func(t *testing.T, w *world) {
		explicit(w)
		p, one := w.plan(), w.process("one")
		one.Fail(before(runnertest.CellPath("zone2"), func() { w.SetVTGate("zone2", cutOff) }))
		rec := start(t, w, one, p)
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		time.Sleep(time.Second)
		w.RestartVTGate("zone2")
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
	})
}

func TestOthersChangeWhatOursRefersTo(t *testing.T) {
	bubble(t, "and rebuild", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(before(runnertest.CellPath("zone1"), func() {
			w.Edit("customer", func(vs *vschema.Keyspace) { vs.Vindexes["hash"].Type = "xxhash" })
			w.Rebuild()
		}))
		w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "and do not rebuild", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p, one := w.plan(), w.process("one")
		looks := 0
		one.OnSnapshot(func() {
			if looks++; looks == 3 { // admitted, about to write the cells, about to judge
				w.Edit("customer", func(vs *vschema.Keyspace) { vs.Vindexes["hash"].Type = "xxhash" })
			}
		})
		w.state(t, start(t, w, one, p), rollout.Committed, "")
	})
	bubble(t, "in a keyspace that is shipped whole", func(t *testing.T, w *world) {
		w.Drop(runnertest.CellPath("zone2"))
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(before(runnertest.CellPath("zone2"), func() {
			w.Edit("customer", func(vs *vschema.Keyspace) { vs.Vindexes["hash"].Type = "xxhash" })
			w.Rebuild()
		}))
		w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
	})
}
