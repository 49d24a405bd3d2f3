package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

// policed is a process of which the config says something of admission, and that
// waits for five minutes.
func (w *world) policed(name string, policy admit.Policy) *process {
	p := w.process(name)
	p.Policy, p.Limits.Wait = policy, 5*time.Minute
	return p
}

// frozenFor is a window that is open now, for so long.
func frozenFor(w *world, minutes int) admit.Policy {
	w.Helper()
	const layout = "2006-01-02 15:04"
	now := time.Now().UTC()
	window, err := freeze.Between(now.Format(layout), now.Add(time.Duration(minutes)*time.Minute).Format(layout), time.UTC, "year end")
	if err != nil {
		w.Fatalf("%v", err)
	}
	return admit.Policy{Freeze: []freeze.Window{window}}
}

// as goes on with a rollout as somebody.
func as(t *testing.T, p *process, id string, by rollout.Who) rollout.Record {
	t.Helper()
	rec, err := p.Resume(t.Context(), id, by)
	if err != nil {
		t.Fatalf("resume %s: %v", id, err)
	}
	return rec
}

func TestApprovals(t *testing.T) {
	two := admit.Policy{Approvals: admit.Approvals{Required: 2}}
	approves := func(user string) rollout.Who { return rollout.Who{User: user, Host: "h1", Approves: true} }
	begin := func(t *testing.T, w *world, by rollout.Who) rollout.Record {
		w.addTable("customer", "orders")
		rec, err := w.policed("one", two).Start(t.Context(), w.plan(), by, "")
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	bubble(t, "two people, on two hosts", func(t *testing.T, w *world) {
		began := time.Now()
		rec := begin(t, w, approves("eve"))
		w.parked(t, rec, rollout.Waiting, rollout.CodeApproval)
		if !time.Now().Equal(began) {
			t.Errorf("it polled for %s for what only a person can lift", time.Since(began))
		}
		if want := "vtsync resume " + rec.ID + " --approve"; !strings.Contains(rec.Parked.Next, want) || rec.Reason != "1 of 2 approvals: eve@h1" {
			t.Errorf("%q, next %q", rec.Reason, rec.Parked.Next)
		}
		for _, by := range []rollout.Who{approves("eve"), {User: "bob"}} { // again; going on is no approval
			rec = as(t, w.policed("two", two), rec.ID, by)
			w.parked(t, rec, rollout.Waiting, rollout.CodeApproval)
		}
		if w.has("customer", "orders") {
			t.Fatal("it was written without the second approval")
		}
		time.Sleep(time.Hour)
		rec = as(t, w.policed("three", two), rec.ID, approves("bob"))
		w.state(t, rec, rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		saved, _, err := w.process("reader").store.Rollout(t.Context(), rec.ID)
		if err != nil {
			t.Fatal(err)
		}
		if a := saved.Approvals; len(a) != 2 || a[0].By.User != "eve" || a[1].By.User != "bob" || a[1].At.Sub(a[0].At) != time.Hour {
			t.Errorf("approvals %+v", a)
		}
	})
	bubble(t, "it holds its keyspace meanwhile", func(t *testing.T, w *world) {
		rec := begin(t, w, me)
		w.parked(t, rec, rollout.Waiting, rollout.CodeApproval)
		if rec.Reason != "0 of 2 approvals" {
			t.Errorf("reason %q", rec.Reason)
		}
		w.addTable("customer", "invoice")
		if _, err := w.process("two").Start(t.Context(), w.plan(), me, ""); err == nil || !strings.Contains(err.Error(), rec.ID) {
			t.Errorf("another rollout of the keyspace: %v", err)
		}
		w.state(t, rollback(t, w.policed("one", two), rec.ID), rollout.Canceled, rollout.CodeAsked)
		w.free(t)
	})
	bubble(t, "recorded where nobody asks for it", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		rec, err := w.process("one").Start(t.Context(), w.plan(), approves("eve"), "")
		if err != nil {
			t.Fatal(err)
		}
		w.state(t, rec, rollout.Committed, "")
		if len(rec.Approvals) != 1 || rec.By.User != "eve" {
			t.Errorf("approvals %+v, by %+v", rec.Approvals, rec.By)
		}
	})
}

func TestFreeze(t *testing.T) {
	bubble(t, "one that ends in time is waited for", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		policy, began := frozenFor(w, 4), time.Now()
		rec := start(t, w, w.policed("one", policy), w.plan())
		w.state(t, rec, rollout.Committed, "")
		if took := time.Since(began); took < 4*time.Minute || took > 5*time.Minute {
			t.Errorf("it took %s", took)
		}
		if len(rec.Waits) != 1 || rec.Waits[0].Name != "year end" || rec.Waits[0].Met.Sub(rec.Waits[0].Since) < 4*time.Minute {
			t.Errorf("waits %+v", rec.Waits)
		}
	})
	bubble(t, "one that does not denies at once", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		policy, began := frozenFor(w, 6), time.Now()
		rec := start(t, w, w.policed("one", policy), w.plan())
		w.state(t, rec, rollout.DeniedState, rollout.CodeFreeze)
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %s", took)
		}
		for _, part := range []string{"year end", "until Sat 2000-01-01 00:06 UTC", "--allow freeze"} {
			if !strings.Contains(rec.Reason, part) {
				t.Errorf("reason %q lacks %q", rec.Reason, part)
			}
		}
		if w.has("customer", "orders") {
			t.Error("it was written")
		}
		w.free(t)
	})
	bubble(t, "one that opens before the second phase parks it", func(t *testing.T, w *world) {
		w.addTable("commerce", "extra")
		w.addTable("customer", "orders")
		p := inPhases(w, w.plan())
		one := w.policed("one", admit.Policy{})
		one.Fail(before(runnertest.CellPath("zone1"), func() { one.Policy = frozenFor(w, 60) }))
		rec := start(t, w, one, p)
		w.parked(t, rec, rollout.Waiting, rollout.CodeFreeze)
		w.everywhere("commerce", "extra", true)
		time.Sleep(time.Hour)
		w.state(t, resume(t, one, rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "an approval that comes while one is open is kept", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		policy := admit.Policy{Approvals: admit.Approvals{Required: 1}}
		one := w.policed("one", policy)
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Waiting, rollout.CodeApproval)
		policy.Freeze = frozenFor(w, 60).Freeze
		one.Policy = policy
		rec = as(t, one, rec.ID, rollout.Who{User: "bob", Approves: true})
		w.parked(t, rec, rollout.Waiting, rollout.CodeFreeze)
		time.Sleep(time.Hour)
		w.state(t, resume(t, one, rec.ID), rollout.Committed, "")
	})
	bubble(t, "the way back of a person does not wait", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		rec := start(t, w, w.process("one"), p)
		w.state(t, rec, rollout.Committed, "")
		undo, err := plan.Undo(p, plan.Input{
			Snapshot: w.Snapshot(), Cluster: cluster, Backend: "topo",
			Committed: map[string]*vschema.Keyspace{"customer": w.files["customer"]},
		})
		if err != nil {
			t.Fatal(err)
		}
		policy := frozenFor(w, 60)
		policy.Approvals.Required = 2
		back, err := w.policed("two", policy).Start(t.Context(), undo, me, rec.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.state(t, back, rollout.Committed, "")
		w.everywhere("customer", "orders", false)
	})
	bubble(t, "nor does the way back of vtsync", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.SetVTGate("zone2", breaksOn("customer", "orders"))
		one := w.policed("one", admit.Policy{})
		one.Fail(before(runnertest.CellPath("zone1"), func() { one.Policy = frozenFor(w, 60) }))
		w.state(t, start(t, w, one, w.plan()), rollout.RolledBack, rollout.CodeBroken)
		w.everywhere("customer", "orders", false)
	})
}

// TestWaitIsWhatThePolicySays: the deadline that a window is held against is the
// one that the rollout gives up at.
func TestWaitIsWhatThePolicySays(t *testing.T) {
	limit := int(runner.DefaultLimits.Wait.Minutes())
	for _, tt := range []struct {
		minutes int
		want    rollout.State
	}{{limit - 1, rollout.Committed}, {limit + 1, rollout.DeniedState}} {
		bubble(t, string(tt.want), func(t *testing.T, w *world) {
			w.addTable("customer", "orders")
			one := w.process("one")
			one.Policy = frozenFor(w, tt.minutes)
			if rec := start(t, w, one, w.plan()); rec.State != tt.want {
				t.Errorf("rollout is %s: %s", rec.State, rec.Reason)
			}
		})
	}
}
