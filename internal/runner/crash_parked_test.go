package runner_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
)

// holdup is what makes a rollout park until a person lifts it.
type holdup struct {
	name    string
	setup   func(*testing.T, *world) *plan.Plan
	process func(w *world, name string) *process
	// meanwhile happens before the first cell is written, whoever writes it.
	meanwhile func(*world)
	parked    rollout.Code
	lift      func(*world)
	people    []rollout.Who // who resumes it then, one after the other
	want      rollout.State
	code      rollout.Code
	stands    bool // customer.orders, in the end
}

var holdups = []holdup{
	{
		name: "breaker", parked: rollout.CodeBreaker, want: rollout.Committed, stands: true,
		setup: func(t *testing.T, w *world) *plan.Plan {
			physicalWorld(w)
			w.migrate(addRegion, planes.MigrationComplete, "-80")
			w.migrate(addRegion, planes.MigrationFailed, "80-")
			return w.planAfter(t.Context(), addRegion)
		},
		process: (*world).watched,
		lift:    func(w *world) { w.migrate(addRegion, planes.MigrationComplete, "80-") },
		people:  []rollout.Who{me},
	},
	{
		name: "approvals", parked: rollout.CodeApproval, want: rollout.Committed, stands: true,
		setup: func(_ *testing.T, w *world) *plan.Plan {
			w.addTable("commerce", "extra")
			w.addTable("customer", "orders")
			return w.plan()
		},
		process: func(w *world, name string) *process {
			return w.policed(name, admit.Policy{Approvals: admit.Approvals{Required: 2}})
		},
		lift:   func(*world) {},
		people: []rollout.Who{{User: "eve", Approves: true}, {User: "bob", Approves: true}},
	},
	{
		name: "a workflow on the way back", parked: rollout.CodeWorkflow, want: rollout.RolledBack, code: rollout.CodeBroken,
		setup: func(_ *testing.T, w *world) *plan.Plan {
			workflowWorld(w)
			w.SetVTGate("zone2", breaksOn("customer", "invoice"))
			return w.plan()
		},
		process: func(w *world, name string) *process {
			p := w.watched(name)
			p.Limits.Write = time.Second // it looks, and saves, often
			return p
		},
		meanwhile: func(w *world) { w.SetWorkflows(nil, creating) },
		lift:      func(w *world) { w.SetWorkflows(nil) },
		people:    []rollout.Who{me},
	},
}

// TestCrashAroundAPark kills the process at each of its writes until the rollout
// parks, and then at each of those after a person has lifted what it parked for.
// Another process finds the same in the way, and comes to the same end.
func TestCrashAroundAPark(t *testing.T) {
	for _, h := range holdups {
		t.Run(h.name, func(t *testing.T) {
			before, after := 0, 0
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				one, two := h.before(w, "one"), h.process(w, "two")
				rec := start(t, w, one, h.setup(t, w))
				h.isParked(t, rec)
				h.lift(w)
				h.ended(t, w, h.goOn(t, two, rec.ID))
				before, after = one.Writes(), two.Writes()
			})
			for nth := 1; nth <= before+after; nth++ {
				for _, landed := range []bool{false, true} {
					bubble(t, fmt.Sprintf("write %d of %d, landed %v", nth, before+after, landed), func(t *testing.T, w *world) {
						if nth <= before {
							h.crashBefore(t, w, nth, landed)
						} else {
							h.crashAfter(t, w, nth-before, landed)
						}
					})
				}
			}
		})
	}
}

// before is a process that meets what happens meanwhile.
func (h holdup) before(w *world, name string) *process {
	p := h.process(w, name)
	if h.meanwhile != nil {
		p.Fail(before(runnertest.CellPath("zone1"), func() { h.meanwhile(w) }))
	}
	return p
}

func (h holdup) crashBefore(t *testing.T, w *world, nth int, landed bool) {
	t.Helper()
	p, one := h.setup(t, w), h.before(w, "one")
	one.DieAt(nth, landed)
	if _, _ = one.Start(t.Context(), p, me, ""); !one.Dead() {
		h.early(t, one, nth)
		return
	}
	rec := scene{}.goOnBy(t, w, h.before(w, "two"), p)
	h.isParked(t, rec)
	h.lift(w)
	h.ended(t, w, h.goOn(t, h.process(w, "three"), rec.ID))
}

func (h holdup) crashAfter(t *testing.T, w *world, nth int, landed bool) {
	t.Helper()
	rec := start(t, w, h.before(w, "one"), h.setup(t, w))
	h.lift(w)
	two := h.process(w, "two")
	two.DieAt(nth, landed)
	for _, by := range h.people {
		_, _ = two.Resume(t.Context(), rec.ID, by)
	}
	if !two.Dead() {
		h.early(t, two, nth)
		return
	}
	h.ended(t, w, h.goOn(t, h.process(w, "three"), rec.ID))
}

// early refuses a process that did not die, unless it has looked, and saved, less
// often than the one that was not disturbed: pauses are random.
func (h holdup) early(t *testing.T, p *process, nth int) {
	t.Helper()
	if h.meanwhile == nil || p.Writes() >= nth {
		t.Error("it did not die")
	}
}

func (h holdup) goOn(t *testing.T, p *process, id string) (rec rollout.Record) {
	t.Helper()
	for _, by := range h.people {
		rec = as(t, p, id, by)
	}
	return rec
}

func (h holdup) isParked(t *testing.T, rec rollout.Record) {
	t.Helper()
	if rec.Parked == nil || rec.Parked.Code != h.parked {
		t.Fatalf("it is %s, parked %+v; want it parked for %s\n%s", rec.State, rec.Parked, h.parked, logOf(rec))
	}
}

func (h holdup) ended(t *testing.T, w *world, rec rollout.Record) {
	t.Helper()
	w.state(t, rec, h.want, h.code)
	w.everywhere("customer", "orders", h.stands)
	if n := w.gained("customer", "orders"); n > 1 {
		t.Errorf("it was written %d times", n)
	}
	w.free(t)
}
