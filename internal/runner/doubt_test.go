package runner_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

var customerPath = runnertest.KeyspacePath("customer")

// TestUnansweredWrites: whatever becomes of a write without an answer, the
// rollout finds out, and global is written once.
func TestUnansweredWrites(t *testing.T) {
	faults := map[string]runnertest.Fault{
		"it landed":              runnertest.LandedUnanswered,
		"it did not land":        runnertest.NotLanded,
		"it lands with the next": runnertest.LandsLate(1),
		"it lands soon after":    runnertest.LandsLate(4),
		"it lands much later":    runnertest.LandsLate(40),
	}
	paths := []string{
		customerPath, runnertest.CellPath("zone1"), "vtsync/heads/customer", "vtsync/rollouts/r1",
	}
	for name, fault := range faults {
		for _, path := range paths {
			for _, n := range []int{1, 3} {
				bubble(t, fmt.Sprintf("%s, %d times, %s", path, n, name), func(t *testing.T, w *world) {
					w.addTable("customer", "orders")
					one := w.process("one")
					one.Fail(onFirst(n, path, fault))
					w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
					w.Arrive()
					w.everywhere("customer", "orders", true)
					w.free(t)
					if n := len(w.History(customerPath)); n != 2 {
						t.Errorf("global was written %d times", n-1)
					}
				})
			}
		}
	}
}

// writesOrders tells our write from the fence that gives it up.
func writesOrders(x runnertest.Write) bool {
	return x.Path == customerPath && bytes.Contains(x.Value, []byte("orders"))
}

func TestFence(t *testing.T) {
	bubble(t, "a write that never lands is given up", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if writesOrders(x) {
				return runnertest.LandsLate(1 << 20)
			}
			return runnertest.Fault{}
		})
		w.state(t, start(t, w, one, w.plan()), rollout.Canceled, rollout.CodeFenced)
		if n := one.Calls(); n > 500 {
			t.Errorf("%d calls before it was given up", n)
		}
		w.Arrive()
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
	bubble(t, "an absent VSchema is created empty, and stays", func(t *testing.T, w *world) {
		w.files["archive"] = &vschema.Keyspace{}
		w.addTable("archive", "orders")
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			if bytes.Contains(x.Value, []byte("orders")) && x.Path == runnertest.KeyspacePath("archive") {
				return runnertest.LandsLate(1 << 20)
			}
			return runnertest.Fault{}
		})
		w.state(t, start(t, w, one, w.plan()), rollout.Canceled, rollout.CodeFenced)
		w.Arrive()
		if vs := w.VSchema("archive"); vs == nil || len(vs.Tables) > 0 {
			t.Errorf("archive is %v", vs)
		}
	})
}

func TestFenceMeetsAWrite(t *testing.T) {
	bubble(t, "ours, which then goes on", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			switch {
			case writesOrders(x):
				return runnertest.LandsLate(1 << 20)
			case x.Path == customerPath:
				w.Arrive()
			}
			return runnertest.Fault{}
		})
		w.state(t, start(t, w, one, w.plan()), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		if n := w.gained("customer", "orders"); n != 1 {
			t.Errorf("written %d times", n)
		}
	})
	bubble(t, "of others", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			switch {
			case writesOrders(x):
				return runnertest.LandsLate(1 << 20)
			case x.Path == customerPath:
				w.foreign("customer", "invoice")
			}
			return runnertest.Fault{}
		})
		w.state(t, start(t, w, one, w.plan()), rollout.Canceled, rollout.CodeFenced)
		w.Arrive()
		w.everywhere("customer", "orders", false)
		if !w.has("customer", "invoice") {
			t.Error("another's table was lost")
		}
	})
}

func TestFenceUnanswered(t *testing.T) {
	bubble(t, "parks", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(onFirst(1<<20, customerPath, runnertest.NotLanded))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Applying, rollout.CodeUnknown)
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "though it had landed: that is no write of others", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			switch {
			case writesOrders(x):
				return runnertest.NotLanded
			case x.Path == customerPath:
				return runnertest.LandedUnanswered
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Applying, rollout.CodeUnknown)
		w.state(t, resume(t, w.process("two"), rec.ID), rollout.Canceled, rollout.CodeFenced)
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
	bubble(t, "and a person gives the write up", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(onFirst(1<<20, customerPath, runnertest.LandsLate(1<<20)))
		rec := start(t, w, one, w.plan())
		w.parked(t, rec, rollout.Applying, rollout.CodeUnknown)
		w.state(t, rollback(t, w.process("two"), rec.ID), rollout.Canceled, rollout.CodeAsked)
		w.Arrive()
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
}

func TestLandedAndOverwritten(t *testing.T) {
	// scene lets our write land unanswered, and another write follow at once.
	scene := func(w *world, then func(*vschema.Keyspace)) *process {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			switch {
			case !writesOrders(x):
			case x.Nth == 1:
				return runnertest.LandedUnanswered
			case x.Nth == 2:
				w.Edit("customer", then)
			}
			return runnertest.Fault{}
		})
		return one
	}
	other := func(vs *vschema.Keyspace) { addTable(vs, "customer", "invoice") }
	same := func(vs *vschema.Keyspace) { delete(vs.Tables, "orders") }

	bubble(t, "by a change of another table", func(t *testing.T, w *world) {
		w.state(t, start(t, w, scene(w, other), w.plan()), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		w.everywhere("customer", "invoice", true)
	})
	bubble(t, "by a change of the same table", func(t *testing.T, w *world) {
		rec := start(t, w, scene(w, same), w.plan())
		w.parked(t, rec, rollout.Applying, rollout.CodeOverwritten)
		if n := w.gained("customer", "orders"); n != 1 {
			t.Errorf("written %d times", n)
		}
	})
	bubble(t, "where topo cannot tell, and our entries stand", func(t *testing.T, w *world) {
		w.ForgetHistory()
		w.state(t, start(t, w, scene(w, other), w.plan()), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		w.everywhere("customer", "invoice", true)
	})
	bubble(t, "where topo cannot tell, and they do not", func(t *testing.T, w *world) {
		w.ForgetHistory()
		rec := start(t, w, scene(w, same), w.plan())
		unclear(t, rec)
		unclear(t, resume(t, w.process("two"), rec.ID))
		w.state(t, rollback(t, w.process("three"), rec.ID), rollout.RolledBack, rollout.CodeAsked)
		if n := w.gained("customer", "orders"); n != 1 {
			t.Errorf("written %d times", n)
		}
		w.free(t)
	})
	bubble(t, "where topo cannot tell, and it never landed", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		w.ForgetHistory()
		one := w.process("one")
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			switch {
			case !writesOrders(x):
			case x.Nth == 1:
				return runnertest.NotLanded
			case x.Nth == 2:
				w.foreign("customer", "invoice")
			}
			return runnertest.Fault{}
		})
		rec := start(t, w, one, w.plan())
		unclear(t, rec)
		w.state(t, rollback(t, w.process("two"), rec.ID), rollout.RolledBack, rollout.CodeAsked)
		w.everywhere("customer", "orders", false)
		if !w.has("customer", "invoice") {
			t.Error("another's table was lost")
		}
		w.free(t)
	})
}

// unclear refuses a record that is not parked with going back as the way on.
func unclear(t *testing.T, rec rollout.Record) {
	t.Helper()
	if rec.State != rollout.Applying || rec.Parked == nil || rec.Parked.Code != rollout.CodeUnknown ||
		!strings.HasPrefix(rec.Parked.Next, "vtsync rollback "+rec.ID) {
		t.Fatalf("rollout is %s, parked %+v\n%s", rec.State, rec.Parked, logOf(rec))
	}
}

func TestConflict(t *testing.T) {
	bubble(t, "at the first write", func(t *testing.T, w *world) {
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(before(customerPath, func() { w.foreign("customer", "invoice") }))
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.Conflicted, rollout.CodeConflict)
		if !strings.Contains(rec.Diff, "+ table invoice") {
			t.Errorf("diff:\n%s", rec.Diff)
		}
		if !w.has("customer", "invoice") || w.has("customer", "orders") {
			t.Errorf("global is %v", w.VSchema("customer"))
		}
		w.free(t)
	})
	bubble(t, "at the second write", func(t *testing.T, w *world) {
		one := conflictAtSecond(w, func() { w.foreign("customer", "invoice") })
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.Conflicted, rollout.CodeConflict)
		w.everywhere("commerce", "extra", false)
		if !w.has("customer", "invoice") || rec.ForeignRebuild || w.gained("commerce", "extra") != 1 {
			t.Errorf("%+v", rec)
		}
		w.free(t)
	})
	bubble(t, "at the second write, after somebody's rebuild", func(t *testing.T, w *world) {
		one := conflictAtSecond(w, func() {
			w.foreign("customer", "invoice")
			w.Rebuild("zone2")
		})
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.RolledBack, rollout.CodeForeign)
		if !rec.ForeignRebuild || !strings.Contains(rec.Reason, "zone2") {
			t.Errorf("%s, foreign rebuild %v", rec.Reason, rec.ForeignRebuild)
		}
		w.everywhere("commerce", "extra", false)
		w.free(t)
	})
	bubble(t, "while the first is taken back", func(t *testing.T, w *world) {
		one := conflictAtSecond(w, nil)
		one.Fail(func(x runnertest.Write) runnertest.Fault {
			switch {
			case x.Path == customerPath:
				w.foreign("customer", "invoice")
			case x.Path == runnertest.KeyspacePath("commerce") && x.Nth == 2:
				w.foreign("commerce", "theirs")
			}
			return runnertest.Fault{}
		})
		w.state(t, start(t, w, one, w.plan()), rollout.Conflicted, rollout.CodeConflict)
		w.everywhere("commerce", "extra", false)
		if !w.has("commerce", "theirs") {
			t.Error("another's table was lost")
		}
	})
	bubble(t, "topo refuses the write for good", func(t *testing.T, w *world) {
		w.addTable("commerce", "extra")
		w.addTable("customer", "orders")
		one := w.process("one")
		one.Fail(onFirst(1<<20, customerPath, runnertest.Refused))
		rec := start(t, w, one, w.plan())
		w.state(t, rec, rollout.Canceled, rollout.CodeRefused)
		w.everywhere("commerce", "extra", false)
		w.free(t)
	})
}

// conflictAtSecond makes the second of two global writes meet a write of
// others.
func conflictAtSecond(w *world, others func()) *process {
	w.addTable("commerce", "extra")
	w.addTable("customer", "orders")
	one := w.process("one")
	one.Fail(before(customerPath, others))
	return one
}
