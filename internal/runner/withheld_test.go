package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
)

// TestCrashBeforeAWorkflow kills the process at each of its writes, and a
// workflow begins before another goes on. What had not landed by then does not
// land while the workflow is there; afterwards a person gets to the end.
func TestCrashBeforeAWorkflow(t *testing.T) {
	scenes := map[string]func(*world){
		"it owns what would change":     func(w *world) { w.SetWorkflows(nil, movesOrders) },
		"any write would make it fail":  func(w *world) { w.SetWorkflows(nil, creating) },
		"nobody can tell which run":     func(w *world) { w.SetWorkflows(map[string]string{"archive": "no primary"}) },
		"vtctld does not answer at all": func(w *world) { w.SilenceVTCtld(true) },
	}
	for name, begins := range scenes {
		t.Run(name, func(t *testing.T) {
			writes, withheld := 0, 0
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				twoKeyspaces(w)
				one := w.watched("one")
				w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
				writes = one.Writes()
			})
			for nth := 1; nth <= writes; nth++ {
				for _, after := range []bool{false, true} {
					bubble(t, fmt.Sprintf("write %d of %d, landed %v", nth, writes, after), func(t *testing.T, w *world) {
						if crashBefore(t, w, nth, after, begins) {
							withheld++
						}
					})
				}
			}
			if withheld == 0 {
				t.Error("no write was ever withheld")
			}
		})
	}
}

func twoKeyspaces(w *world) {
	w.addTable("commerce", "extra")
	w.addTable("customer", "orders")
}

// crashBefore tells whether a write with an intent was withheld.
func crashBefore(t *testing.T, w *world, nth int, after bool, begins func(*world)) (withheld bool) {
	t.Helper()
	twoKeyspaces(w)
	p := w.plan()
	one := w.watched("one")
	one.DieAt(nth, after)
	if _, err := one.Start(t.Context(), p, me, ""); err == nil || !one.Dead() {
		t.Fatalf("it did not die: %v", err)
	}
	two := w.watched("two")
	known, err := two.store.Rollouts(t.Context())
	if err != nil || len(known) == 0 || known[0].State.Final() {
		return false
	}
	begins(w)
	landed := w.has("customer", "orders")
	rec := resume(t, two, known[0].ID)
	if w.has("customer", "orders") && !landed {
		t.Fatalf("it was written while a workflow was there\n%s", logOf(rec))
	}
	withheld = rec.State == rollout.Applying && rec.Parked != nil && rec.Parked.Code == rollout.CodeWorkflow
	w.SetWorkflows(nil)
	w.SilenceVTCtld(false)
	if !rec.State.Final() {
		rec = resume(t, two, rec.ID)
	}
	switch rec.State {
	case rollout.Committed:
		w.everywhere("customer", "orders", true)
	case rollout.DeniedState, rollout.Canceled:
		w.everywhere("customer", "orders", false)
		w.everywhere("commerce", "extra", false)
	default:
		t.Fatalf("%s (%s: %s), parked %+v\n%s", rec.State, rec.Code, rec.Reason, rec.Parked, logOf(rec))
	}
	w.free(t)
	return withheld
}

// moment is longer than what the admission checks saw of workflows counts; it
// passes in the bubble's time.
const moment = 2 * time.Second

// onIntent does something once, as the first intent of a write is saved: the
// last thing before the write leaves.
func onIntent(do func()) func(runnertest.Write) runnertest.Fault {
	done := false
	return func(x runnertest.Write) runnertest.Fault {
		if !done && strings.Contains(x.Path, "rollouts/") && strings.Contains(string(x.Value), `"intended"`) {
			done = true
			time.Sleep(moment)
			do()
		}
		return runnertest.Fault{}
	}
}

// slow answers after longer than the question may take under a lock.
type slow struct{ *runnertest.Process }

func (s slow) Physical(ctx context.Context, ask planes.Ask) planes.Physical {
	select {
	case <-time.After(2 * moment):
		return s.Process.Physical(ctx, ask)
	case <-ctx.Done():
		return planes.Physical{Err: "no answer"}
	}
}

// TestWorkflowBeginsBeforeTheFirstWrite: between the checks and the write the
// lock is taken and the record saved, and that can take its time.
func TestWorkflowBeginsBeforeTheFirstWrite(t *testing.T) {
	bubble(t, "the checks are asked again, and deny", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		one := w.watched("one")
		one.Fail(onIntent(func() { w.SetWorkflows(nil, movesOrders) }))
		w.state(t, start(t, w, one, p), rollout.DeniedState, rollout.CodeWorkflow)
		if writes := len(w.History(customerPath)); writes != 1 {
			t.Errorf("global was written %d times", writes-1)
		}
		w.free(t)
	})
	bubble(t, "the locks are let go, so that the workflow can go on", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		one := w.watched("one")
		one.Fail(onIntent(func() {
			w.SetWorkflows(nil, creating)
			later(t, time.Second, func() {
				unlock, err := w.Process("create").LockKeyspace(t.Context(), "customer", "LookupVindexCreate")
				if err != nil {
					t.Errorf("the workflow cannot go on: %v", err)
				} else if err := unlock(t.Context()); err != nil {
					t.Error(err)
				}
				w.SetWorkflows(nil)
			})
		}))
		w.state(t, start(t, w, one, p), rollout.Committed, "")
	})
	bubble(t, "an earlier write of the phase is taken back", func(t *testing.T, w *world) {
		twoKeyspaces(w)
		p := w.plan()
		one := w.watched("one")
		one.Fail(before(runnertest.KeyspacePath("commerce"), func() {
			time.Sleep(moment)
			w.SetWorkflows(nil, movesOrders)
		}))
		w.state(t, start(t, w, one, p), rollout.Canceled, rollout.CodeWorkflow)
		w.everywhere("commerce", "extra", false)
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
	bubble(t, "a vtctld that is slower than a lock may be held ends no rollout", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		one := w.watched("one")
		one.Deps.Physical = slow{one.Process}
		w.state(t, start(t, w, one, p), rollout.Committed, "")
	})
	bubble(t, "silence before the first write waits as long as the checks may, and no longer", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		one := w.watched("one")
		one.Deps.Physical = slow{one.Process}
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if strings.Contains(string(x.Value), `"intended"`) {
				time.Sleep(moment)
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, p)
		w.state(t, rec, rollout.Canceled, rollout.CodeWorkflow)
		if took := rec.Updated.Sub(rec.Created); took > 2*runner.DefaultLimits.Wait || rec.Attempted() == 0 {
			t.Errorf("it took %s, with %d attempts", took, rec.Attempted())
		}
	})
	bubble(t, "without a vtctld nothing is asked", func(t *testing.T, w *world) {
		workflowWorld(w)
		p := w.plan()
		w.SetWorkflows(nil, movesOrders)
		w.state(t, start(t, w, w.process("one"), p), rollout.Committed, "")
	})
}

// TestVTCtldGoesWithTheAnswer: the answer to a write is lost, and vtctld goes at
// the same moment. One that has landed needs no vtctld to be found; for another
// the rollout asks on until vtctld is back, or parks for a person.
func TestVTCtldGoesWithTheAnswer(t *testing.T) {
	goes := func(t *testing.T, w *world, face runnertest.Fault, back time.Duration) rollout.Record {
		workflowWorld(w)
		p, one := w.plan(), w.watched("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if x.Path != customerPath || x.Nth > 1 {
				return runnertest.Fault{}
			}
			time.Sleep(moment)
			w.SilenceVTCtld(true)
			later(t, back, func() { w.SilenceVTCtld(false) })
			return face
		})
		return start(t, w, one, p)
	}
	for name, face := range map[string]runnertest.Fault{"landed": runnertest.LandedUnanswered, "landed late": runnertest.LandsLate(3)} {
		bubble(t, name, func(t *testing.T, w *world) {
			rec := goes(t, w, face, time.Hour)
			w.state(t, rec, rollout.Committed, "")
			if rec.Attempted() > 0 {
				t.Errorf("vtctld was needed\n%s", logOf(rec))
			}
			w.free(t)
		})
	}
	bubble(t, "not landed, and it comes back", func(t *testing.T, w *world) {
		rec := goes(t, w, runnertest.NotLanded, runner.DefaultLimits.Write/2)
		w.state(t, rec, rollout.Committed, "")
		if rec.Attempted() == 0 {
			t.Errorf("the record does not tell that vtctld was asked again\n%s", logOf(rec))
		}
		w.free(t)
	})
	bubble(t, "not landed, and it stays away", func(t *testing.T, w *world) {
		rec := goes(t, w, runnertest.NotLanded, time.Hour)
		if rec.Parked == nil || !strings.Contains(rec.Parked.Next, "once that can be told") {
			t.Fatalf("%s, parked %+v, want it to park\n%s", rec.State, rec.Parked, logOf(rec))
		}
		w.SilenceVTCtld(false)
		w.state(t, resume(t, w.watched("two"), rec.ID), rollout.Committed, "")
		w.free(t)
	})
}
