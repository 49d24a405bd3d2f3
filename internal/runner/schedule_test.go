package runner_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestSchedules runs rollouts through random faults, writes of others and
// crashes. No foreign write is ever lost; committed means served; any other
// end leaves nothing of ours; and until there is an end, the record says that
// it is parked.
func TestSchedules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Rapid asks a *testing.T for its deadline, which a bubble has not.
		rapid.Check(struct{ *testing.T }{t}, func(rt *rapid.T) {
			w := newWorld(rt)
			w.addTable("commerce", "extra")
			w.addTable("customer", "orders")
			n := &noise{world: w, old: w.Served("zone1"), script: script(rt)}
			n.run(t, rapid.IntRange(0, 30).Draw(rt, "dies at"), rapid.Bool().Draw(rt, "after"))
		})
	})
}

// event is what happens around one write of ours.
type event struct {
	Fault, Late, Foreign int
}

func script(t *rapid.T) []event {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event {
		return event{
			Fault:   rapid.IntRange(0, 9).Draw(t, "fault"),
			Late:    rapid.IntRange(1, 60).Draw(t, "late"),
			Foreign: rapid.IntRange(0, 11).Draw(t, "foreign"),
		}
	}), 0, 60).Draw(t, "script")
}

// noise is a world in which all goes wrong that may, until the script ends.
type noise struct {
	*world
	old    *vschema.SrvVSchema // an old snapshot of a cell
	theirs []vschema.Entry     // tables of others

	mu     sync.Mutex // guards script and theirs
	script []event
}

func (n *noise) next(runnertest.Write) runnertest.Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.script) == 0 {
		return runnertest.Fault{}
	}
	ev := n.script[0]
	n.script = n.script[1:]
	n.others(ev.Foreign)
	switch ev.Fault {
	case 0:
		return runnertest.LandedUnanswered
	case 1:
		return runnertest.NotLanded
	case 2, 3:
		return runnertest.LandsLate(ev.Late)
	default:
		return runnertest.Fault{}
	}
}

func (n *noise) others(what int) {
	switch what {
	case 0, 1, 2:
		ks := []string{"commerce", "customer", "archive"}[what]
		table := fmt.Sprintf("theirs%d", len(n.theirs))
		n.foreign(ks, table)
		n.theirs = append(n.theirs, vschema.Entry{Keyspace: ks, Kind: vschema.TableEntry, Name: table})
	case 3:
		n.Rebuild()
	case 4:
		n.Rebuild("zone2")
	case 5:
		n.Serve("zone1", n.old)
	case 6:
		n.SetVTGate("zone2", breaksOn("customer", "orders"))
	case 7:
		n.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Breaks = nil })
	case 8:
		n.SetVTGate("zone1", func(g *runnertest.VTGate) { g.Silent = !g.Silent })
	}
}

func (n *noise) run(t *testing.T, dies int, after bool) {
	n.Helper()
	p := n.plan()
	one := n.process("one")
	one.Fail(n.next)
	one.DieAt(dies, after)
	rec, err := one.Start(t.Context(), p, me, "")
	n.honest(t, one, rec, err)

	two := n.process("two")
	two.Fail(n.next)
	if rec, err = n.goOn(t, two, p, rec); err != nil {
		n.Fatalf("resume: %v", err)
	}
	n.honest(t, two, rec, nil)
	n.calm()
	for range 2 {
		if !rec.State.Final() {
			if rec, err = n.goOn(t, n.process("three"), p, rec); err != nil {
				n.Fatalf("resume in calm: %v", err)
			}
		}
	}
	if !rec.State.Final() {
		if rec, err = n.process("four").Rollback(t.Context(), rec.ID, me); err != nil {
			n.Fatalf("rollback in calm: %v", err)
		}
	}
	n.ended(t, rec)
	n.Arrive()
	n.ended(t, rec)
}

// goOn resumes what the store knows, or starts what it knows nothing of.
func (n *noise) goOn(t *testing.T, p *process, pl *plan.Plan, rec rollout.Record) (rollout.Record, error) {
	known, err := n.process("reader").store.Rollouts(t.Context())
	switch {
	case err != nil:
		return rec, err
	case len(known) == 0:
		return p.Start(t.Context(), pl, me, "")
	default:
		return p.Resume(t.Context(), known[0].ID, me)
	}
}

func (n *noise) calm() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.script = nil
	n.SetVTGate("zone1", func(g *runnertest.VTGate) { g.Silent = false })
	n.SetVTGate("zone2", func(g *runnertest.VTGate) { g.Breaks = nil })
}

// honest refuses a runner that came back with neither an end nor a park nor an
// error.
func (n *noise) honest(t *testing.T, p *process, rec rollout.Record, err error) {
	n.Helper()
	switch {
	case err != nil && !isUnknown(err):
		n.Fatalf("%v", err)
	case err != nil || p.Dead():
	case rec.State.Final() != (rec.Parked == nil):
		n.Fatalf("%s, parked %+v", rec.State, rec.Parked)
	default:
		n.saved(t, rec)
	}
}

func (n *noise) ended(t *testing.T, rec rollout.Record) {
	n.Helper()
	if !rec.State.Final() {
		n.Fatalf("%s/%s, parked %+v\n%s", rec.State, rec.Step, rec.Parked, logOf(rec))
	}
	for _, x := range n.theirs {
		if !n.has(x.Keyspace, x.Name) {
			n.Fatalf("table %s.%s of others was lost\n%s", x.Keyspace, x.Name, logOf(rec))
		}
	}
	committed := rec.State == rollout.Committed || rec.State == rollout.Skipped
	n.everywhere("commerce", "extra", committed)
	n.everywhere("customer", "orders", committed)
	n.free(t)
	for ks, table := range map[string]string{"commerce": "extra", "customer": "orders"} {
		if times := n.gained(ks, table); times > 1 {
			n.Fatalf("%s.%s was written %d times\n%s", ks, table, times, logOf(rec))
		}
	}
}
