package impact

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPolicyCheck(t *testing.T) {
	percent := func(p float64) *float64 { return &p }
	bad := []Result{
		result("a", 41, Dearer, oneShard, allShards), result("b", 1, Breaks, oneShard, noPlan),
		result("c", 29, Same, oneShard, oneShard), result("d", 29, Cheaper, allShards, oneShard),
	}
	breaks := Breach{BreachBreaks, "1 of 4 queries, 1 % of executions, loses its plan"}
	newScatter := Breach{BreachNewScatter, "1 of 4 queries, 41 % of executions, begins to ask all shards of a keyspace"}
	dearer := Breach{BreachDearer, "1 of 4 queries, 41 % of executions, becomes dearer: at most 5 % of the executions may"}
	unknown := Side{Class: NotPlannable, Error: &Error{Code: "VT05003", Text: "VT05003: unknown database 'shop' in vschema"}}
	half := []Result{result("a", 50, Same, oneShard, oneShard), result("b", 50, Same, unknown, unknown)}
	most := []Result{result("a", 1, Dearer, oneShard, allShards), result("b", 99, Same, unknown, unknown)}
	tests := map[string]struct {
		policy  Policy
		results []Result
		want    []Breach
	}{
		"the defaults":             {Policy{}, bad, []Breach{breaks, newScatter}},
		"all of it":                {Policy{Breaks: Deny, NewScatter: Deny, DearerPercent: percent(5)}, bad, []Breach{breaks, newScatter, dearer}},
		"nothing":                  {Policy{Breaks: Allow, NewScatter: Allow}, bad, nil},
		"dearer alone":             {Policy{Breaks: Allow, NewScatter: Allow, DearerPercent: percent(5)}, bad, []Breach{dearer}},
		"just so many become so":   {Policy{Breaks: Allow, NewScatter: Allow, DearerPercent: percent(41)}, bad, nil},
		"none may become dearer":   {Policy{DearerPercent: percent(0)}, bad[2:], nil},
		"a single one does":        {Policy{NewScatter: Allow, DearerPercent: percent(0)}, bad[:1], []Breach{{BreachDearer, "1 of 1 query, 100 % of executions, becomes dearer: at most 0 % of the executions may"}}},
		"cheaper is no breach":     {Policy{DearerPercent: percent(0)}, bad[3:], nil},
		"no queries":               {Policy{DearerPercent: percent(0)}, nil, nil},
		"executions are not known": {Policy{NewScatter: Allow}, []Result{result("a", 1, Breaks, oneShard, noPlan), result("b", 1, Breaks, oneShard, noPlan)}, []Breach{{BreachBreaks, "2 of 2 queries lose their plan"}}},
		"half can be judged":       {Policy{}, half, nil},
		"less than half can": {Policy{NewScatter: Allow}, most, []Breach{
			{BreachUnjudged, "only 1 % of executions could be judged: VT05003: unknown database 'shop' in vschema"},
		}},
		"what has no plan makes no share smaller": {Policy{Unjudged: Allow, DearerPercent: percent(50)}, most, []Breach{
			{BreachNewScatter, "1 of 1 query with a plan, 100 % of its executions, begins to ask all shards of a keyspace"},
			{BreachDearer, "1 of 1 query with a plan, 100 % of its executions, becomes dearer: at most 50 % of the executions may"},
		}},
		"none can be judged": {Policy{}, half[1:], []Breach{
			{BreachUnjudged, "the one known query has no plan on either side: VT05003: unknown database 'shop' in vschema"},
		}},
		"nobody counted executions": {Policy{}, []Result{result("a", 1, Same, oneShard, oneShard), result("b", 1, Same, noColumns, noColumns), result("c", 1, Same, noPlan, noPlan)}, []Breach{
			{BreachUnjudged, "only 1 of 3 queries could be judged: VT12001: unsupported: this"},
		}},
		"a fixed query may scatter": {Policy{}, []Result{result("a", 1, Fixed, noPlan, allShards)}, nil},
	}
	for name, tc := range tests {
		if diff := cmp.Diff(tc.want, tc.policy.Check(NewReport("", tc.results, nil).Summary)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
