package admit

import (
	"fmt"
	"time"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Outlook says what of the policy would hold a plan up if it were applied now
// and gave up waiting at the deadline. It stands beside the plan, which holds no
// time.
func Outlook(p *plan.Plan, policy Policy, now, deadline time.Time) []string {
	if p.Empty() {
		return nil
	}
	var out []string
	in := Input{Plan: p, Policy: policy, Now: now, Deadline: deadline}
	if v := impacts(in); v.Verdict == rollout.Deny && len(p.Denials) == 0 { // else the plan says it
		out = append(out, v.Reason+": apply would be denied; "+v.Remedy)
	}
	v := frozen(in)
	switch v.Verdict {
	case rollout.Deny:
		out = append(out, v.Reason+": apply would be denied; "+v.Remedy)
	case rollout.Wait:
		out = append(out, v.Reason+": apply would wait for that")
	case rollout.Allow, "":
	}
	if n := policy.Approvals.For(p); n > 0 {
		out = append(out, fmt.Sprintf("approvals needed: %d; yours is given by `vtsync apply --approve`, those of others by `vtsync resume ROLLOUT --approve`", n))
	}
	return out
}
