package app

import (
	"context"
	"slices"
	"time"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// policy is what the config says of admission.
func (a *App) policy() admit.Policy {
	p := a.cluster.Policy
	return admit.Policy{
		BreakerPercent: p.BreakerPercent,
		Freeze:         p.Freeze,
		Approvals:      admit.Approvals{Required: p.Approvals.Required, From: p.Approvals.From},
		Impact:         p.Impact,
	}
}

// Outlook says what would hold a plan up if it were applied now: what MySQL lacks,
// as it was when the plan was made, and what the policy says; and what it was not
// held against.
func (a *App) Outlook(ctx context.Context, p *plan.Plan) []string {
	now := time.Now()
	return slices.Concat(a.holdups, admit.Outlook(p, a.policy(), now, now.Add(a.cluster.Policy.Wait)), a.unlooked(ctx, p))
}

// runs says who runs a rollout in this process, and whether they approve of it.
func (a *App) runs(commit string, run cli.Running) (rollout.Who, error) {
	by := a.who(commit)
	by.OverPause, by.Approves = run.OverPause, run.Approve
	if by.Approves && by.User == "" {
		return by, &errs.Denied{
			Msg:  "nobody can tell whose approval this would be: the operating system has no name for this user",
			Next: "run it as a user with a name, or leave --approve out",
		}
	}
	return by, nil
}
