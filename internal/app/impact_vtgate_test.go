package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// TestVersus: the vtgate's plan is the one before the change wherever the planner's
// own two do not say that the change leaves the query alone.
func TestVersus(t *testing.T) {
	route := func(variant string) impact.Plan {
		return impact.Plan{Tree: &impact.Node{Operator: "Route", Variant: variant, Keyspace: "ks", Sharded: true}}
	}
	one, all, in := route("EqualUnique"), route("Scatter"), route("IN")
	none := impact.Plan{Err: &impact.Error{Code: "VT12001", Text: "unsupported"}}
	lacks := impact.Plan{Err: &impact.Error{Code: "VT09015", Text: "schema tracking required"}}
	ground := impact.Ground{Shards: map[string]int{"ks": 4}}
	query := impact.Query{SQL: "select 1", Executions: 3}
	for _, tt := range []struct {
		name                string
		live, before, after impact.Plan
		verdict             impact.Verdict
		class               impact.Class // before the change
		unplannable         bool
	}{
		{"nothing differs", one, one, one, impact.Same, impact.SingleShard, false},
		{"only the planner differs", in, one, one, impact.Same, impact.SingleShard, false},
		{"the planner refuses what is planned, both times", one, none, none, impact.Same, impact.SingleShard, true},
		{"and for want of columns", one, lacks, lacks, impact.Same, impact.SingleShard, true},
		{"the planner refuses it now", all, none, one, impact.Cheaper, impact.Scatter, false},
		{"the change breaks it", in, one, none, impact.Breaks, impact.FewShards, false},
		{"only the vtgate refuses it", none, one, all, impact.Dearer, impact.SingleShard, false},
		{"both do after the change", none, one, none, impact.Same, impact.NotPlannable, true},
		{"the change is nothing to what only the vtgate refuses", none, one, one, impact.Same, impact.SingleShard, false},
		{"all refuse it", none, none, none, impact.Same, impact.NotPlannable, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := versus{query: query, ours: impact.Judge(query, tt.before, tt.after, ground, ground), before: tt.before, after: tt.after}
			got := v.judge(tt.live, ground, ground)
			if got.Verdict != tt.verdict || got.Before.Class != tt.class {
				t.Errorf("%s, before: %s, want %s, %s", got.Verdict, got.Before.Class, tt.verdict, tt.class)
			}
			sum := impact.NewReport("24", []impact.Result{got}, nil).Summary
			if n := sum.Unplannable.Queries; (n == 1) != tt.unplannable {
				t.Errorf("%d are counted without a plan", n)
			}
			if want := tt.after.Err == lacks.Err; (sum.Unjudged.Queries == 1) != want {
				t.Errorf("%d are counted without columns", sum.Unjudged.Queries)
			}
			if refused := strings.Contains(strings.Join(got.Reasons, "; "), "a vtgate refuses it as it is now: VT12001"); refused != (tt.live.Err != nil && tt.before.Err == nil && tt.after.Err == nil) {
				t.Errorf("reasons: %q", got.Reasons)
			}
			if tt.unplannable && tt.live.Err == nil {
				if text := got.After.Error.String(); !strings.Contains(text, "the planner of "+vitessRelease()+" cannot plan it: ") {
					t.Errorf("after: %s", text)
				}
				if got.BeforeTree != tt.live.Tree || len(got.Reasons) != 1 {
					t.Errorf("tree %v, reasons %q", got.BeforeTree, got.Reasons)
				}
			}
		})
	}
	guess := query
	guess.TabletType = "replica"
	v := versus{query: guess, ours: impact.Result{Verdict: impact.Dearer, IfTabletType: "replica"}, before: one, after: all}
	if got := v.judge(in, ground, ground); got.Verdict != impact.Dearer || got.TabletType != "" || got.IfTabletType != "replica" {
		t.Errorf("of a type of tablet that nobody knows: %s for %q, if %q", got.Verdict, got.TabletType, got.IfTabletType)
	}
	if strings.Contains(none.Err.Text, "cannot plan") {
		t.Error("the planner's own error was changed")
	}
}

// gate is a vtgate that plans every query alike.
type gate struct {
	target string
	err    error
	asked  int
}

func (g *gate) Target() string { return g.target }

func (g *gate) Explain(context.Context, impact.Query) (impact.Plan, error) {
	g.asked++
	return impact.Plan{}, g.err
}

// noAnswer is the error of a vtgate that is frozen.
func noAnswer(t *testing.T) error {
	t.Helper()
	r, err := vtgate.New(vtgate.Target{HTTP: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	_, err = r.Version(ctx)
	if !vtgate.NoAnswer(err) {
		t.Fatalf("%v is no silence", err)
	}
	return err
}

// TestExplainers: a vtgate that does not answer is asked once, and told; one that
// fails at a query is asked for the next.
func TestExplainers(t *testing.T) {
	frozen, failing, good := &gate{target: "frozen:1", err: fmt.Errorf("explain: %w", noAnswer(t))}, &gate{target: "failing:1", err: errors.New("odd")}, &gate{target: "good:1"}
	dead := &gate{target: "dead:1"}
	r := &impactRun{App: &App{}, snap: &planes.Snapshot{VTGates: []planes.VTGate{{Target: "dead:1", Silent: "connection refused"}, {Target: "good:1"}}}}
	e := r.explainers()
	e.vtgates = []explainer{frozen, failing, dead, good}
	for i := range 8 {
		if _, err := e.explain(t.Context(), i, impact.Query{}); err != nil {
			t.Errorf("query %d: %v", i, err)
		}
	}
	if frozen.asked != 1 || dead.asked != 0 || failing.asked < 2 || good.asked != 8 {
		t.Errorf("asked %d, %d, %d and %d times", frozen.asked, dead.asked, failing.asked, good.asked)
	}
	if want := []string{"the plans of vtgate dead:1: connection refused", "the plans of vtgate frozen:1: no answer in time"}; !slices.Equal(e.left(), want) {
		t.Errorf("left out: %q", e.left())
	}
	e.vtgates = []explainer{dead, frozen}
	_, err := e.explain(t.Context(), 0, impact.Query{})
	var unknown *errs.Unknown
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "vtgate dead:1: connection refused") {
		t.Errorf("nobody answers: %v", err)
	}
	if _, err = e.explain(t.Context(), 1, impact.Query{}); frozen.asked != 1 || err == nil {
		t.Errorf("asked %d times, %v", frozen.asked, err)
	}
}
