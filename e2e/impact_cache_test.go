package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
)

// TestImpactAgreesWithThePlanCache runs the statements, which fail for want of
// tablets, and compares vtsync's plans of what it then finds in the vtgate's plan
// cache with the plans that stand there.
func TestImpactAgreesWithThePlanCache(t *testing.T) {
	t.Parallel()
	in := readLive(t)
	p := newPlanners(t)
	p.create(in)
	ran := p.runAll(in)
	planner := p.planner(p.srv("zone1"))
	reader := p.reader()
	plans, err := reader.QueryPlans(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	equal, otherSession := 0, 0
	for _, cached := range plans {
		if exceptionsInCache[cached.SQL] || !slices.ContainsFunc(cached.TablesUsed, notDual) {
			continue
		}
		// The cache does not say which keyspace the session had chosen: it is
		// taken from the tables, which is wrong where a rule led to them, and says
		// nothing where they are of several keyspaces or vindexes.
		form, ok := collected(impact.Query{SQL: cached.SQL, Keyspace: queries.KeyspaceOf(cached.TablesUsed), Executions: 1})
		sessions := ran[form.SQL]
		if !ok || len(sessions) == 0 {
			t.Errorf("collected as %q, which nobody ran: %s", form.SQL, cached.SQL)
			continue
		}
		theirs := impact.Plan{Tree: cached.Instructions}
		problem := differsFromAll(t, planner, theirs, []impact.Query{form})
		switch {
		case problem == "":
			equal++
		case differsFromAll(t, planner, theirs, sessions) == "":
			otherSession++
			t.Logf("only in its session: %s, of %v", cached.SQL, cached.TablesUsed)
		default:
			t.Errorf("%s: %s", cached.SQL, problem)
		}
	}
	t.Logf("%d plans in the cache: %d as ours, %d as ours in the session that ran them", len(plans), equal, otherSession)
	if equal < 300 || otherSession*20 > equal {
		t.Errorf("of %d plans %d are as ours and %d only in their session, want at least 300, and at most one in 20", len(plans), equal, otherSession)
	}
}

// exceptionsInCache are the texts in which vtgate leaves literals, which are not
// collected.
var exceptionsInCache = map[string]bool{
	"select group_concat(`name` order by `name` asc separator ';') from customer": true,
	"select :vtg1 /* VARCHAR */ as a, count(*) from customer group by 'a'":        true,
	"select id from customer where id = 18446744073709551615":                     true,
}

// notDual tells real tables from dual, for which vtgate takes any keyspace.
func notDual(table string) bool { return !strings.HasSuffix(table, ".dual") }

// runAll runs the statements of sessions with primaries, often enough to be
// cached, and gives them as they are collected, by text.
func (p *planners) runAll(in live) map[string][]impact.Query {
	p.t.Helper()
	out := map[string][]impact.Query{}
	for _, q := range in.queries {
		if form, ok := collected(q); ok && q.TabletType == "" && !strings.ContainsAny(q.Keyspace, ":[") {
			out[form.SQL] = append(out[form.SQL], form)
			for range 2 {
				_, _ = p.gate.Query(p.t.Context(), q.Keyspace, q.SQL)
			}
		}
	}
	return out
}

// differsFromAll is empty where one of the queries has that plan.
func differsFromAll(t *testing.T, planner *compile.Planner, theirs impact.Plan, queries []impact.Query) string {
	t.Helper()
	var problem string
	for _, q := range queries {
		if problem = samePlan(theirs, planner.Plan(t.Context(), q)); problem == "" {
			return ""
		}
	}
	return problem
}
