package admit

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// impacted is what a plan keeps where one of two queries gets the verdict; one
// that becomes dearer begins to scatter.
func impacted(verdict impact.Verdict) *impact.Report {
	one, many := 1, 8
	was := impact.Side{Class: impact.SingleShard, Shards: &one, Routes: []impact.Route{{Opcode: "EqualUnique", Keyspace: "customer"}}}
	is := impact.Side{Class: impact.Scatter, Shards: &many, Routes: []impact.Route{{Opcode: "Scatter", Keyspace: "customer"}}}
	return impact.NewReport("24.0.1", []impact.Result{
		{SQL: "select 1 from customer where id = :id", Weight: 1, Verdict: verdict, Before: was, After: is},
		{SQL: "select 2 from customer where id = :id", Weight: 1, Verdict: impact.Same, Before: was, After: was},
	}, nil)
}

// unplannable is what a plan keeps where no query has a plan.
func unplannable() *impact.Report {
	none := impact.Side{Class: impact.NotPlannable, Error: &impact.Error{Code: "VT05003", Text: "unknown database 'shop'"}}
	return impact.NewReport("24.0.1", []impact.Result{{SQL: "select 1 from customer", Weight: 1, Verdict: impact.Same, Before: none, After: none}}, nil)
}

func TestImpact(t *testing.T) {
	percent := func(f float64) *float64 { return &f }
	for _, tt := range []struct {
		name   string
		report *impact.Report
		policy impact.Policy
		spoil  func(*Input)
		want   string // what the remedy lets happen; "" where it is admitted
	}{
		{"no query is known", nil, impact.Policy{}, nil, ""},
		{"no query changes", impacted(impact.Same), impact.Policy{DearerPercent: percent(0)}, nil, ""},
		{"a query breaks", impacted(impact.Breaks), impact.Policy{}, nil, "--allow breaks"},
		{"the policy lets it", impacted(impact.Breaks), impact.Policy{Breaks: impact.Allow, NewScatter: impact.Allow}, nil, ""},
		{"the plan allows it", impacted(impact.Breaks), impact.Policy{NewScatter: impact.Allow}, func(in *Input) { in.Plan.Allowed = []string{"breaks", "freeze"} }, ""},
		{"the plan allows something else", impacted(impact.Dearer), impact.Policy{}, func(in *Input) { in.Plan.Allowed = []string{"breaks"} }, "--allow new_scatter"},
		{"within the limit", impacted(impact.Dearer), impact.Policy{NewScatter: impact.Allow, DearerPercent: percent(50)}, nil, ""},
		{"beyond the limit", impacted(impact.Dearer), impact.Policy{NewScatter: impact.Allow, DearerPercent: percent(49.9)}, nil, "--allow dearer"},
		{"nothing is judged", unplannable(), impact.Policy{}, nil, "--allow unjudged"},
		{"nothing need be", unplannable(), impact.Policy{Unjudged: impact.Allow}, nil, ""},
		{"the plan allows it so", unplannable(), impact.Policy{}, func(in *Input) { in.Plan.Allowed = []string{"unjudged"} }, ""},
		{"the way back", impacted(impact.Breaks), impact.Policy{}, func(in *Input) { in.Plan.Undoes = "p1" }, ""},
		{"what has begun", impacted(impact.Breaks), impact.Policy{}, func(in *Input) {
			in.Plan.Phases, in.Phase = append([]plan.Phase{{}}, in.Plan.Phases...), 1
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t)
			in.Plan.Impact, in.Policy.Impact = tt.report, tt.policy
			if tt.spoil != nil {
				tt.spoil(&in)
			}
			v := Judge(in)
			switch {
			case tt.want == "" && v.Verdict != rollout.Allow:
				t.Errorf("%+v, want it admitted", v)
			case tt.want != "" && (v.Verdict != rollout.Deny || v.Code != rollout.CodeDenied || !strings.Contains(v.Remedy, tt.want)):
				t.Errorf("%+v, want it denied with %s", v, tt.want)
			}
		})
	}
}
