package admit

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

func TestCellOfANewerVitessIsDenied(t *testing.T) {
	in := Input{
		Plan:   &plan.Plan{Cells: []string{"zone1", "zone2"}, IgnoredCells: []string{"zone4"}, Phases: []plan.Phase{{}}},
		Global: planes.Global{},
	}
	tests := []struct {
		name  string
		cells []planes.Cell
		want  rollout.Verdict
	}{
		{"known", []planes.Cell{{Name: "zone1"}, {Name: "zone2"}}, rollout.Allow},
		{"newer", []planes.Cell{{Name: "zone1"}, {Name: "zone2", Unknown: []string{"field 9"}}}, rollout.Deny},
		{"newer, appeared since", []planes.Cell{{Name: "zone3", Unknown: []string{"field 9"}}}, rollout.Deny},
		{"newer, ignored", []planes.Cell{{Name: "zone4", Unknown: []string{"field 9"}}}, rollout.Allow},
		{"silent", []planes.Cell{{Name: "zone1", Err: "no answer"}}, rollout.Allow},
	}
	for _, tt := range tests {
		in.Cells = tt.cells
		got := Judge(in)
		if got.Verdict != tt.want || (got.Verdict == rollout.Deny && !strings.Contains(got.Reason, "cell zone")) {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.want)
		}
	}
}
