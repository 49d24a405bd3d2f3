package runner_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
)

// cellNames are the cells of a record.
func cellNames(rec rollout.Record) []string {
	var names []string
	for _, c := range rec.Cells {
		names = append(names, c.Cell)
	}
	return names
}

// TestCellAppears: a cell that is set up while a rollout runs gets the change
// as well, and the proof covers it.
func TestCellAppears(t *testing.T) {
	whens := map[string]string{ // the write before which it appears
		"before the first write":      customerPath,
		"while the cells are written": runnertest.CellPath("zone2"),
	}
	for when, path := range whens {
		for what, like := range map[string]string{"rebuilt": "zone2", "not rebuilt yet": ""} {
			bubble(t, when+", "+what, func(t *testing.T, w *world) {
				w.addTable("customer", "orders")
				one := w.process("one")
				one.Fail(before(path, func() { w.AddCell("zone3", like) }))
				rec := start(t, w, one, w.plan())
				w.state(t, rec, rollout.Committed, "")
				w.everywhere("customer", "orders", true)
				if !w.served("zone3", "customer", "orders") || !slices.Contains(cellNames(rec), "zone3") {
					t.Errorf("zone3 was left out: %v\n%s", cellNames(rec), logOf(rec))
				}
				if n := one.Calls(); n > 100 {
					t.Errorf("%d calls", n)
				}
			})
		}
	}
	bubble(t, "and is ignored", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan("zone3")
		one := w.process("one")
		one.Fail(before(customerPath, func() { w.AddCell("zone3", "zone1") }))
		// The observer was not told to ignore it, so it is waited for, and named.
		rec := start(t, w, one, p)
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if w.served("zone3", "customer", "orders") {
			t.Error("an ignored cell was written")
		}
		if n := one.Calls(); n > 3000 {
			t.Errorf("%d calls", n)
		}
	})
}

// TestCellOfANewerVitess: a cell that somebody rebuilt with fields that this
// build does not know cannot be written: it is waited for, without haste.
func TestCellOfANewerVitess(t *testing.T) {
	bubble(t, "parks", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		newer := protowire.AppendTag(nil, 1000, protowire.VarintType)
		newer = protowire.AppendVarint(newer, 1)
		one.Fail(before(runnertest.CellPath("zone2"), func() { w.Overwrite(runnertest.CellPath("zone2"), newer) }))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if n := one.Calls(); n > 3000 {
			t.Errorf("%d calls", n)
		}
	})
}

// TestCellIsDecommissioned: a cell that global does not list any more holds no
// rollout up, not even with a write in flight there.
func TestCellIsDecommissioned(t *testing.T) {
	ends := map[string]func(*testing.T, *process, string) rollout.Record{
		"resume":   resume,
		"rollback": rollback,
	}
	wants := map[string]rollout.State{"resume": rollout.Committed, "rollback": rollout.RolledBack}
	for name, end := range ends {
		bubble(t, name, func(t *testing.T, w *world) {
			w.addTable("customer", "orders")
			one := w.process("one")
			one.Fail(func(x runnertest.Write) runnertest.Fault {
				if x.Path == runnertest.CellPath("zone2") {
					w.SilenceCell("zone2", true)
					return runnertest.NotLanded
				}
				return runnertest.Fault{}
			})
			rec := start(t, w, one, w.plan())
			w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
			w.RemoveCell("zone2")
			rec = end(t, w.process("two"), rec.ID)
			if rec.State != wants[name] || slices.Contains(cellNames(rec), "zone2") {
				t.Errorf("%s (%s), parked %+v\n%s", rec.State, rec.Reason, rec.Parked, logOf(rec))
			}
			w.free(t)
		})
	}
}

// TestCellNeverReached: what was never sent to a cell is in no doubt, so the
// rollout can be taken back although the cell stays out of reach.
func TestCellNeverReached(t *testing.T) {
	bubble(t, "and a person takes it back", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one, two := w.process("one"), w.process("two")
		for _, p := range []*process{one, two} {
			p.Fail(onFirst(1<<20, runnertest.CellPath("zone2"), runnertest.NotSent))
		}
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		w.state(t, rollback(t, two, rec.ID), rollout.RolledBack, rollout.CodeAsked)
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
	bubble(t, "after a try that was sent", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one, two := w.process("one"), w.process("two")
		faults := func(x runnertest.Write) runnertest.Fault {
			switch {
			case x.Path != runnertest.CellPath("zone2"):
				return runnertest.Fault{}
			case x.Nth == 1:
				return runnertest.LandsLate(1 << 20)
			}
			return runnertest.NotSent
		}
		one.Fail(faults)
		two.Fail(onFirst(1<<20, runnertest.CellPath("zone2"), runnertest.NotSent))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		w.parked(t, rollback(t, two, rec.ID), rollout.RollingBack, rollout.CodeUnknown)
		w.Arrive()
		w.state(t, resume(t, w.process("three"), rec.ID), rollout.RolledBack, rollout.CodeAsked)
		w.everywhere("customer", "orders", false)
	})
}
