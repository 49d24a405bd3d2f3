package rollout_test

import (
	"testing"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/rollout"
)

// TestReloadsAreThoseBeforeTheWrite reads a cell's vtgate at a count of 1, 2
// and 3: a write that is in flight already may be the reason for the second.
func TestReloadsAreThoseBeforeTheWrite(t *testing.T) {
	rec := rollout.Record{
		State: rollout.Applying, Step: rollout.StepCells, Phases: [][]string{{"customer"}},
		Cells:    []rollout.CellWrite{{Cell: "zone1", Status: rollout.WritePlanned}},
		Baseline: &converge.Baseline{Reloads: map[string]converge.Reloads{"h:1": {Count: 0, At: noon.Time}, "h:2": {Count: 9, At: noon.Time}}},
	}
	first := rec.Baseline
	unanswered := rollout.CellsWrote{At: noon, Cells: []rollout.CellResult{{Cell: "zone1", Outcome: rollout.OutcomeUnknown}}}
	for _, step := range []struct {
		count   int64
		version string
		want    int64
	}{{1, "5", 1}, {2, "5", 1}, {3, "6", 3}} {
		next, _, err := rollout.Advance(rec, rollout.CellsRead{At: noon, Cells: []rollout.CellFact{{
			Cell: "zone1", Token: token(step.version),
			Reloads: map[string]converge.Reloads{"h:1": {Count: step.count, At: noon.Time}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := next.Baseline.Reloads; got["h:1"].Count != step.want || got["h:2"].Count != 9 {
			t.Errorf("read at %d on version %s: kept %+v, want %d", step.count, step.version, got, step.want)
		}
		if rec, _, err = rollout.Advance(next, unanswered); err != nil {
			t.Fatal(err)
		}
		rec.Step = rollout.StepCells
	}
	if first.Reloads["h:1"].Count != 0 {
		t.Error("the record that it was advanced from has changed")
	}
}
