package compile_test

import (
	"testing"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/impact/catalog"
)

// TestCatalog holds the planner and the judgement to the catalogue of changes; a
// test in e2e holds the catalogue to real vtgates.
func TestCatalog(t *testing.T) {
	entries, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			before, after := planner(t, e.Before), planner(t, e.After)
			for _, x := range e.Expect {
				r := impact.Judge(x.Query,
					before.Plan(t.Context(), x.Query), after.Plan(t.Context(), x.Query),
					impact.GroundOf(e.Before.Routing, e.Before.Shards), impact.GroundOf(e.After.Routing, e.After.Shards))
				if r.Verdict != x.Verdict || r.Before.Class != x.Before || r.After.Class != x.After {
					t.Errorf("%s\n got %s %s %s %v\nwant %s %s %s\n%v\n%v", x.Query.SQL, r.Verdict, r.Before.Class, r.After.Class, r.Reasons, x.Verdict, x.Before, x.After, r.Before.Error, r.After.Error)
				}
			}
		})
	}
}

func planner(t *testing.T, s catalog.Side) *compile.Planner {
	t.Helper()
	p, err := compile.New(compile.Input{Routing: s.Routing})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
