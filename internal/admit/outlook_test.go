package admit

import (
	"slices"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/plan"
)

// TestOutlook: what is said beside a plan is what apply would do.
func TestOutlook(t *testing.T) {
	const open = "a freeze window is open: night, until Fri 2026-11-20 12:00 UTC: apply would "
	for _, tt := range []struct {
		name, now, deadline string
		required            int
		spoil               func(*plan.Plan)
		want                []string
	}{
		{"nothing", "2026-11-20 13:00", "2026-11-20 14:00", 0, nil, nil},
		{"denied", "2026-11-20 10:00", "2026-11-20 11:00", 0, nil, []string{open + "be denied; apply when it has ended, or now with --allow freeze"}},
		{"waits, and needs approvals", "2026-11-20 11:30", "2026-11-20 12:30", 2, nil, []string{
			open + "wait for that",
			"approvals needed: 2; yours is given by `vtsync apply --approve`, those of others by `vtsync resume ROLLOUT --approve`",
		}},
		{"allowed", "2026-11-20 10:00", "2026-11-20 11:00", 0, func(p *plan.Plan) { p.Allowed = []string{"freeze"} }, nil},
		{"the way back", "2026-11-20 10:00", "2026-11-20 11:00", 2, func(p *plan.Plan) { p.Undoes = "p1" }, nil},
		{"a plan that was made under a looser policy", "2026-11-20 13:00", "2026-11-20 14:00", 0, func(p *plan.Plan) { p.Impact = impacted(impact.Breaks) }, []string{
			"1 of 2 queries loses its plan: apply would be denied; plan again: vtsync impact, with the plan's flags, lists the queries, and shows the plans of one with --explain NUMBER; --allow breaks lets it happen",
		}},
		{"a plan that is denied for it and says so", "2026-11-20 13:00", "2026-11-20 14:00", 0, func(p *plan.Plan) {
			p.Impact, p.Denials = impacted(impact.Breaks), []plan.Denial{{Code: plan.DeniedImpact}}
		}, nil},
		{"nothing to apply", "2026-11-20 10:00", "2026-11-20 11:00", 2, func(p *plan.Plan) { p.Phases = nil }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := input(t).Plan
			if tt.spoil != nil {
				tt.spoil(p)
			}
			policy := Policy{Freeze: []freeze.Window{daily(12 * time.Hour)}, Approvals: Approvals{Required: tt.required}}
			if got := Outlook(p, policy, at(tt.now), at(tt.deadline)); !slices.Equal(got, tt.want) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}
