package impact

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func side(class Class, shards int, routes ...Route) Side {
	return Side{Class: class, Shards: &shards, Routes: routes}
}

var (
	oneShard  = side(SingleShard, 1, Route{Opcode: "EqualUnique", Keyspace: "customer", Vindex: "hash"})
	allShards = side(Scatter, 64, Route{Opcode: "Scatter", Keyspace: "customer"})
	noPlan    = Side{Class: NotPlannable, Error: &Error{Code: "VT12001", Text: "VT12001: unsupported: this"}}
	noColumns = Side{Class: NotPlannable, Error: &Error{Code: "VT09015", Text: "VT09015: schema tracking required"}}
	ambiguous = Side{Class: NotPlannable, Error: &Error{Text: "Column 'price' in field list is ambiguous", Missing: []string{"commerce.product"}}}
	lookups   = Side{Class: SingleShard, Shards: oneShard.Shards, Routes: oneShard.Routes, LookupWrites: 2}
	joined    = Side{Class: SingleShard, Shards: oneShard.Shards, Routes: oneShard.Routes, Memory: []string{"join"}}
)

func result(sql string, weight int64, v Verdict, before, after Side) Result {
	r := Result{SQL: sql, Weight: weight, Verdict: v, Before: before, After: after}
	switch {
	case v != Dearer && v != Cheaper:
		// Nothing decides.
	case len(before.Memory) != len(after.Memory):
		r.DecidedBy = ByRowWork
	case before.LookupWrites != after.LookupWrites:
		r.DecidedBy = ByLookupWrites
	default:
		r.DecidedBy = ByShards
	}
	return r
}

// The JSON is a promise: docs/impact.md describes it.
func TestReportJSON(t *testing.T) {
	hot := result("select 1 from customer where email = :email", 41, Dearer, oneShard, allShards)
	hot.Keyspace, hot.TabletType, hot.Reasons = "customer", "replica", []string{"1 shard -> 64 shards", "all shards (scatter)"}
	hot.Before.Memory, hot.Before.LookupWrites = []string{"sort"}, 2
	lost := result("select 2", 1, Breaks, oneShard, noPlan)
	lost.AfterTree, lost.BeforeTree = &Node{Operator: "Route"}, &Node{Operator: "Route"}
	r := NewReport("24.0.1", []Result{hot, lost, result("select 3", 56, Same, oneShard, oneShard), result("select 4", 2, Same, noPlan, noPlan)}, []string{"no shards are known"})
	got, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
 "format": 1,
 "planner": "24.0.1",
 "summary": {
  "queries": 4,
  "executions": 100,
  "by_verdict": {
   "breaks": {
    "queries": 1,
    "executions": 1
   },
   "changed": {
    "queries": 0,
    "executions": 0
   },
   "cheaper": {
    "queries": 0,
    "executions": 0
   },
   "dearer": {
    "queries": 1,
    "executions": 41
   },
   "fixed": {
    "queries": 0,
    "executions": 0
   },
   "same": {
    "queries": 2,
    "executions": 58
   }
  },
  "new_scatter": {
   "queries": 1,
   "executions": 41
  },
  "plannable": {
   "queries": 3,
   "executions": 98
  },
  "unplannable": {
   "queries": 1,
   "executions": 2,
   "first": {
    "code": "VT12001",
    "text": "VT12001: unsupported: this"
   }
  },
  "unjudged": {
   "queries": 0,
   "executions": 0
  },
  "moves": [
   {
    "verdict": "dearer",
    "text": "goes from 1 shard to 64",
    "queries": 1,
    "executions": 41
   },
   {
    "verdict": "breaks",
    "text": "loses its plan",
    "queries": 1,
    "executions": 1
   }
  ]
 },
 "queries": [
  {
   "sql": "select 2",
   "weight": 1,
   "verdict": "breaks",
   "before": {
    "class": "single_shard",
    "shards": 1,
    "routes": [
     {
      "opcode": "EqualUnique",
      "keyspace": "customer",
      "vindex": "hash"
     }
    ]
   },
   "after": {
    "class": "not_plannable",
    "error": {
     "code": "VT12001",
     "text": "VT12001: unsupported: this"
    }
   }
  },
  {
   "sql": "select 1 from customer where email = :email",
   "keyspace": "customer",
   "tablet_type": "replica",
   "weight": 41,
   "verdict": "dearer",
   "decided_by": "shards",
   "reasons": [
    "1 shard -\u003e 64 shards",
    "all shards (scatter)"
   ],
   "before": {
    "class": "single_shard",
    "shards": 1,
    "routes": [
     {
      "opcode": "EqualUnique",
      "keyspace": "customer",
      "vindex": "hash"
     }
    ],
    "memory": [
     "sort"
    ],
    "lookup_writes": 2
   },
   "after": {
    "class": "scatter",
    "shards": 64,
    "routes": [
     {
      "opcode": "Scatter",
      "keyspace": "customer"
     }
    ]
   }
  }
 ],
 "notes": [
  "no shards are known"
 ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var back Report
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if again, err := json.MarshalIndent(&back, "", " "); err != nil || string(again) != string(got) {
		t.Errorf("read and written again it is another: %v\n%s", err, again)
	}
}

func TestReportWithoutQueries(t *testing.T) {
	b, err := json.Marshal(NewReport("24.0.1", nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"queries":[]`) {
		t.Errorf("queries is no list: %s", b)
	}
}

func TestReportSortsWorstFirst(t *testing.T) {
	sorted := []Result{
		result("b", 1, Breaks, oneShard, noPlan),
		result("z", 9, Dearer, oneShard, allShards),
		result("a", 5, Dearer, oneShard, allShards),
		result("b", 5, Dearer, oneShard, allShards),
		result("y", 7, Dearer, oneShard, joined), // seen more often, and no scatter
		{SQL: "b", Weight: 5, Verdict: Dearer, Keyspace: "customer"},
		{SQL: "b", Weight: 5, Verdict: Dearer, Keyspace: "customer", TabletType: "rdonly"},
		result("a", 99, Changed, oneShard, oneShard),
		result("a", 99, Cheaper, allShards, oneShard),
		result("a", 99, Fixed, noPlan, oneShard),
		result("a", 999, Same, oneShard, oneShard),
	}
	given := slices.Clone(sorted)
	slices.Reverse(given)
	full := NewFullReport("", given, nil)
	if diff := cmp.Diff(sorted, full.Queries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if given[0].Verdict != Same {
		t.Error("the results that were given are sorted, too")
	}
	r := NewReport("", given, nil)
	if diff := cmp.Diff(sorted[:len(sorted)-1], r.Queries); diff != "" {
		t.Errorf("without those that stay the same (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(full.Summary, r.Summary); diff != "" || r.Summary.Queries != len(sorted) {
		t.Errorf("%d queries; (-full +report):\n%s", r.Summary.Queries, diff)
	}
}

func TestSummaryCounts(t *testing.T) {
	s := NewReport("", []Result{
		result("a", 10, Dearer, oneShard, allShards),
		result("b", 20, Dearer, oneShard, lookups),
		result("c", 30, Same, noColumns, noColumns),
		result("d", 40, Breaks, oneShard, noColumns),
		result("e", 50, Same, noPlan, noColumns),
		result("f", 60, Fixed, noPlan, allShards),
		result("g", 70, Same, noColumns, noPlan),
		result("h", 80, Same, ambiguous, noColumns),
	}, nil).Summary
	if want := (Count{1, 10}); s.NewScatter != want {
		t.Errorf("new scatter %v, want %v", s.NewScatter, want)
	}
	if want := (Count{4, 130}); s.Plannable != want {
		t.Errorf("plannable %v, want %v", s.Plannable, want)
	}
	if want := (Unplannable{Count{4, 230}, noPlan.Error}); s.Unplannable != want {
		t.Errorf("unplannable %v, want %v", s.Unplannable, want)
	}
	if want := (Count{2, 110}); s.Unjudged != want {
		t.Errorf("unjudged %v, want %v", s.Unjudged, want)
	}
	want := map[Verdict]Count{Breaks: {1, 40}, Dearer: {2, 30}, Changed: {}, Cheaper: {}, Fixed: {1, 60}, Same: {4, 230}}
	if diff := cmp.Diff(want, s.ByVerdict); diff != "" {
		t.Errorf("by verdict (-want +got):\n%s", diff)
	}
}

// What lacked columns before the change and has them now needs none.
func TestNexts(t *testing.T) {
	for _, tt := range []struct {
		name   string
		result Result
		want   string
	}{
		{"it lacks columns", result("a", 1, Same, noColumns, noColumns), findColumns},
		{"it begins to", result("a", 1, Breaks, oneShard, noColumns), findColumns},
		{"it has them now", result("a", 1, Fixed, noColumns, oneShard), ""},
		{"it has them now, and no plan", result("a", 1, Same, noColumns, noPlan), listUnplannable},
	} {
		r := NewReport("", []Result{tt.result}, nil)
		if got := strings.Join(r.Nexts(), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		r.Untracked = true
		if got, want := strings.Join(r.Nexts(), "; "), strings.ReplaceAll(tt.want, findColumns, trackColumns); got != want {
			t.Errorf("%s, of vtgates that track none: %q, want %q", tt.name, got, want)
		}
	}
}

func TestErrorNamesTables(t *testing.T) {
	for want, e := range map[string]*Error{
		"unsupported":                       {Text: "unsupported"},
		"VT12001: unsupported":              {Code: "VT12001", Text: "unsupported"},
		"VT09015: schema tracking required": {Code: "VT09015", Text: "VT09015: schema tracking required"},
		"Column 'price' in field list is ambiguous; the columns of a.b, c.d are not known here": {
			Text: "Column 'price' in field list is ambiguous", Missing: []string{"a.b", "c.d"},
		},
		"VT09015: no; the columns of a, b, c, d, e and 1 more are not known here": {Code: "VT09015", Text: "no", Missing: []string{"a", "b", "c", "d", "e", "f"}},
	} {
		if got := e.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What two sources counted has room in no number: it is as many as there can be.
func TestSumsStayPositive(t *testing.T) {
	s := NewReport("", []Result{
		result("a", math.MaxInt64, Dearer, oneShard, allShards), result("b", math.MaxInt64, Dearer, oneShard, allShards), result("c", 1, Same, noPlan, noPlan),
	}, nil).Summary
	for name, got := range map[string]int64{
		"all": s.Executions, "plannable": s.Plannable.Executions, "dearer": s.ByVerdict[Dearer].Executions, "new scatter": s.NewScatter.Executions, "moves": s.Moves[0].Executions,
	} {
		if got != math.MaxInt64 {
			t.Errorf("%s: %d executions", name, got)
		}
	}
	if got := (Policy{Unjudged: Deny, NewScatter: Allow}).Check(s); len(got) > 0 {
		t.Errorf("nearly all is judged: %v", got)
	}
}

// Columns are told of apart, so that the first error is another one where there is
// any: that of the query which ran most often.
func TestFirstError(t *testing.T) {
	unknown := Side{Class: NotPlannable, Error: &Error{Code: "VT05003", Text: "VT05003: unknown database 'shop' in vschema"}}
	columns, seldom, often := result("a", 90, Same, noColumns, noColumns), result("b", 1, Same, noPlan, noPlan), result("c", 2, Same, noPlan, unknown)
	for _, tc := range []struct {
		want    *Error
		results []Result
	}{
		{nil, nil},
		{nil, []Result{result("d", 99, Breaks, oneShard, noPlan), result("e", 99, Fixed, noPlan, oneShard), result("f", 99, Same, oneShard, oneShard)}},
		{noColumns.Error, []Result{columns}},
		{noPlan.Error, []Result{columns, seldom}},
		{unknown.Error, []Result{columns, seldom, often}},
		{unknown.Error, []Result{often, seldom, columns}},
	} {
		if got := NewReport("", tc.results, nil).Summary.Unplannable.First; got != tc.want {
			t.Errorf("%d results: %v, want %v", len(tc.results), got, tc.want)
		}
	}
}

func TestTruncate(t *testing.T) {
	r := NewReport("", []Result{
		result("a", 3, Dearer, oneShard, allShards), result("b", 2, Dearer, oneShard, allShards), result("c", 1, Dearer, oneShard, allShards),
	}, slices.Grow([]string{"first"}, 1))
	first := r.Truncate(2)
	for n, note := range map[int]string{0: "3 more queries are left out here", 1: "2 more queries are left out here", 2: "1 more query is left out here"} {
		got := r.Truncate(n)
		if len(got.Queries) != n || !slices.Equal(got.Notes, []string{"first", note}) || got.Summary.Queries != 3 {
			t.Errorf("%d: %d queries, notes %q", n, len(got.Queries), got.Notes)
		}
	}
	if got := r.Truncate(3); len(got.Queries) != 3 || len(got.Notes) != 1 {
		t.Errorf("3: %d queries, notes %q", len(got.Queries), got.Notes)
	}
	if len(r.Queries) != 3 || len(r.Notes) != 1 || first.Notes[1] != "1 more query is left out here" {
		t.Error("what was cut before is changed, or the report itself is")
	}
}

func TestHeadline(t *testing.T) {
	some := func(n int, weight int64, v Verdict, before, after Side) []Result {
		var out []Result
		for i := range n {
			out = append(out, result(fmt.Sprint(v, i, before.Class, after.Class), weight, v, before, after))
		}
		return out
	}
	unknown := Side{Class: Scatter, Routes: allShards.Routes}
	two := Side{Class: Scatter, Routes: slices.Concat(allShards.Routes, allShards.Routes)}
	nothing := side(Local, 0)
	tests := []struct {
		want    string
		results []Result
	}{
		{"no queries are known", nil},
		{"no plan of 2 queries changes", some(2, 5, Same, oneShard, oneShard)},
		{"none of 3 queries has a plan on either side", slices.Concat(some(2, 5, Same, noPlan, noPlan), some(1, 5, Same, noColumns, noColumns))},
		{"the one known query has no plan on either side", some(1, 5, Same, noPlan, noPlan)},
		{"2 of 3 queries have a plan, and keep it", slices.Concat(some(1, 5, Same, noPlan, noPlan), some(2, 5, Same, oneShard, oneShard))},
		{"1 of 2 queries has a plan, and keeps it", slices.Concat(some(1, 5, Same, noPlan, noPlan), some(1, 5, Same, oneShard, oneShard))},
		{"1 of 2 queries with a plan, 50 % of their executions, goes from 1 shard to 64", slices.Concat(
			some(9, 5, Same, noPlan, noPlan), some(1, 5, Dearer, oneShard, allShards), some(1, 5, Same, oneShard, oneShard))},
		{"1 of 2 queries with a plan, 50 % of their executions, loses its plan; 1 more (50 % of executions) goes from 1 shard to 64", slices.Concat(
			some(1, 99, Same, noPlan, noPlan), some(1, 5, Dearer, oneShard, allShards), some(1, 5, Breaks, oneShard, noPlan))},
		{"1 of 2 queries loses its plan; 1 more goes from 1 shard to 64", slices.Concat(some(1, 1, Breaks, oneShard, noPlan), some(1, 1, Dearer, oneShard, allShards))},
		{"1 of 1 query goes from 1 shard to 64", some(1, 1, Dearer, oneShard, allShards)},
		{"3 of 412 queries, 41 % of executions, go from 1 shard to 64", slices.Concat(
			some(3, 950, Dearer, oneShard, allShards), some(409, 10, Same, oneShard, oneShard), []Result{})},
		{"3 of 4 queries go from 1 shard to 64", slices.Concat(some(3, 1, Dearer, oneShard, allShards), some(1, 1, Same, oneShard, oneShard))},
		{"1 of 4 queries, 1 % of executions, loses its plan; 2 more (98 % of executions) go from 1 shard to 64", slices.Concat(
			some(2, 49, Dearer, oneShard, allShards), some(1, 1, Breaks, oneShard, noPlan), some(1, 1, Cheaper, allShards, oneShard))},
		{"1 of 3 queries, 33 % of executions, begins to be joined in vtgate, once per row; 1 more (33 % of executions) goes from 1 shard to 64; and more", slices.Concat(
			some(1, 10, Dearer, oneShard, allShards), some(1, 10, Dearer, oneShard, lookups), some(1, 10, Dearer, oneShard, joined))},
		{"2 of 3 queries, 80 % of executions, go from 64 shards to 1; 1 more (20 % of executions) gets a plan", slices.Concat(
			some(2, 4, Cheaper, allShards, oneShard), some(1, 2, Fixed, noPlan, oneShard))},
		{"2 of 2 queries get another plan of the same cost", some(2, 1, Changed, oneShard, oneShard)},
		{"2 of 2 queries go from 1 shard to all shards", some(2, 1, Dearer, oneShard, unknown)},
		{"2 of 2 queries go from all shards to 1 shard", some(2, 1, Cheaper, unknown, oneShard)},
		{"1 of 1 query goes from 1 shard to no shard", some(1, 1, Cheaper, oneShard, nothing)},
		{"2 of 2 queries ask more shards", some(2, 1, Dearer, unknown, two)},
		{"2 of 2 queries ask fewer shards", some(2, 1, Cheaper, two, unknown)},
		{"2 of 2 queries write more lookup rows", some(2, 1, Dearer, oneShard, lookups)},
		{"1 of 1 query writes fewer lookup rows", some(1, 1, Cheaper, lookups, oneShard)},
		{"2 of 2 queries are no longer joined in vtgate", some(2, 1, Cheaper, joined, oneShard)},
	}
	for _, tc := range tests {
		if got := NewReport("", tc.results, nil).Headline(); got != tc.want {
			t.Errorf("\n got %s\nwant %s", got, tc.want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, tc := range []struct {
		part, of int64
		want     string
	}{
		{0, 10, "0 %"}, {0, 0, "0 %"}, {10, 10, "100 %"}, {1, 1_000_000, "< 0.1 %"}, {5, 100, "5 %"}, {412, 10_000, "4.1 %"},
		{41, 100, "41 %"}, {9_99, 10_000, "10 %"}, {999_999, 1_000_000, "> 99 %"}, {99, 100, "99 %"},
	} {
		if got := Share(tc.part, tc.of); got != tc.want {
			t.Errorf("%d of %d: %s, want %s", tc.part, tc.of, got, tc.want)
		}
	}
}
