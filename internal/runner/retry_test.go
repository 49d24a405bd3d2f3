package runner_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
)

// TestElection: a topo server that elects a leader, at whichever call of a
// rollout, only costs time; what had to be asked again is in the record.
func TestElection(t *testing.T) {
	tried := 0
	for at := 1; ; at++ {
		ended := false
		bubble(t, fmt.Sprint("at call ", at), func(t *testing.T, w *world) {
			w.addTable("customer", "orders")
			w.addTable("commerce", "extra")
			one := w.process("one")
			one.ElectAt(at)
			p := w.plan()
			rec := start(t, w, one, p)
			time.Sleep(runnertest.ElectionTime) // what is read below needs a leader
			w.state(t, rec, rollout.Committed, "")
			w.everywhere("customer", "orders", true)
			w.free(t)
			if by := w.LockedBy("commerce") + w.LockedBy("customer"); by != "" {
				t.Errorf("the lock of %s still stands", by)
			}
			ended = one.Calls() < at
			if rec.Attempted() > 0 {
				tried++
			}
			if n := rec.Attempted(); n > 100 {
				t.Errorf("%d attempts in %s", n, runnertest.ElectionTime)
			}
		})
		if ended || t.Failed() {
			break
		}
	}
	if tried == 0 {
		t.Error("no attempt is in a record")
	}
}

// TestElectionOnTheWayBack: the same while a rollout is taken back.
func TestElectionOnTheWayBack(t *testing.T) {
	for at := 1; ; at++ {
		ended := false
		bubble(t, fmt.Sprint("at call ", at), func(t *testing.T, w *world) {
			w.addTable("customer", "orders")
			w.SetVTGate("zone1", func(g *runnertest.VTGate) { g.Silent = true })
			parked := start(t, w, w.process("one"), w.plan())
			w.parked(t, parked, rollout.Validating, rollout.CodeUnproved)
			w.SetVTGate("zone1", func(g *runnertest.VTGate) { g.Silent = false })
			two := w.process("two")
			two.ElectAt(at)
			rec := rollback(t, two, parked.ID)
			time.Sleep(runnertest.ElectionTime)
			w.state(t, rec, rollout.RolledBack, rollout.CodeAsked)
			w.everywhere("customer", "orders", false)
			w.free(t)
			ended = two.Calls() < at
		})
		if ended || t.Failed() {
			break
		}
	}
}

// TestHeldLock: a lock that another holds is waited for; nothing is retried.
func TestHeldLock(t *testing.T) {
	bubble(t, "by a workflow", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.HoldLock("customer", "MoveTables", 5*time.Second)
		rec := start(t, w, w.process("one"), w.plan())
		w.state(t, rec, rollout.Committed, "")
		if n := rec.Attempted(); n != 0 {
			t.Errorf("%d attempts\n%s", n, logOf(rec))
		}
	})
}

// TestPauses: a rollout that waits for long looks often at first and then every
// second or so, never at fixed times, and gives up when it was told to.
func TestPauses(t *testing.T) {
	looks := func(t *testing.T, w *world, longest time.Duration, change func(*runner.Limits)) []time.Time {
		w.addTable("customer", "orders")
		p := w.plan()
		w.Overwrite(runnertest.KeyspacePath("customer"), []byte("\xff\xff")) // cannot be read: wait
		limits := runner.Limits{Wait: time.Minute}
		change(&limits)
		one := w.limited("one", func(d *runner.Deps) { d.Limits = limits })
		var at []time.Time
		one.OnSnapshot(func() { at = append(at, time.Now()) })
		rec := start(t, w, one, p)
		w.state(t, rec, rollout.Canceled, rollout.CodeWait)
		if took := time.Since(at[0]); took < time.Minute || took > time.Minute+longest {
			t.Errorf("it waited for %s", took)
		}
		gaps := map[time.Duration]bool{}
		for i := 1; i < len(at); i++ {
			gap := at[i].Sub(at[i-1])
			gaps[gap] = true
			if gap > longest+10*time.Millisecond {
				t.Errorf("look %d came %s after the one before", i, gap)
			}
		}
		if len(gaps) < len(at)/2 {
			t.Errorf("%d pauses, only %d of them unlike the others", len(at)-1, len(gaps))
		}
		return at
	}
	bubble(t, "by default", func(t *testing.T, w *world) {
		at := looks(t, w, 2*time.Second, func(*runner.Limits) {})
		if n := len(at); n < 35 || n > 130 {
			t.Errorf("%d looks in a minute", n)
		}
	})
	bubble(t, "as told", func(t *testing.T, w *world) {
		at := looks(t, w, 10*time.Second, func(l *runner.Limits) { l.WaitPoll = 10 * time.Second })
		if n := len(at); n < 9 || n > 60 {
			t.Errorf("%d looks in a minute", n)
		}
	})
}

// talkative is an observer that cannot read a keyspace, and says so in other
// words each time.
type talkative struct {
	*process
	looks int
}

func (o *talkative) Snapshot(ctx context.Context) (*planes.Snapshot, error) {
	snap, err := o.process.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	o.looks++
	ks := snap.Global.Keyspaces["customer"]
	ks.Err = fmt.Sprintf("damaged in %d places", o.looks)
	snap.Global.Keyspaces["customer"] = ks
	return snap, nil
}

// TestWordsAreSavedSparsely: a wait that says something else at each look does
// not write the record at each, and what it says last is not kept for long.
func TestWordsAreSavedSparsely(t *testing.T) {
	bubble(t, "in a minute", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		p := w.plan()
		observer := &talkative{process: w.process("observer")}
		one := w.limited("one", func(d *runner.Deps) {
			d.Observe, d.Limits = observer, runner.Limits{Wait: time.Minute}
		})
		rec := start(t, w, one, p)
		w.state(t, rec, rollout.Canceled, rollout.CodeWait)
		saves := len(w.History("vtsync/rollouts/" + rec.ID))
		if observer.looks < 30 || saves > 10 || saves < 5 {
			t.Errorf("%d looks and %d saves", observer.looks, saves)
		}
	})
}
