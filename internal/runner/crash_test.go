package runner_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

// scene is a cluster and its files as they are before a rollout.
type scene struct {
	name  string
	setup func(*world)
	// meanwhile gives what others do during the rollout, whoever runs it.
	meanwhile func(*world) func(runnertest.Write) runnertest.Fault
	want      rollout.State
	check     func(*world)
}

var scenes = []scene{
	{
		name: "commit of two keyspaces", want: rollout.Committed,
		setup: func(w *world) {
			w.addTable("commerce", "extra")
			w.addTable("customer", "orders")
		},
		check: func(w *world) {
			w.everywhere("commerce", "extra", true)
			w.everywhere("customer", "orders", true)
		},
	},
	{
		name: "commit of an absent VSchema", want: rollout.Committed,
		setup: func(w *world) {
			w.files["archive"] = &vschema.Keyspace{}
			w.addTable("archive", "orders")
		},
		check: func(w *world) { w.everywhere("archive", "orders", true) },
	},
	{
		name: "heal", want: rollout.Committed,
		setup: func(w *world) {
			w.foreign("customer", "orders")
			w.Rebuild("zone1")
			w.files["customer"] = w.VSchema("customer")
		},
		check: func(w *world) { w.everywhere("customer", "orders", true) },
	},
	{
		name: "rollback on evidence", want: rollout.RolledBack,
		setup: func(w *world) {
			w.addTable("commerce", "extra")
			w.addTable("customer", "orders")
			w.SetVTGate("zone2", breaksOn("customer", "orders"))
		},
		check: func(w *world) {
			w.everywhere("commerce", "extra", false)
			w.everywhere("customer", "orders", false)
		},
	},
	{
		name: "conflict at the second write", want: rollout.Conflicted,
		setup: func(w *world) {
			w.addTable("commerce", "extra")
			w.addTable("customer", "orders")
		},
		meanwhile: func(w *world) func(runnertest.Write) runnertest.Fault {
			return func(x runnertest.Write) runnertest.Fault {
				if x.Path == customerPath && !w.has("customer", "invoice") {
					w.foreign("customer", "invoice")
				}
				return runnertest.Fault{}
			}
		},
		check: func(w *world) {
			w.everywhere("commerce", "extra", false)
			w.everywhere("customer", "orders", false)
		},
	},
}

// TestCrash kills the process at each of its writes, just before and just after
// it takes effect. Another process then goes on to the same end as undisturbed,
// and nothing is written twice.
func TestCrash(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			writes := 0
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				s.setup(w)
				one := s.process(w, "one")
				w.state(t, start(t, w, one, w.plan()), s.want, codeOf(s.want))
				s.end(t, w)
				writes = one.Writes()
			})
			for nth := 1; nth <= writes; nth++ {
				for _, after := range []bool{false, true} {
					name := fmt.Sprintf("write %d of %d, landed %v", nth, writes, after)
					bubble(t, name, func(t *testing.T, w *world) {
						s.setup(w)
						s.crash(t, w, nth, after)
					})
				}
			}
		})
	}
}

func (s scene) process(w *world, name string) *process {
	p := w.process(name)
	if s.meanwhile != nil {
		p.Fail(s.meanwhile(w))
	}
	return p
}

func (s scene) crash(t *testing.T, w *world, nth int, after bool) {
	t.Helper()
	p := w.plan()
	one := s.process(w, "one")
	one.DieAt(nth, after)
	if rec, err := one.Start(t.Context(), p, me, ""); !one.Dead() || err == nil && rec.Parked != nil {
		t.Fatalf("it did not die: %s, %v", rec.State, err)
	}
	rec := s.goOn(t, w, p)
	w.state(t, rec, s.want, codeOf(s.want))
	s.end(t, w)
}

// goOn does what a person does who finds the cluster so, on another host:
// resume what the store knows, else apply.
func (s scene) goOn(t *testing.T, w *world, p *plan.Plan) rollout.Record {
	t.Helper()
	return s.goOnBy(t, w, s.process(w, "two"), p)
}

func (s scene) goOnBy(t *testing.T, w *world, two *process, p *plan.Plan) rollout.Record {
	t.Helper()
	known, err := two.store.Rollouts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(known) == 0 {
		return start(t, w, two, p)
	}
	return resume(t, two, known[0].ID)
}

// end checks what must hold at the end, however it was reached.
func (s scene) end(t *testing.T, w *world) {
	t.Helper()
	w.Arrive()
	s.check(w)
	w.free(t)
	for _, ks := range []string{"commerce", "customer", "archive"} {
		for _, table := range []string{"extra", "orders"} {
			if n := w.gained(ks, table); n > 1 {
				t.Errorf("%s.%s was written %d times", ks, table, n)
			}
		}
		paused := w.head(t, ks).Paused != nil
		if want := s.want == rollout.RolledBack && ks != "archive"; paused != want {
			t.Errorf("keyspace %s is paused: %v, want %v", ks, paused, want)
		}
	}
}

func codeOf(s rollout.State) rollout.Code {
	switch s {
	case rollout.RolledBack:
		return rollout.CodeBroken
	case rollout.Conflicted:
		return rollout.CodeConflict
	default:
		return ""
	}
}
