package e2e

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/impact/catalog"
)

// TestImpactCatalog holds every change of the catalogue to a real vtgate: its plans
// before and after are those that vtsync makes, and judging the vtgate's own gives
// what the catalogue says.
func TestImpactCatalog(t *testing.T) {
	t.Parallel()
	entries, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlanners(t)
	queries := 0
	for _, e := range entries {
		t.Run(e.Name, func(t *testing.T) {
			before, after := p.plans(t, e.Before, e), p.plans(t, e.After, e)
			ours := [2]*compile.Planner{p.planner(e.Before.Routing), p.planner(e.After.Routing)}
			groundBefore := impact.GroundOf(e.Before.Routing, e.Before.Shards)
			groundAfter := impact.GroundOf(e.After.Routing, e.After.Shards)
			for i, x := range e.Expect {
				queries++
				reached := compile.Reached(ours[0], ours[1], x.Query, after[i])
				r := impact.Judge(x.Query, before[i], reached, groundBefore, groundAfter)
				if problem := x.Differs(r); problem != "" {
					t.Errorf("by the vtgate's plans: %s", problem)
				}
			}
		})
	}
	t.Logf("%d changes, %d queries on both sides", len(entries), queries)
}

// plans are the vtgate's of an entry's queries on one side, each held to ours.
func (p *planners) plans(t *testing.T, s catalog.Side, e catalog.Entry) []impact.Plan {
	t.Helper()
	p.t = t
	p.serve(s.Routing)
	planner := p.planner(s.Routing)
	out := make([]impact.Plan, len(e.Expect))
	for i, x := range e.Expect {
		out[i] = p.ask(x.Query)
		ours := planner.Plan(t.Context(), x.Query)
		if problem := samePlan(out[i], ours); problem != "" {
			t.Errorf("%s: %s", x.Query.SQL, strings.TrimSpace(problem))
		}
		// A plan does not say it, and the judgement of writes needs it.
		out[i].Tables = ours.Tables
	}
	return out
}
