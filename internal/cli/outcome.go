package cli

import (
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// planCode gives the exit code of showing a plan: a denial that is more than
// a finding in the files weighs most.
func planCode(p *plan.Plan, exitCode bool) int {
	findings := false
	for _, d := range p.Denials {
		if d.Code != plan.DeniedFinding {
			return errs.ExitDenied
		}
		findings = true
	}
	switch {
	case findings:
		return errs.ExitFindings
	case exitCode && !p.Empty():
		return errs.ExitFindings
	default:
		return errs.ExitOK
	}
}

// recordCode gives the exit code for where a rollout stopped.
func recordCode(r rollout.Record) int {
	switch r.State {
	case rollout.Committed, rollout.Skipped:
		return errs.ExitOK
	case rollout.DeniedState, rollout.Canceled, rollout.Conflicted:
		return errs.ExitDenied
	case rollout.RolledBack:
		return errs.ExitRolledBack
	case rollout.Pending, rollout.Waiting, rollout.Applying, rollout.Validating,
		rollout.RollingBack, rollout.Failed:
		return errs.ExitUnknown
	}
	return errs.ExitUnknown
}

// rollbackCode is recordCode for a way back that a person asked for: having
// rolled back is then the success, and so is having ended it before anything of
// it was written.
func rollbackCode(r rollout.Record) int {
	switch {
	case r.State == rollout.RolledBack, r.State == rollout.Canceled && r.Code == rollout.CodeAsked:
		return errs.ExitOK
	default:
		return recordCode(r)
	}
}
