package runner_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

// start starts a rollout that must not end in an error.
func start(t *testing.T, _ *world, p *process, pl *plan.Plan) rollout.Record {
	t.Helper()
	rec, err := p.Start(t.Context(), pl, me, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, logOf(rec))
	}
	return rec
}

func resume(t *testing.T, p *process, id string) rollout.Record {
	t.Helper()
	rec, err := p.Resume(t.Context(), id, me)
	if err != nil {
		t.Fatalf("resume %s: %v", id, err)
	}
	return rec
}

func rollback(t *testing.T, p *process, id string) rollout.Record {
	t.Helper()
	rec, err := p.Rollback(t.Context(), id, me)
	if err != nil {
		t.Fatalf("rollback %s: %v", id, err)
	}
	return rec
}

func TestCommit(t *testing.T) {
	bubble(t, "one keyspace", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		rec := start(t, w, w.process("one"), w.plan())
		w.state(t, rec, rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		h := w.head(t, "customer")
		if h.Open != "" || h.CommittedBy != rec.ID || h.Commit != "abc" || h.Committed == "" {
			t.Errorf("head: %+v", h)
		}
		committed, err := w.process("reader").store.Blob(t.Context(), h.Committed)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := vschema.DecodeJSON(committed); err != nil || !vschema.Equal(got, w.files["customer"]) {
			t.Errorf("committed is %s (%v), not what the file holds", committed, err)
		}
	})
	bubble(t, "two keyspaces", func(t *testing.T, w *world) {
		w.addTable("commerce", "extra")
		w.addTable("customer", "orders")
		w.state(t, start(t, w, w.process("one"), w.plan()), rollout.Committed, "")
		w.everywhere("commerce", "extra", true)
		w.everywhere("customer", "orders", true)
		w.free(t)
	})
	bubble(t, "a cell that is stale, and nothing else", func(t *testing.T, w *world) {
		w.foreign("customer", "orders")
		w.Rebuild("zone1")
		w.files["customer"] = w.VSchema("customer")
		rec := start(t, w, w.process("one"), w.plan())
		w.state(t, rec, rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		if n := len(w.History(runnertest.CellPath("zone1"))); n != 2 {
			t.Errorf("cell zone1 was written %d times, and needed no heal", n)
		}
	})
	bubble(t, "an absent VSchema", func(t *testing.T, w *world) {
		w.files["archive"] = &vschema.Keyspace{}
		w.addTable("archive", "old")
		w.state(t, start(t, w, w.process("one"), w.plan()), rollout.Committed, "")
		w.everywhere("archive", "old", true)
	})
	bubble(t, "a cell without a SrvVSchema", func(t *testing.T, w *world) {
		w.Drop(runnertest.CellPath("zone2"))
		w.addTable("customer", "orders")
		w.state(t, start(t, w, w.process("one"), w.plan()), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		w.everywhere("commerce", "product", true)
	})
	bubble(t, "the same plan again", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		first := start(t, w, w.process("one"), p)
		w.state(t, first, rollout.Committed, "")
		w.state(t, start(t, w, w.process("two"), p), rollout.Skipped, "")
		w.free(t)
	})
}

// TestAdopt: what the planes hold already counts as committed from then on.
func TestAdopt(t *testing.T) {
	bubble(t, "a rollout with nothing to do", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		w.foreign("customer", "orders")
		w.Rebuild()
		rec := start(t, w, w.process("one"), p)
		w.state(t, rec, rollout.Skipped, "")
		if h := w.head(t, "customer"); h.Committed == "" || h.CommittedBy != rec.ID {
			t.Errorf("head: %+v", h)
		}
	})
	bubble(t, "an apply with nothing to do", func(t *testing.T, w *world) {
		one, p := w.process("one"), w.plan()
		for _, want := range []int{1, 0} { // the second time there is nothing to record
			writes := len(w.History("vtsync/heads/customer"))
			if err := one.RecordCommitted(t.Context(), p, w.heads(t), "abc"); err != nil {
				t.Fatal(err)
			}
			if got := len(w.History("vtsync/heads/customer")) - writes; got != want {
				t.Errorf("the head was written %d times, want %d", got, want)
			}
		}
		if h := w.head(t, "customer"); h.Committed == "" || h.Commit != "abc" || h.CommittedBy != "" || h.Open != "" {
			t.Errorf("head: %+v", h)
		}
	})
}

// TestUndoKeepsTheCommit: no files say what a rollback leaves behind, so those
// that are held against what was committed last stay the same.
func TestUndoKeepsTheCommit(t *testing.T) {
	bubble(t, "of a commit", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		rec := start(t, w, w.process("one"), p)
		w.state(t, rec, rollout.Committed, "")
		committed := w.head(t, "customer")
		undo, err := plan.Undo(p, plan.Input{
			Snapshot: w.Snapshot(), Cluster: cluster, Backend: "topo",
			Committed: map[string]*vschema.Keyspace{"customer": w.files["customer"]},
		})
		if err != nil {
			t.Fatal(err)
		}
		back, err := w.process("two").Start(t.Context(), undo, rollout.Who{}, rec.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.state(t, back, rollout.Committed, "")
		h := w.head(t, "customer")
		if h.Commit != committed.Commit || h.Committed == committed.Committed || h.CommittedBy != back.ID {
			t.Errorf("head: %+v, before %+v", h, committed)
		}
		w.everywhere("customer", "orders", false)
	})
}

// TestPausedIsNotHealed: a pause is for every write, healing a cell among them.
func TestPausedIsNotHealed(t *testing.T) {
	bubble(t, "a stale cell", func(t *testing.T, w *world) {
		w.foreign("customer", "orders") // saved, and not rebuilt
		w.files["customer"] = w.VSchema("customer")
		p := w.plan()
		if len(p.Phases) != 1 || len(p.Phases[0].Writes) > 0 || len(p.Phases[0].Heals) == 0 {
			t.Fatalf("the plan is not one that heals only: %+v", p.Phases)
		}
		head := rollout.Head{Format: rollout.Format, Keyspace: "customer", Seq: 1, Writer: "admin", Paused: &rollout.Pause{Reason: "look first"}}
		if _, err := w.process("admin").store.SaveHead(t.Context(), head, planes.Absent()); err != nil {
			t.Fatal(err)
		}
		_, err := w.process("one").Start(t.Context(), p, me, "")
		if denied, ok := errors.AsType[*errs.Denied](err); !ok || denied.Next != "vtsync unpause customer" {
			t.Errorf("error = %v", err)
		}
		if w.served("zone1", "customer", "orders") {
			t.Error("a cell of a paused keyspace was written")
		}
	})
}

func TestDenied(t *testing.T) {
	bubble(t, "a stale plan says what changed", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		w.foreign("customer", "invoice")
		rec := start(t, w, w.process("one"), p)
		w.state(t, rec, rollout.DeniedState, rollout.CodeStale)
		if !strings.Contains(rec.Diff, "+ table invoice") || !strings.Contains(rec.Reason, "vtsync plan") {
			t.Errorf("reason %q, diff:\n%s", rec.Reason, rec.Diff)
		}
		w.free(t)
		if w.has("customer", "orders") {
			t.Error("a denied plan was written")
		}
	})
	bubble(t, "a plan for another cluster", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		w.SetID("c2")
		w.state(t, start(t, w, w.process("one"), p), rollout.DeniedState, rollout.CodeDenied)
		w.free(t)
	})
	bubble(t, "the same content under a new version is not stale", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		w.Edit("customer", func(*vschema.Keyspace) {})
		w.state(t, start(t, w, w.process("one"), p), rollout.Committed, "")
	})
}

func TestLocks(t *testing.T) {
	bubble(t, "held for a while", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.HoldLock("customer", "MoveTables", time.Minute)
		one := w.process("one")
		began := time.Now()
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.Committed, "")
		if took := time.Since(began); took < time.Minute || took > time.Minute+5*time.Second {
			t.Errorf("it took %s", took)
		}
		if !strings.Contains(logOf(rec), "MoveTables") {
			t.Errorf("the log does not say what was waited for:\n%s", logOf(rec))
		}
		if n := one.Calls(); n > 2000 {
			t.Errorf("%d calls in a minute of waiting", n)
		}
	})
	bubble(t, "held for too long", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.HoldLock("customer", "Reshard", time.Hour)
		rec := start(t, w, w.process("one"), w.plan())
		w.state(t, rec, rollout.Canceled, rollout.CodeLocked)
		w.free(t)
	})
}

func TestHeads(t *testing.T) {
	bubble(t, "held by an open rollout", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = true })
		first := start(t, w, w.process("one"), w.plan())
		w.parked(t, first, rollout.Validating, rollout.CodeUnproved)

		w.addTable("commerce", "extra")
		w.addTable("customer", "invoice")
		second, err := w.process("two").Start(t.Context(), w.plan(), me, "")
		denied, ok := errors.AsType[*errs.Denied](err)
		if !ok || !strings.Contains(denied.Next, "vtsync resume "+first.ID) || !strings.Contains(denied.Next, "vtsync rollback "+first.ID) {
			t.Fatalf("%v", err)
		}
		w.state(t, second, rollout.DeniedState, rollout.CodeDenied)
		if h := w.head(t, "commerce"); h.Open != "" {
			t.Errorf("a keyspace that it had taken before is still held: %+v", h)
		}
		if h := w.head(t, "customer"); h.Open != first.ID {
			t.Errorf("the first has lost its keyspace: %+v", h)
		}
	})
}

func TestHeadsOfEndedRollouts(t *testing.T) {
	bubble(t, "are settled and taken", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		// It dies on its way to let the keyspaces go.
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if x.Path == "vtsync/heads/customer" && x.Nth == 2 {
				one.Kill()
			}
			return runnertest.Fault{}
		})
		first, err := one.Start(t.Context(), w.plan(), me, "")
		if !isUnknown(err) || first.State != rollout.Committed {
			t.Fatalf("%s, %v", first.State, err)
		}
		w.addTable("customer", "invoice")
		w.last["customer"] = w.VSchema("customer")
		second := start(t, w, w.process("two"), w.plan())
		w.state(t, second, rollout.Committed, "")
		if h := w.head(t, "customer"); h.CommittedBy != second.ID {
			t.Errorf("head: %+v", h)
		}
		settled := false
		for _, r := range w.History("vtsync/heads/customer") {
			settled = settled || strings.Contains(string(r.Value), `"committed_by":"`+first.ID+`"`)
		}
		if !settled {
			t.Error("what the first had committed was never noted")
		}
		w.free(t)
	})
	bubble(t, "are left alone where others hold them", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		first := start(t, w, w.process("one"), w.plan())
		w.last["customer"] = w.VSchema("customer")
		w.addTable("customer", "invoice")
		w.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Silent = true })
		second := start(t, w, w.process("two"), w.plan())
		w.parked(t, second, rollout.Validating, rollout.CodeUnproved)
		w.state(t, resume(t, w.process("three"), first.ID), rollout.Committed, "")
		if h := w.head(t, "customer"); h.Open != second.ID {
			t.Errorf("head: %+v", h)
		}
	})
	bubble(t, "without a record are taken", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		h := rollout.Head{Format: rollout.Format, Keyspace: "customer", Seq: 1, Writer: "x", Open: "gone"}
		one := w.process("one")
		if _, err := one.store.SaveHead(t.Context(), h, planes.Absent()); err != nil {
			t.Fatal(err)
		}
		w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
		w.free(t)
	})
}

func TestUnpause(t *testing.T) {
	bubble(t, "after an automatic rollback", func(t *testing.T, w *world) {
		rec := brokenVTGate(t, w)
		one := w.process("one")
		if h := w.head(t, "customer"); h.Paused == nil || h.Paused.Rollout != rec.ID || h.Paused.Reason == "" {
			t.Fatalf("head: %+v", h)
		}
		for _, want := range []bool{true, false} {
			if lifted, err := one.Unpause(t.Context(), "customer"); err != nil || lifted != want {
				t.Fatalf("unpause: %v, %v; want %v", lifted, err, want)
			}
		}
		if h := w.head(t, "customer"); h.Paused != nil {
			t.Errorf("head: %+v", h)
		}
	})
}
