package admit

import (
	"slices"

	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Frozen tells whether a freeze window keeps a plan from being begun. The way
// back is never held up, nor a plan that was made with --allow freeze.
func Frozen(p *plan.Plan, in Input) (freeze.Frozen, bool) {
	if p.Undoes != "" || slices.Contains(p.Allowed, plan.AllowFreeze) {
		return freeze.Frozen{}, false
	}
	return freeze.At(in.Policy.Freeze, in.Now)
}

// frozen waits for the end of a freeze window that the rollout can live to see.
// Otherwise it is denied at once, rather than holding its keyspaces for
// nothing. Where that would lose what was written, or what people approved of,
// it is for a person to go on with it.
func frozen(in Input) Verdict {
	f, open := Frozen(in.Plan, in)
	if !open {
		return Verdict{}
	}
	text := "a freeze window is open: " + f.String()
	v := Verdict{
		Verdict: rollout.Wait, Code: rollout.CodeFreeze, Reason: text,
		Waits: []rollout.Blocker{{Kind: rollout.WaitFreeze, Name: f.Reasons[0], Text: text, Until: f.Until}},
	}
	switch {
	case !f.Until.IsZero() && !f.Until.After(in.Deadline):
		return v
	case in.Phase > 0 || in.parkedForApproval():
		v.Person = true
		return v
	default:
		return Verdict{
			Verdict: rollout.Deny, Code: rollout.CodeFreeze, Reason: text,
			Remedy: "apply when it has ended, or now with --allow " + plan.AllowFreeze,
		}
	}
}

// parkedForApproval tells whether the rollout has parked before, until people
// approve.
func (in Input) parkedForApproval() bool {
	return slices.ContainsFunc(in.Waits, func(w rollout.Waited) bool { return w.Kind == rollout.WaitApproval })
}
