package admit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// rebuild refuses a plan whose cells are written by Vitess's rebuild where that
// would ship by now what the plan does not say.
func rebuild(in Input) Verdict {
	for _, c := range in.Cells {
		if slices.Contains(in.Plan.IgnoredCells, c.Name) || !in.Plan.Rebuilds(in.Phase, c.Name) {
			continue
		}
		unplanned := plan.Unplanned(in.Plan, in.Phase, in.Global, c, in.Physical)
		if len(unplanned) == 0 {
			continue
		}
		return Verdict{
			Verdict: rollout.Deny, Code: rollout.CodeStale,
			Reason: fmt.Sprintf("plan %s is stale: cell %s is written by a rebuild, which would ship more: %s", in.Plan.ID, c.Name, strings.Join(unplanned, "; ")),
			Remedy: "plan again, to see what it ships: vtsync plan",
		}
	}
	return Verdict{}
}
