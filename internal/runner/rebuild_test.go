package runner_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
)

// TestRebuildShipsNothingUnsaid: where a cell is written by Vitess's rebuild,
// what others have saved since the plan and not rebuilt is never shipped.
func TestRebuildShipsNothingUnsaid(t *testing.T) {
	saved := func(w *world) { w.foreign("commerce", "theirs") }
	bubble(t, "saved after the plan: stale", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.planBy(plan.BackendVTCtld)
		saved(w)
		rec := start(t, w, w.watched("one"), p)
		w.state(t, rec, rollout.DeniedState, rollout.CodeStale)
		if !strings.Contains(rec.Reason, "cell zone1 is written by a rebuild, which would ship more: cell zone1 serves another VSchema of keyspace commerce") {
			t.Errorf("reason %q", rec.Reason)
		}
		w.free(t)
	})
	bubble(t, "compare-and-swap ships none of it", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		saved(w)
		w.state(t, start(t, w, w.watched("one"), p), rollout.Committed, "")
		if w.served("zone1", "commerce", "theirs") {
			t.Error("it was shipped")
		}
	})
	bubble(t, "saved after our write: parks, until it is rebuilt or gone", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.watched("one")
		one.Fail(before(customerPath, func() { saved(w) }))
		rec := start(t, w, one, w.planBy(plan.BackendVTCtld))
		w.parked(t, rec, rollout.Validating, rollout.CodeUnproved)
		if !strings.Contains(rec.Parked.Text, "a rebuild would ship more than the plan says") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
		if w.served("zone1", "customer", "orders") || w.served("zone1", "commerce", "theirs") {
			t.Error("the cell was written")
		}
		w.Rebuild()
		w.state(t, resume(t, one, rec.ID), rollout.Committed, "")
	})
	bubble(t, "and so does the way back", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", breaksOn("customer", "orders"))
		one := w.watched("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if x.Path == customerPath && x.Nth == 2 {
				saved(w)
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, w.planBy(plan.BackendVTCtld))
		w.parked(t, rec, rollout.RollingBack, rollout.CodeUnproved)
		if w.served("zone1", "commerce", "theirs") {
			t.Error("it was shipped")
		}
		w.Rebuild()
		w.state(t, resume(t, one, rec.ID), rollout.RolledBack, rollout.CodeBroken)
	})
}

// replacing is a topo that checks and then writes: each write falls on another's.
type replacing struct{ *runnertest.Process }

func (r replacing) Replaced(_ context.Context, keyspace string, checked, landed planes.Token) string {
	return fmt.Sprintf("our write of %s replaced another's, between %s and %s", keyspace, checked.Version, landed.Version)
}

// TestReplacedWriteIsRecorded: what a write cost another stands in the record,
// forward and back.
func TestReplacedWriteIsRecorded(t *testing.T) {
	bubble(t, "in the log", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", breaksOn("customer", "orders"))
		one := w.process("one")
		one.Runner = runner.New(runner.Deps{
			Store: one.store, Topo: replacing{one.Process}, Observe: one.Process, Now: time.Now,
			NewID: func() string { return "r1" }, Log: slog.New(slog.DiscardHandler),
		})
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.RolledBack, rollout.CodeBroken)
		if n := strings.Count(logOf(rec), "global customer: our write of customer replaced another's"); n != 2 {
			t.Errorf("told %d times, want 2\n%s", n, logOf(rec))
		}
	})
}
