package runner_test

import (
	"fmt"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
)

// TestOldRolloutsAreForgotten runs many rollouts: the last fifty are kept, and
// few more.
func TestOldRolloutsAreForgotten(t *testing.T) {
	const (
		kept  = 50
		slack = 8 // rollouts between two prunings
		all   = kept + 3*slack
	)
	bubble(t, "one keyspace", func(t *testing.T, w *world) {
		p := w.process("one")
		for i := range all {
			w.addTable("commerce", fmt.Sprintf("t%d", i))
			w.state(t, start(t, w, p, w.plan()), rollout.Committed, "")
			records, err := p.store.Rollouts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := len(records); n < min(i+1, kept) || n > kept+slack {
				t.Fatalf("%d records are kept after %d rollouts", n, i+1)
			}
		}
	})
}
