package admit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/workflow"
)

// rebuild refuses a plan whose cells are written by Vitess's rebuild where that
// would ship by now what the plan does not say, and waits while nobody can tell.
func rebuild(in Input) Verdict {
	var waits []rollout.Blocker
	for _, c := range in.Cells {
		if slices.Contains(in.Plan.IgnoredCells, c.Name) || !in.Plan.Rebuilds(in.Phase, c.Name) {
			continue
		}
		more := plan.SurplusOf(in.Plan, in.Phase, in.Global, c, in.Physical)
		if len(more.Unplanned) > 0 {
			return Verdict{
				Verdict: rollout.Deny, Code: rollout.CodeStale,
				Reason: fmt.Sprintf("plan %s is stale: cell %s is written by a rebuild, which would ship more: %s", in.Plan.ID, c.Name, strings.Join(more.Unplanned, "; ")),
				Remedy: "plan again, to see what it ships: vtsync plan",
			}
		}
		if len(more.Unknown) > 0 {
			waits = append(waits, rollout.Blocker{
				Kind: rollout.WaitWorkflow,
				Text: fmt.Sprintf("cell %s is written by a rebuild: %s", c.Name, strings.Join(more.Unknown, "; ")),
			})
		}
	}
	if len(waits) == 0 {
		return Verdict{}
	}
	v := Verdict{
		Verdict: rollout.Wait, Code: rollout.CodeWorkflow, Reason: waits[0].Text,
		Waits: waits, Transient: in.Physical.Err != "",
	}
	// Holds says why it is not known, and what helps.
	unread := planes.Physical{Err: in.Physical.Err, Unread: in.Physical.Unread}
	if holds := workflow.Holds(unread, in.Global); len(holds) > 0 {
		v.Reason += ": " + holds[0].Text
		v.Remedy = holds[0].Remedy
	}
	return v
}
