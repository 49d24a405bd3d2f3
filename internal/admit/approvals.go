package admit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Approvals say how many people must approve of a plan. The zero value asks for
// none.
type Approvals struct {
	Required int
	// From is the mildest hazard of a plan that needs them; empty means every
	// plan does.
	From diff.Hazard
}

// For gives how many a plan needs. The way back is never held up: it needs
// none.
func (a Approvals) For(p *plan.Plan) int {
	if p.Undoes != "" || a.From.Worse(p.Hazard()) {
		return 0
	}
	return a.Required
}

// approvals waits until enough people have approved. Each counts once, however
// often and from wherever they said so.
func approvals(in Input) Verdict {
	required := in.Policy.Approvals.For(in.Plan)
	var users, names []string
	for _, a := range in.Approvals {
		if !slices.Contains(users, a.By.User) {
			users, names = append(users, a.By.User), append(names, a.By.String())
		}
	}
	if len(users) >= required {
		return Verdict{}
	}
	text := fmt.Sprintf("%d of %d approvals", len(users), required)
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	return Verdict{
		Verdict: rollout.Wait, Code: rollout.CodeApproval, Person: true, Reason: text,
		Waits: []rollout.Blocker{{Kind: rollout.WaitApproval, Text: text}},
	}
}
