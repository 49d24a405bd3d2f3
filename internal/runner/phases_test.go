package runner_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/vschema"
)

// inPhases gives a plan each of its writes as a phase of its own.
func inPhases(w *world, p *plan.Plan) *plan.Plan {
	w.Helper()
	first := p.Phases[0]
	p.Phases = nil
	for _, write := range first.Writes {
		p.Phases = append(p.Phases, plan.Phase{Writes: []plan.GlobalWrite{write}})
	}
	p.ID, p.Digest = "", ""
	raw, err := json.Marshal(p)
	if err != nil {
		w.Fatalf("%v", err)
	}
	sum := sha256.Sum256(raw)
	p.Digest = hex.EncodeToString(sum[:])
	p.ID = p.Digest[:12]
	return p
}

func TestPhases(t *testing.T) {
	two := func(w *world) *plan.Plan {
		w.addTable("commerce", "extra")
		w.addTable("customer", "orders")
		return inPhases(w, w.plan())
	}
	bubble(t, "one after the other", func(t *testing.T, w *world) {
		one := w.process("one")
		one.Fail(before(customerPath, func() {
			if !w.served("zone1", "commerce", "extra") || !w.served("zone2", "commerce", "extra") {
				t.Error("the second phase began before the first was served")
			}
		}))
		w.state(t, start(t, w, one, two(w)), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
		w.free(t)
	})
	bubble(t, "the second is stale", func(t *testing.T, w *world) {
		p, one := two(w), w.process("one")
		one.Fail(before(runnertest.CellPath("zone1"), func() { w.foreign("customer", "invoice") }))
		w.state(t, start(t, w, one, p), rollout.RolledBack, rollout.CodeStale)
		w.everywhere("commerce", "extra", false)
		if !w.has("customer", "invoice") {
			t.Error("another's table was lost")
		}
	})
	bubble(t, "saved by others, and the second is not served: not skipped", func(t *testing.T, w *world) {
		p := two(w)
		w.foreign("commerce", "extra")
		w.Rebuild()
		w.foreign("customer", "orders")
		w.state(t, start(t, w, w.process("one"), p), rollout.DeniedState, rollout.CodeStale)
	})
	bubble(t, "a vtgate breaks on the second", func(t *testing.T, w *world) {
		p := two(w)
		w.SetVTGate("zone2", breaksOn("customer", "orders"))
		w.state(t, start(t, w, w.process("one"), p), rollout.RolledBack, rollout.CodeBroken)
		w.everywhere("commerce", "extra", false)
		w.everywhere("customer", "orders", false)
		w.free(t)
	})
	bubble(t, "the second meets another write, and the first has been overwritten", func(t *testing.T, w *world) {
		p, one := two(w), w.process("one")
		one.Fail(before(customerPath, func() {
			w.foreign("customer", "invoice")
			w.Edit("commerce", func(vs *vschema.Keyspace) { vs.Tables["extra"] = &vschema.Table{Type: "sequence"} })
		}))
		rec := start(t, w, one, p)
		w.state(t, rec, rollout.Failed, rollout.CodeUndo)
		if w.VSchema("commerce").Tables["extra"].GetType() != "sequence" {
			t.Error("another's value was lost")
		}
		w.free(t)
	})
}
