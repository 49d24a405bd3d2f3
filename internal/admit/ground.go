package admit

import (
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Ground judges a plan with nothing to do: whether what it says is still so, and
// of this cluster, before it is recorded as committed.
func Ground(p *plan.Plan, g planes.Global) Verdict {
	for _, judge := range []func(Input) Verdict{cluster, denials, base} {
		if v := judge(Input{Plan: p, Global: g}); v.Verdict != "" && v.Verdict != rollout.Allow {
			return v
		}
	}
	return Verdict{Verdict: rollout.Allow}
}
