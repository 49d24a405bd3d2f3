package rollout

import (
	"slices"
	"time"
)

// Approved gives the approvals with that of a person who approves; each user's
// first one counts.
func Approved(list []Approval, by Who, at time.Time) []Approval {
	if !by.Approves || slices.ContainsFunc(list, func(a Approval) bool { return a.By.User == by.User }) {
		return list
	}
	by.Approves, by.OverPause = false, false // not what they approved of
	return append(slices.Clip(list), Approval{By: by, At: at})
}

// approve keeps the approval of a person who approves.
func (m *machine) approve(by Who) {
	had := len(m.rec.Approvals)
	if m.rec.Approvals = Approved(m.rec.Approvals, by, m.at); len(m.rec.Approvals) > had {
		m.log("approved by %s", by)
	}
}
