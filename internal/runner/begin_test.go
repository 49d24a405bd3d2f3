package runner_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	customerHead = "vtsync/heads/customer"
	firstRecord  = "vtsync/rollouts/r1"
)

// heads gives the heads of the keyspaces that have files, as they are now.
func (w *world) heads(t testing.TB) map[string]rollout.Head {
	return map[string]rollout.Head{"commerce": w.head(t, "commerce"), "customer": w.head(t, "customer")}
}

// pausedInACrash leaves a keyspace whose rollout took itself back, and whose
// process died before it paused the keyspace.
func pausedInACrash(t *testing.T, w *world) {
	t.Helper()
	w.addTable("customer", "orders")
	w.SetVTGate("zone1", breaksOn("customer", "orders"))
	one := w.process("one")
	one.Fail(func(x runnertest.Write) runnertest.Fault {
		if x.Path == customerHead && x.Nth == 2 {
			one.Kill()
		}
		return runnertest.Fault{}
	})
	if rec, err := one.Start(t.Context(), w.plan(), me, ""); !one.Dead() || rec.State != rollout.RolledBack {
		t.Fatalf("it did not die at its end: %s, %v", rec.State, err)
	}
	if h := w.head(t, "customer"); h.Open == "" || h.Paused != nil {
		t.Fatalf("head: %+v", h)
	}
	w.SetVTGate("zone1", func(g *runnertest.VTGate) { g.Breaks = nil })
}

// TestPauseOutlivesACrash: whoever settles the head of a rollout that took
// itself back heeds the pause that this brings.
func TestPauseOutlivesACrash(t *testing.T) {
	bubble(t, "the next apply is denied", func(t *testing.T, w *world) {
		pausedInACrash(t, w)
		rec, err := w.process("two").Start(t.Context(), w.plan(), me, "")
		denied, ok := errors.AsType[*errs.Denied](err)
		if !ok || denied.Next != "vtsync unpause customer" {
			t.Fatalf("%v", err)
		}
		w.state(t, rec, rollout.DeniedState, rollout.CodeDenied)
		w.free(t)
		if h := w.head(t, "customer"); h.Paused == nil {
			t.Errorf("head: %+v", h)
		}
		w.everywhere("customer", "orders", false)
	})
	bubble(t, "unless a person confirmed it", func(t *testing.T, w *world) {
		pausedInACrash(t, w)
		by := me
		by.OverPause = true
		rec, err := w.process("two").Start(t.Context(), w.plan(), by, "")
		if err != nil {
			t.Fatal(err)
		}
		w.state(t, rec, rollout.Committed, "")
	})
	bubble(t, "or it takes a rollout back", func(t *testing.T, w *world) {
		pausedInACrash(t, w)
		rec, err := w.process("two").Start(t.Context(), w.plan(), me, "r0")
		if err != nil {
			t.Fatal(err)
		}
		w.state(t, rec, rollout.Committed, "")
	})
}

// TestPendingRollout: one that lost its process before it had its keyspaces
// heeds a pause, and can be ended whoever holds them.
func TestPendingRollout(t *testing.T) {
	lost := func(t *testing.T, w *world) {
		t.Helper()
		one := w.process("lost")
		one.Fail(before(customerHead, one.Kill))
		if rec, err := one.Start(t.Context(), w.plan(), me, ""); !one.Dead() || rec.State != rollout.Pending {
			t.Fatalf("it did not die: %s, %v", rec.State, err)
		}
	}
	bubble(t, "resume heeds a pause", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		lost(t, w)
		w.SetVTGate("zone1", breaksOn("customer", "orders"))
		w.state(t, start(t, w, w.process("one"), w.plan()), rollout.RolledBack, rollout.CodeBroken)
		_, err := w.process("two").Resume(t.Context(), "r1", me)
		if denied, ok := errors.AsType[*errs.Denied](err); !ok || denied.Next != "vtsync unpause customer" {
			t.Fatalf("%v", err)
		}
	})
	bubble(t, "rollback needs no keyspace", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		lost(t, w)
		w.SetVTGate("zone1", func(g *runnertest.VTGate) { g.Silent = true })
		other := start(t, w, w.process("one"), w.plan())
		w.parked(t, other, rollout.Validating, rollout.CodeUnproved)
		w.state(t, rollback(t, w.process("two"), "r1"), rollout.Canceled, rollout.CodeAsked)
		if h := w.head(t, "customer"); h.Open != other.ID {
			t.Errorf("head: %+v", h)
		}
	})
}

// TestStopAtTheStart: a stop cuts off no save.
func TestStopAtTheStart(t *testing.T) {
	for name, path := range map[string]string{"at the record": firstRecord, "at the heads": customerHead} {
		bubble(t, name, func(t *testing.T, w *world) {
			w.addTable("customer", "orders")
			ctx, stop := context.WithCancel(t.Context())
			one := w.process("one")
			one.Fail(before(path, stop))
			rec, err := one.Start(ctx, w.plan(), me, "")
			if err != nil {
				t.Fatal(err)
			}
			w.state(t, rec, rollout.Canceled, rollout.CodeInterrupted)
			w.free(t)
		})
	}
}

// TestUnansweredStart: a rollout that topo did not let begin never begins by
// itself later, and blocks nobody.
func TestUnansweredStart(t *testing.T) {
	late := runnertest.LandsLate(1 << 20)
	pending := func(x runnertest.Write) bool {
		return x.Path == firstRecord && strings.Contains(string(x.Value), `"state":"pending"`)
	}
	notBegun := func(t *testing.T, w *world, fault func(runnertest.Write) runnertest.Fault) {
		t.Helper()
		one := w.process("one")
		one.Fail(fault)
		_, err := one.Start(t.Context(), w.plan(), me, "")
		if errs.ExitCode(err) != errs.ExitDenied || !strings.Contains(err.Error(), "rollout r1 was not begun") {
			t.Fatalf("%v", err)
		}
		w.Arrive()
		rec, _, err := w.process("reader").store.Rollout(t.Context(), "r1")
		if err != nil || rec.State != rollout.DeniedState {
			t.Fatalf("its record: %s, %v", rec.State, err)
		}
		w.state(t, start(t, w, w.process("two"), w.plan()), rollout.Committed, "")
		w.free(t)
	}
	bubble(t, "its record lands late", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		notBegun(t, w, func(x runnertest.Write) runnertest.Fault {
			if pending(x) {
				return late
			}
			return runnertest.Fault{}
		})
	})
	bubble(t, "its head lands late", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		notBegun(t, w, func(x runnertest.Write) runnertest.Fault {
			if x.Path == customerHead {
				return late
			}
			return runnertest.Fault{}
		})
	})
	bubble(t, "its record lands just before it is given up", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		given := false
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if pending(x) && !given {
				return late
			}
			if x.Path == firstRecord && !given {
				given = true
				w.Arrive()
			}
			return runnertest.Fault{}
		})
		w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
		if !given {
			t.Error("it was not given up")
		}
	})
	for name, silent := range map[string]string{"nothing is answered": "vtsync/rollouts/", "nothing is answered from the heads on": "vtsync/heads/"} {
		bubble(t, name, func(t *testing.T, w *world) {
			w.addTable("customer", "orders")
			one := w.process("one")
			gone := false
			one.Fail(func(x runnertest.Write) runnertest.Fault {
				gone = gone || strings.HasPrefix(x.Path, silent)
				switch {
				case gone && x.Path == firstRecord && x.Nth > 1:
					return runnertest.NotLanded
				case gone:
					return late
				}
				return runnertest.Fault{}
			})
			_, err := one.Start(t.Context(), w.plan(), me, "")
			unknown, ok := errors.AsType[*errs.Unknown](err)
			if !ok || !strings.Contains(unknown.Next, "vtsync rollback r1") {
				t.Fatalf("%v", err)
			}
			w.Arrive()
			w.state(t, rollback(t, w.process("two"), "r1"), rollout.Canceled, rollout.CodeAsked)
			w.state(t, start(t, w, w.process("two"), w.plan()), rollout.Committed, "")
			w.free(t)
		})
	}
	bubble(t, "its record is refused", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(onFirst(1, firstRecord, runnertest.Refused))
		if _, err := one.Start(t.Context(), w.plan(), me, ""); errs.ExitCode(err) != errs.ExitError || !strings.Contains(err.Error(), "permission denied") {
			t.Fatalf("%v", err)
		}
	})
}

// TestRecordCommitted: what was committed after the look is newer.
func TestRecordCommitted(t *testing.T) {
	for name, meanwhile := range map[string]func(*testing.T, *world){
		"another rollout": func(t *testing.T, w *world) {
			w.addTable("customer", "orders")
			w.state(t, start(t, w, w.process("two"), w.plan()), rollout.Committed, "")
		},
		"another apply with nothing to do": func(t *testing.T, w *world) {
			if err := w.process("two").RecordCommitted(t.Context(), w.plan(), w.heads(t), "newer"); err != nil {
				t.Fatal(err)
			}
		},
		"another edit of the same table": func(_ *testing.T, w *world) {
			w.Edit("customer", func(vs *vschema.Keyspace) { delete(vs.Tables, "customer") })
		},
	} {
		bubble(t, name, func(t *testing.T, w *world) {
			w.last = nil // the first adoption: each difference would be a change
			p, seen := w.plan(), w.heads(t)
			meanwhile(t, w)
			want := w.head(t, "customer")
			if err := w.process("one").RecordCommitted(t.Context(), p, seen, "older"); err != nil {
				t.Fatal(err)
			}
			if got := w.head(t, "customer"); !cmp.Equal(got, want) {
				t.Errorf("head: %s", cmp.Diff(want, got))
			}
		})
	}
}

// damagedTopo answers every look with damage.
type damagedTopo struct{}

func (damagedTopo) Snapshot(context.Context) (*planes.Snapshot, error) {
	return nil, &errs.Invalid{Msg: "damaged record vtsync/id"}
}

// limited is a process whose runner differs from the others'.
func (w *world) limited(name string, change func(*runner.Deps)) *process {
	p := w.process(name)
	d := runner.Deps{
		Store: p.store, Topo: p, Observe: p, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		NewID: func() string { return name },
	}
	change(&d)
	p.Runner = runner.New(d)
	return p
}

// TestDamageIsNotSilence: nobody waits for what will not mend itself.
func TestDamageIsNotSilence(t *testing.T) {
	bubble(t, "in what is admitted", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.limited("one", func(d *runner.Deps) { d.Observe = damagedTopo{} })
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.DeniedState, rollout.CodeDenied)
		if !strings.Contains(rec.Reason, "damaged record vtsync/id") {
			t.Errorf("reason %q", rec.Reason)
		}
	})
	bubble(t, "in the record", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(before(customerPath, one.Kill))
		if _, err := one.Start(t.Context(), w.plan(), me, ""); !one.Dead() {
			t.Fatal(err)
		}
		two := w.process("two")
		rec, tok, err := two.store.Rollout(t.Context(), "r1")
		if err != nil {
			t.Fatal(err)
		}
		rec.Seq++
		rec.State, rec.Phases = rollout.Pending, [][]string{{"nowhere"}}
		if _, err := two.store.SaveRollout(t.Context(), &rec, tok); err != nil {
			t.Fatal(err)
		}
		_, err = two.Resume(t.Context(), "r1", me)
		if unknown, ok := errors.AsType[*errs.Unknown](err); !ok || !strings.Contains(unknown.Next, "vtsync show r1") {
			t.Fatalf("%v", err)
		}
	})
}

// TestLockOfTheDead: a resume right after a kill outlasts the lock of the dead
// process, however short its time for everything else.
func TestLockOfTheDead(t *testing.T) {
	bubble(t, "resume", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.addTable("commerce", "extra")
		one := w.process("one")
		one.Fail(before(customerPath, one.Kill))
		if _, err := one.Start(t.Context(), w.plan(), me, ""); !one.Dead() {
			t.Fatal(err)
		}
		w.HoldLock("customer", "vtsync rollout r1", 10*time.Second) // as if it had died just now
		two := w.limited("two", func(d *runner.Deps) {
			d.Limits = runner.Limits{Write: 2 * time.Second, Validate: 2 * time.Second}
		})
		w.state(t, resume(t, two, "r1"), rollout.Committed, "")
	})
}
