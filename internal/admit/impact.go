package admit

import (
	"slices"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// impacts holds what a plan does to the known queries, as it was judged when the
// plan was made, against the policy of whoever applies it: that may be stricter
// than the planner's. What has begun by that judgement is not stopped half way,
// and the way back never.
func impacts(in Input) Verdict {
	report := in.Plan.Impact
	if report == nil || in.Plan.Undoes != "" || in.Phase > 0 {
		return Verdict{}
	}
	for _, breach := range in.Policy.Impact.Check(report.Summary) {
		if !slices.Contains(in.Plan.Allowed, breach.Kind) {
			return Verdict{
				Verdict: rollout.Deny, Code: rollout.CodeDenied,
				Reason: breach.Text,
				Remedy: "plan again: " + plan.RemedyImpact(report, breach.Kind),
			}
		}
	}
	return Verdict{}
}
