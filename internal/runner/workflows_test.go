package runner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

// movesOrders is a MoveTables that has begun to use the table which the files
// add.
var movesOrders = planes.Workflow{
	Name: "in", Type: "MoveTables", Source: "commerce", Target: "customer", State: "Running",
	Tables: []string{"orders"}, SourceTables: []string{"orders"},
}

// creating is a LookupVindex whose vindex is not in the VSchema yet.
var creating = planes.Workflow{
	Name: "email", Type: "CreateLookupIndex", Source: "customer", Target: "commerce", State: "Running",
	Tables: []string{"email_lookup"}, SourceTables: []string{"customer"}, LookupVindexes: []string{"email"},
}

// workflowWorld has files that add two tables to customer, and a plan of before
// any workflow.
func workflowWorld(w *world) {
	w.addTable("customer", "orders")
	w.addTable("customer", "invoice")
}

func TestWorkflowsAtAdmission(t *testing.T) {
	bubble(t, "what a workflow owns since the plan is denied", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		w.SetWorkflows(nil, movesOrders)
		rec := start(t, w, w.watched("one"), p)
		w.state(t, rec, rollout.DeniedState, rollout.CodeWorkflow)
		if !strings.Contains(rec.Reason, "workflow in (MoveTables, commerce to customer, Running)") {
			t.Errorf("reason %q", rec.Reason)
		}
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
	bubble(t, "a create is waited for, and nothing is written before it ends", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		w.SetWorkflows(nil, creating)
		written := 0
		time.AfterFunc(30*time.Second, func() {
			written = len(w.History(customerPath))
			w.SetWorkflows(nil)
		})
		rec := start(t, w, w.watched("one"), p)
		w.state(t, rec, rollout.Committed, "")
		if written != 1 {
			t.Errorf("global was written %d times while it was held", written-1)
		}
		if len(rec.Waits) != 1 || rec.Waits[0].Kind != rollout.WaitWorkflow || rec.Waits[0].Met.IsZero() {
			t.Errorf("waits %+v", rec.Waits)
		}
	})
	bubble(t, "unread workflows are waited for, and at the end nothing is written", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		w.SetWorkflows(map[string]string{"archive": "no primary found for shard archive/0"})
		rec := start(t, w, w.watched("one"), p)
		w.state(t, rec, rollout.Canceled, rollout.CodeWorkflow)
		w.everywhere("customer", "orders", false)
	})
}

// takenBack runs a rollout that a vtgate breaks on, as it cannot load invoice;
// meanwhile happens before the first cell is written.
func takenBack(t *testing.T, w *world, one *process, meanwhile func()) rollout.Record {
	t.Helper()
	workflowWorld(w)
	p := w.plan()
	w.SetVTGate("zone2", breaksOn("customer", "invoice"))
	one.Fail(before(runnertest.CellPath("zone1"), meanwhile))
	return start(t, w, one, p)
}

func TestWorkflowsOnTheWayBack(t *testing.T) {
	bubble(t, "what one owns stays, by its name, and the rest goes back", func(t *testing.T, w *world) {
		rec := takenBack(t, w, w.watched("one"), func() { w.SetWorkflows(nil, movesOrders) })
		w.state(t, rec, rollout.Failed, rollout.CodeUndo)
		w.everywhere("customer", "orders", true)
		w.everywhere("customer", "invoice", false)
		for _, want := range []string{"= table orders", "workflow in (MoveTables, commerce to customer, Running) owns it now", "MoveTables --workflow in --target-keyspace customer"} {
			if !strings.Contains(rec.Diff, want) {
				t.Errorf("diff %q lacks %q", rec.Diff, want)
			}
		}
		if !strings.Contains(rec.Reason, "a workflow owns them now") {
			t.Errorf("reason %q", rec.Reason)
		}
	})
	bubble(t, "with the vindexes by which it is bound", func(t *testing.T, w *world) {
		w.files["customer"].Vindexes["unused"] = &vschema.Vindex{Type: "xxhash"}
		w.files["customer"].Vindexes["name"] = &vschema.Vindex{Type: "lookup", Params: map[string]string{"table": "commerce.product", "from": "name", "to": "keyspace_id"}}
		addTable(w.files["customer"], "customer", "orders")
		orders := w.files["customer"].Tables["orders"]
		orders.ColumnVindexes = append(orders.ColumnVindexes, &vschema.ColumnVindex{Column: "name", Name: "name"})
		addTable(w.files["customer"], "customer", "invoice")
		p := w.plan()
		w.SetVTGate("zone2", breaksOn("customer", "invoice"))
		one := w.watched("one")
		one.Fail(before(runnertest.CellPath("zone1"), func() { w.SetWorkflows(nil, movesOrders) }))
		w.state(t, start(t, w, one, p), rollout.Failed, rollout.CodeUndo)
		vs := w.VSchema("customer")
		if vs.Tables["orders"] == nil || vs.Vindexes["name"] == nil || vs.Vindexes["unused"] != nil {
			t.Errorf("customer is %s", vschema.EncodeJSON(vs))
		}
	})
	bubble(t, "while any write would make one fail, nothing is written", func(t *testing.T, w *world) {
		one, writes := w.watched("one"), 0
		rec := takenBack(t, w, one, func() {
			w.SetWorkflows(nil, creating)
			writes = len(w.History(customerPath))
		})
		w.parked(t, rec, rollout.RollingBack, rollout.CodeWorkflow)
		if got := len(w.History(customerPath)); got != writes {
			t.Errorf("customer was written %d times while it was held", got-writes)
		}
		if !strings.Contains(rec.Parked.Text, "its vindex customer.email is not in the VSchema yet") {
			t.Errorf("parked: %q", rec.Parked.Text)
		}
		w.SetWorkflows(nil)
		w.state(t, resume(t, one, rec.ID), rollout.RolledBack, rollout.CodeBroken)
		w.everywhere("customer", "orders", false)
	})
	bubble(t, "nor while nobody can tell which run", func(t *testing.T, w *world) {
		one := w.watched("one")
		rec := takenBack(t, w, one, func() { w.SilenceVTCtld(true) })
		w.parked(t, rec, rollout.RollingBack, rollout.CodeWorkflow)
		if n := rec.Attempted(); n == 0 || rec.Attempts[n-1].What != "asking which workflows run" {
			t.Errorf("attempts %+v", rec.Attempts)
		}
		w.everywhere("customer", "orders", true)
		if !strings.Contains(rec.Parked.Text, "a config that names no vtctld") {
			t.Errorf("parked: %q, which names no way out", rec.Parked.Text)
		}
		w.SilenceVTCtld(false)
		w.state(t, resume(t, one, rec.ID), rollout.RolledBack, rollout.CodeBroken)
	})
	bubble(t, "without a vtctld nothing stands in the way", func(t *testing.T, w *world) {
		rec := takenBack(t, w, w.process("one"), func() { w.SetWorkflows(nil, movesOrders) })
		w.state(t, rec, rollout.RolledBack, rollout.CodeBroken)
		w.everywhere("customer", "orders", false)
	})
}

// TestWorkflowBeginsDuringAWriteBack: the write that takes all back is on its
// way when the workflow begins. It is not repeated: the next one on the same
// token leaves what the workflow owns, and kills it.
func TestWorkflowBeginsDuringAWriteBack(t *testing.T) {
	bubble(t, "a late write back does not land", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		w.SetVTGate("zone2", breaksOn("customer", "invoice"))
		one := w.watched("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if x.Path == customerPath && x.Nth == 2 {
				w.SetWorkflows(nil, movesOrders)
				return runnertest.LandsLate(1 << 20)
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, p)
		w.state(t, rec, rollout.Failed, rollout.CodeUndo)
		if !strings.Contains(rec.Diff, "owns it now") {
			t.Errorf("diff %q", rec.Diff)
		}
		w.Arrive()
		w.everywhere("customer", "orders", true)
		w.everywhere("customer", "invoice", false)
		w.free(t)
	})
}

// TestUnwindingMeetsAWorkflow: a phase that is unwound ends as if nothing had
// been changed, so nothing of it may stay.
func TestUnwindingMeetsAWorkflow(t *testing.T) {
	bubble(t, "parks", func(t *testing.T, w *world) {
		one := w.watched("one")
		w.addTable("commerce", "orders")
		w.addTable("customer", "orders")
		p := w.plan()
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if x.Path == customerPath && x.Nth == 1 {
				w.foreign("customer", "theirs")
				w.SetWorkflows(nil, movesOrders)
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, p)
		w.parked(t, rec, rollout.Applying, rollout.CodeWorkflow)
		w.SetWorkflows(nil)
		w.state(t, resume(t, one, rec.ID), rollout.Conflicted, rollout.CodeConflict)
	})
}

// TestWorkflowBeginsAfterACrash kills the process at each of its writes. Whoever
// goes on two days later, when a workflow has come to own the table, sends no
// write of which none was sent before.
func TestWorkflowBeginsAfterACrash(t *testing.T) {
	denied := 0
	for nth, applying := 1, true; applying; nth++ {
		bubble(t, fmt.Sprint("at write ", nth), func(t *testing.T, w *world) {
			workflowWorld(w)
			p := w.plan()
			one := w.watched("one")
			one.DieAt(nth, true)
			if _, err := one.Start(t.Context(), p, me, ""); err == nil || !one.Dead() {
				t.Fatalf("it did not die: %v", err)
			}
			two := w.watched("two")
			known, err := two.store.Rollouts(t.Context())
			if err != nil || len(known) == 0 {
				return
			}
			applying = known[0].State == rollout.Pending || len(known[0].Globals) > 0 && known[0].Globals[0].Status == rollout.WritePlanned
			if !applying {
				return
			}
			time.Sleep(48 * time.Hour)
			w.SetWorkflows(nil, movesOrders)
			if known[0].State == rollout.Applying {
				denied++
			}
			w.state(t, resume(t, two, known[0].ID), rollout.DeniedState, rollout.CodeWorkflow)
			w.everywhere("customer", "orders", false)
			w.free(t)
		})
		if t.Failed() {
			break
		}
	}
	if denied == 0 {
		t.Error("it never died between the checks and the first write")
	}
}

// TestVTCtldIsRestarted: between the writes of a phase vtctld is asked for a
// moment before its silence stops the phase.
func TestVTCtldIsRestarted(t *testing.T) {
	for name, away := range map[string]time.Duration{"in time": 2 * time.Second, "in a while": 8 * time.Second, "too late": time.Minute} {
		bubble(t, name, func(t *testing.T, w *world) {
			w.addTable("commerce", "extra")
			w.addTable("customer", "orders")
			p := w.plan()
			one := w.watched("one")
			one.Fail(before(runnertest.KeyspacePath("commerce"), func() {
				time.Sleep(moment)
				w.SilenceVTCtld(true)
				later(t, away, func() { w.SilenceVTCtld(false) })
			}))
			rec := start(t, w, one, p)
			if away == time.Minute {
				// Silence takes nothing back.
				w.parked(t, rec, rollout.Applying, rollout.CodeWorkflow)
				later(t, 0, func() { w.SilenceVTCtld(false) })
				rec = resume(t, one, rec.ID)
			}
			w.state(t, rec, rollout.Committed, "")
			w.everywhere("customer", "orders", true)
		})
	}
}
