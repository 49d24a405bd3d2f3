package impact

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestJudge(t *testing.T) {
	const (
		broken   = ""
		insert   = `{"OperatorType":"Insert","Variant":"Sharded",` + customer + `,"Query":"insert into customer(id) values (1)","VindexValues":{"hash":"1"}}`
		twoRows  = `{"OperatorType":"Insert","Variant":"Sharded",` + customer + `,"Query":"insert into customer(id) values (1)","VindexValues":{"by_email":"1","by_phone":"1","hash":"1"}}`
		inserted = `{"OperatorType":"Insert","Variant":"Sharded",` + customer + `,"Query":"insert into customer(id) values (1)","AutoIncrement":"select next :n /* INT64 */ values from `
		unknown  = `{"OperatorType":"Route","Variant":"Scatter","Keyspace":{"Name":"other","Sharded":true}}`
	)
	join := over(`"Join","Variant":"Join"`, byID+","+byID)
	small, twin := strings.ReplaceAll(scatter, `"customer"`, `"small"`), strings.ReplaceAll(scatter, `"customer"`, `"twin"`)
	outer, inner := over(`"Join","Variant":"Join"`, scatter+","+byID), over(`"Join","Variant":"Join"`, byID+","+scatter)
	sorted := over(`"Sort","Variant":"Memory"`, byID)
	updated := func(column string) string {
		return `{"OperatorType":"Update","Variant":"Scatter",` + customer + `,"KsidVindex":"hash","OwnedVindexQuery":"select ` + column + ` from customer","Query":"update customer set a = 1"}`
	}
	filled := func(from string) string { return inserted + from + `"}` }
	tests := map[string]struct {
		before, after string
		verdict       Verdict
		reasons       []string
		scatter       bool
	}{
		"the same":                     {byID, byID, Same, nil, false},
		"neither has a plan":           {broken, broken, Same, nil, false},
		"loses its plan":               {byID, broken, Breaks, []string{"VT12001: unsupported: this"}, false},
		"gets a plan":                  {broken, scatter, Fixed, []string{"was VT12001: unsupported: this"}, false},
		"gets all of a number unknown": {broken, unknown, Fixed, []string{"was VT12001: unsupported: this"}, false},
		"to all shards":                {byID, scatter, Dearer, []string{"all shards of customer (scatter)", "1 shard -> 64 shards"}, true},
		"from all shards":              {scatter, byID, Cheaper, []string{"no longer all shards of customer", "64 shards -> 1 shard"}, false},
		"to a number unknown":          {byID, unknown, Dearer, []string{"all shards of other (scatter)"}, true},
		"to another unknown":           {unknown, over(`"Concatenate"`, unknown+","+unknown), Dearer, []string{"all shards of other more often (scatter)", "united in vtgate"}, true},
		"a join pulled up":             {byID, join, Dearer, []string{"begins to be joined in vtgate, once per row", "1 shard -> 2 shards"}, false},
		"a join pulled up, no scatter": {scatter, join, Dearer, []string{"begins to be joined in vtgate, once per row", "no longer all shards of customer"}, false},
		"a join pushed down":           {join, scatter, Cheaper, []string{"no longer joined in vtgate", "all shards of customer (scatter)"}, true},
		"a join more":                  {join, over(`"Join","Variant":"LeftJoin"`, byID+","+join), Dearer, []string{"joined in vtgate: 1 time -> 2", "2 shards -> 3 shards"}, false},
		"joins of another kind":        {join, strings.Replace(join, `"Variant":"Join"`, `"Variant":"HashJoin"`, 1), Changed, []string{"begins to be hash-joined in vtgate", "no longer joined in vtgate"}, false},
		"a scatter once per row":       {outer, inner, Dearer, []string{"all shards of customer once per row"}, true},
		"a scatter once":               {inner, outer, Cheaper, []string{"no longer all shards of customer once per row"}, false},
		"another scatter once per row": {inner, strings.ReplaceAll(inner, `"customer"`, `"twin"`), Changed, []string{"all shards of twin once per row", "no longer all shards of customer"}, false},
		"fewer shards once per row":    {over(`"Join","Variant":"Join"`, byID+","+scatter), over(`"Join","Variant":"Join"`, byID+","+small), Cheaper, []string{"no longer all shards of customer", "all shards of small once per row", "65 shards -> 3 shards"}, false},
		"a join and no sort":           {sorted, join, Dearer, []string{"begins to be joined in vtgate, once per row", "1 shard -> 2 shards", "no longer sorted in vtgate"}, false},
		"a scatter of fewer shards":    {scatter, small, Cheaper, []string{"no longer all shards of customer", "all shards of small (scatter)", "64 shards -> 2 shards"}, false},
		"a scatter of more shards":     {small, scatter, Dearer, []string{"all shards of customer (scatter)", "no longer all shards of small", "2 shards -> 64 shards"}, true},
		"a scatter of as many shards":  {scatter, twin, Changed, []string{"all shards of twin (scatter)", "no longer all shards of customer"}, false},
		"a sort pulled up":             {byID, sorted, Dearer, []string{"sorted in vtgate"}, false},
		"a sort pushed down":           {sorted, byID, Cheaper, []string{"no longer sorted in vtgate"}, false},
		"a sort more":                  {sorted, over(`"Sort","Variant":"Memory"`, sorted), Dearer, []string{"sorted in vtgate: 1 time -> 2"}, false},
		"a lookup gained":              {insert, twoRows, Dearer, []string{"2 lookup rows written per row"}, false},
		"a lookup lost":                {twoRows, insert, Cheaper, []string{"2 lookup rows written per row -> 0"}, false},
		"another keyspace":             {goods, byID, Changed, []string{"Unsharded product -> EqualUnique customer by hash"}, false},
		"another text":                 {byID, `{"OperatorType":"Route","Variant":"EqualUnique",` + customer + `,"Query":"select 2 from customer","Values":[":id"],"Vindex":"hash"}`, Changed, []string{"another plan of the same cost: not the same Query"}, false},
		"a hidden attribute":           {byID, strings.Replace(byID, `"Query"`, `"FieldQuery":"select 1","Query"`, 1), Changed, []string{"another plan of the same cost: not the same details"}, false},
		"other lookup rows":            {updated("old"), updated("new"), Changed, []string{"other columns are read for the lookup rows"}, false},
		"rows placed by another":       {updated("old"), strings.Replace(updated("old"), `"KsidVindex":"hash"`, `"KsidVindex":"xxhash"`, 1), Changed, []string{"rows are placed by xxhash, was hash"}, false},
		"another collation":            {over(`"Distinct","Collations":["0: utf8mb4_bin"]`, byID), over(`"Distinct","Collations":["0: latin1_bin"]`, byID), Changed, []string{"texts are compared by another collation"}, false},
		"a sequence gained":            {insert, strings.Replace(insert, `"Query"`, `"AutoIncrement":"select next","Query"`, 1), Changed, []string{"filled from a sequence"}, false},
		"a sequence lost":              {strings.Replace(insert, `"Query"`, `"AutoIncrement":"select next","Query"`, 1), insert, Changed, []string{"no longer filled from a sequence"}, false},
		"another sequence":             {filled("a_seq:Values::(1)"), filled("b_seq:Values::(1)"), Changed, []string{"filled from another sequence: a_seq -> b_seq"}, false},
		"a sequence of other values":   {filled("a_seq:Values::(1)"), filled("a_seq:Offset(2)"), Changed, []string{"another plan of the same cost: not the same AutoIncrement"}, false},
		"a sequence and a lookup lost": {strings.Replace(twoRows, `"Query"`, `"AutoIncrement":"select next","Query"`, 1), insert, Cheaper, []string{"2 lookup rows written per row -> 0", "no longer filled from a sequence"}, false},
		"mirrored":                     {goods, over(`"Mirror","Variant":"PercentBased","Percent":5`, goods+","+scatter), Changed, []string{"mirrored to another table"}, false},
		"shards before memory":         {over(`"Sort","Variant":"Memory"`, scatter), byID, Cheaper, []string{"no longer all shards of customer", "64 shards -> 1 shard", "no longer sorted in vtgate"}, false},
		"no shard at all":              {byID, none, Cheaper, []string{"1 shard -> no shard"}, false},
		"a lookup dropped":             {lookupBy("EqualUnique", `":email"`, readLookup), scatter, Dearer, []string{"all shards of customer (scatter)", "2 shards -> 64 shards", "no longer reads a lookup table"}, true},
		"a lookup read more":           {byID, lookupBy("EqualUnique", `":email"`, readLookup), Dearer, []string{"begins to read a lookup table"}, false},
		"a lookup of a list":           {lookupBy("IN", `"(1, 2)"`, readLookup), byID, Cheaper, []string{"4 shards -> 1 shard", "no longer reads a lookup table"}, false},
		"a lookup for a list":          {lookupBy("EqualUnique", `":email"`, readLookup), strings.Replace(byID, "EqualUnique", "Equal", 1), Dearer, []string{"2 shards -> 3 shards", "no longer reads a lookup table"}, false},
		"as many shards, no lookup":    {lookupBy("EqualUnique", `":email"`, readLookup), strings.Replace(strings.Replace(byID, "EqualUnique", "IN", 1), `":id"`, `"(1, 2)"`, 1), Dearer, []string{"EqualUnique customer by by_email (lookup: IN customer by hash) -> IN customer by hash", "no longer reads a lookup table"}, false},
		"a lookup spread":              {lookupBy("EqualUnique", `":email"`, readLookup), lookupBy("EqualUnique", `":email"`, readSpread), Dearer, []string{"all shards of customer (scatter)", "2 shards -> 65 shards"}, true},
		"a spread lookup":              {scatter, lookupBy("EqualUnique", `":email"`, readSpread), Dearer, []string{"64 shards -> 65 shards"}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			plan := func(text string) Plan {
				if text == broken {
					return Plan{Err: &Error{Text: "VT12001: unsupported: this"}}
				}
				return Plan{Tree: tree(t, text)}
			}
			q := Query{SQL: "select 1", Keyspace: "customer", TabletType: "replica", Executions: 7}
			got := Judge(q, plan(tc.before), plan(tc.after), ground, ground)
			if got.Verdict != tc.verdict || got.NewScatter() != tc.scatter {
				t.Errorf("%s, new scatter %t; want %s, %t", got.Verdict, got.NewScatter(), tc.verdict, tc.scatter)
			}
			if diff := cmp.Diff(tc.reasons, got.Reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if got.SQL != q.SQL || got.Keyspace != q.Keyspace || got.TabletType != q.TabletType || got.Weight != 7 {
				t.Errorf("the query is lost: %+v", got)
			}
			if (got.BeforeTree == nil) != (tc.before == broken) || (got.AfterTree == nil) != (tc.after == broken) {
				t.Error("the plans are lost")
			}
		})
	}
}

// Neither side has a plan, and yet the change does something.
func TestAnotherError(t *testing.T) {
	columns, unknown := Plan{Err: &Error{Text: "VT09015: schema tracking required"}}, Plan{Err: &Error{Code: "VT05003", Text: "unknown database"}}
	for _, tc := range []struct {
		after Plan
		want  []string
	}{
		{columns, nil},
		{unknown, []string{"before: VT09015: schema tracking required; after: VT05003: unknown database"}},
	} {
		r := Judge(Query{}, columns, tc.after, ground, ground)
		if diff := cmp.Diff(tc.want, r.Reasons); diff != "" || r.Verdict != Same {
			t.Errorf("%s (-want +got):\n%s", r.Verdict, diff)
		}
	}
}

// Of one query's results for several types of tablets one stands for all.
func TestWorse(t *testing.T) {
	one, two, four := 1, 2, 4
	plain := Side{Shards: &one, Routes: []Route{{Opcode: "EqualUnique", Keyspace: "customer", Shards: &one}}}
	scattered := Side{Shards: &two, Routes: []Route{{Opcode: "Scatter", Keyspace: "customer", Shards: &two}}}
	// The worst first; those of one line are as bad.
	order := [][]Result{
		{{Verdict: Breaks, Before: plain}},
		{{Verdict: Dearer, DecidedBy: ByScatter, Before: plain, After: scattered}},
		{{Verdict: Cheaper, DecidedBy: ByRowWork, Before: plain, After: scattered}},
		{{Verdict: Dearer, DecidedBy: ByRowWork, After: plain}},
		{{Verdict: Dearer, DecidedBy: ByShards}}, // of a number unknown
		{{Verdict: Dearer, DecidedBy: ByShards, After: Side{Shards: &four}}},
		{{Verdict: Dearer, DecidedBy: ByShards, After: Side{Shards: &two}}},
		{{Verdict: Dearer, DecidedBy: ByLookupReads, After: Side{Shards: &four}}},
		{{Verdict: Changed}},
		{{Verdict: Same}, {Verdict: Cheaper, DecidedBy: ByScatter}, {Verdict: Fixed}},
	}
	for i, as := range order {
		for j, bs := range order {
			for _, a := range as {
				for _, b := range bs {
					if got := a.Worse(b); got != (i < j) {
						t.Errorf("%s by %q worse than %s by %q: %t", a.Verdict, a.DecidedBy, b.Verdict, b.DecidedBy, got)
					}
				}
			}
		}
	}
}

// A lookup that is dropped is a scatter more, however few the shards are.
func TestLookupDropped(t *testing.T) {
	for _, variant := range []string{"EqualUnique", "Equal", "IN"} {
		for _, shards := range []int{0, 2, 3, 4, 64} {
			g := Ground{Shards: map[string]int{"customer": shards}, Lookups: ground.Lookups}
			before, after := Plan{Tree: tree(t, lookupBy(variant, `"(1, 2, 3)"`, readLookup))}, Plan{Tree: tree(t, scatter)}
			r := Judge(Query{}, before, after, g, g)
			if r.Verdict != Dearer || !r.NewScatter() || r.Reasons[0] != "all shards of customer (scatter)" {
				t.Errorf("%s, %d shards: %s, new scatter %t, %q", variant, shards, r.Verdict, r.NewScatter(), r.Reasons)
			}
			back := Judge(Query{}, after, before, g, g)
			if back.Verdict != Cheaper || back.NewScatter() || back.Reasons[0] != "no longer all shards of customer" {
				t.Errorf("%s, %d shards, and back: %s, new scatter %t, %q", variant, shards, back.Verdict, back.NewScatter(), back.Reasons)
			}
			for _, reason := range slices.Concat(r.Reasons, back.Reasons) {
				if from, to, ok := strings.Cut(reason, " -> "); ok && from == to {
					t.Errorf("%s, %d shards: %s", variant, shards, reason)
				}
			}
		}
	}
}

// The headline of a query that is dearer for a join does not praise it for the
// shards that it no longer asks.
func TestMoves(t *testing.T) {
	join := over(`"Join","Variant":"Join"`, byID+","+byID)
	unknown := `{"OperatorType":"Route","Variant":"Scatter","Keyspace":{"Name":"other","Sharded":true}}`
	small := strings.ReplaceAll(scatter, `"customer"`, `"small"`)
	for _, tt := range []struct{ before, after, dearer, cheaper string }{
		{scatter, join, "begins to be joined in vtgate, once per row", "is no longer joined in vtgate"},
		{join, over(`"Join","Variant":"Join"`, byID+","+join), "gives vtgate more to do for each row", "gives vtgate less to do for each row"},
		{byID, scatter, "begins to ask all 64 shards of customer", "no longer asks all 64 shards of customer"},
		{byID, unknown, "begins to ask all shards of other", "no longer asks all shards of other"},
		{byID, over(`"Concatenate"`, scatter+","+small), "begins to ask all 64 shards of customer and all 2 shards of small", "no longer asks all 64 shards of customer and all 2 shards of small"},
		{over(`"Join","Variant":"Join"`, scatter+","+byID), over(`"Join","Variant":"Join"`, byID+","+scatter), "begins to ask all 64 shards of customer once per row", "no longer asks all 64 shards of customer once per row"},
		{unknown, over(`"Concatenate"`, unknown+","+unknown), "asks all shards of other more often", "asks all shards of other less often"},
		{byID, strings.Replace(byID, "EqualUnique", "Equal", 1), "goes from 1 shard to 3", "goes from 3 shards to 1"},
		{none, byID, "goes from no shard to 1 shard", "goes from 1 shard to no shard"},
		{lookupBy("EqualUnique", `":email"`, readLookup), strings.Replace(strings.Replace(byID, "EqualUnique", "IN", 1), `":id"`, `"(1, 2)"`, 1), "asks more shards", "asks fewer shards"},
		{byID, over(`"Sort","Variant":"Memory"`, byID), "gives vtgate more to do", "gives vtgate less to do"},
		{byID, lookupBy("EqualUnique", `":email"`, readLookup), "needs more reads of lookup tables", "needs fewer reads of lookup tables"},
	} {
		for _, way := range []struct{ from, to, want string }{{tt.before, tt.after, tt.dearer}, {tt.after, tt.before, tt.cheaper}} {
			r := Judge(Query{Executions: 1}, Plan{Tree: tree(t, way.from)}, Plan{Tree: tree(t, way.to)}, ground, ground)
			if moves := NewReport("", []Result{r}, nil).Summary.Moves; len(moves) != 1 || moves[0].Text != way.want {
				t.Errorf("got %+v\nwant %s", moves, way.want)
			}
		}
	}
}

// A keyspace of one shard has nothing to scatter to.
func TestOneShardIsNoScatter(t *testing.T) {
	one := Ground{Shards: map[string]int{"customer": 1}}
	r := Judge(Query{}, Plan{Tree: tree(t, byID)}, Plan{Tree: tree(t, scatter)}, one, one)
	if r.Verdict != Changed || r.NewScatter() {
		t.Errorf("%s, new scatter %t", r.Verdict, r.NewScatter())
	}
}

// Each side is judged on its own ground.
func TestJudgeKeepsTheGroundsApart(t *testing.T) {
	plan := func(query string) Plan {
		return Plan{Tree: tree(t, `{"OperatorType":"Insert","Variant":"Sharded",`+customer+`,"Query":"`+query+`","VindexValues":{"by_email":"1"}}`)}
	}
	r := Judge(Query{}, plan("insert into customer(a) values (1)"), plan("insert into customer(b) values (1)"), Ground{}, ground)
	if r.Verdict != Dearer || r.Before.LookupWrites != 0 || r.After.LookupWrites != 1 {
		t.Errorf("%s: %d -> %d lookup rows", r.Verdict, r.Before.LookupWrites, r.After.LookupWrites)
	}
}

func TestJudgeMirrors(t *testing.T) {
	mirrored := map[Verdict]Verdict{Breaks: Fixed, Fixed: Breaks, Dearer: Cheaper, Cheaper: Dearer, Same: Same, Changed: Changed}
	met := map[Verdict]bool{}
	rapid.Check(t, func(t *rapid.T) {
		plans := rapid.SliceOfN(planGen, 4, 4).Draw(t, "plans")
		for _, a := range plans {
			for _, b := range plans {
				there, back := Judge(Query{}, a, b, ground, ground), Judge(Query{}, b, a, ground, ground)
				if back.Verdict != mirrored[there.Verdict] {
					t.Fatalf("%s, and back %s", there.Verdict, back.Verdict)
				}
				checkMirror(t, there, back)
				met[there.Verdict] = true
			}
		}
	})
	for _, v := range Verdicts {
		if !met[v] {
			t.Errorf("no pair of plans is %s", v)
		}
	}
}

// checkMirror holds the judgements of two plans there and back to each other.
func checkMirror(t *rapid.T, there, back Result) {
	if diff := cmp.Diff([]Side{there.Before, there.After}, []Side{back.After, back.Before}); diff != "" {
		t.Fatalf("a side depends on the other:\n%s", diff)
	}
	if back.DecidedBy != there.DecidedBy || (there.DecidedBy == "") != (there.Verdict != Dearer && there.Verdict != Cheaper) {
		t.Fatalf("%s by %q, and back by %q", there.Verdict, there.DecidedBy, back.DecidedBy)
	}
	// Only what weighs more, or another scatter, makes up for a new one.
	if there.NewScatter() && there.Verdict != Dearer && !back.NewScatter() && there.DecidedBy != ByRowWork {
		t.Fatalf("a new scatter is %s by %q", there.Verdict, there.DecidedBy)
	}
	if there.Verdict != Same && len(there.Reasons) == 0 {
		t.Fatalf("%s without a reason", there.Verdict)
	}
}

// planGen makes plans of any shape, also such as no planner would.
var planGen = rapid.Custom(func(t *rapid.T) Plan {
	if rapid.IntRange(0, 3).Draw(t, "broken") == 0 {
		return Plan{Err: &Error{Text: rapid.SampledFrom([]string{"VT09015: columns", "VT12001: no"}).Draw(t, "error")}}
	}
	n := nodeGen(2).Draw(t, "tree")
	return Plan{Tree: &n, Tables: []string{"customer.customer"}}
})

func nodeGen(depth int) *rapid.Generator[Node] {
	return rapid.Custom(func(t *rapid.T) Node {
		names := []string{"Route", "Insert", "Update", "Delete", "SingleRow"}
		if depth > 0 {
			names = append(names, "Join", "VindexLookup", "Sort", "Upsert", "Limit", "Mirror")
		}
		n := Node{
			Operator: rapid.SampledFrom(names).Draw(t, "operator"),
			Variant:  rapid.SampledFrom(opcodes).Draw(t, "variant"),
			Keyspace: rapid.SampledFrom([]string{"customer", "product", "other"}).Draw(t, "keyspace"),
			Attrs: map[string]any{
				"Query":               "delete from customer",
				"Values":              []string{rapid.SampledFrom([]string{"::list", "(1, 2)"}).Draw(t, "values")},
				"ChangedVindexValues": rapid.SampledFrom([][]string{nil, {"by_email:1"}}).Draw(t, "changed"),
				"Vindex":              rapid.SampledFrom([]string{"hash", "by_email"}).Draw(t, "vindex"),
			},
		}
		n.Sharded = n.Keyspace != "product"
		switch n.Operator {
		case "Route", "Insert", "Update", "Delete", "SingleRow":
		default:
			n.Inputs = rapid.SliceOfN(nodeGen(depth-1), 1, 3).Draw(t, "inputs")
		}
		return n
	})
}

// TestJudgeNoLongerSharded: what vtgate plans and cannot run has no plan.
func TestJudgeNoLongerSharded(t *testing.T) {
	keyspace := func(sharded bool, shards int) Ground {
		g := Ground{Shards: map[string]int{"customer": shards}, Sharded: map[string]bool{}}
		if sharded {
			g.Sharded["customer"] = true
		}
		return g
	}
	scatter := Plan{Tree: &Node{Operator: "Route", Variant: "Scatter", Keyspace: "customer", Sharded: true}}
	unsharded := Plan{Tree: &Node{Operator: "Limit", Inputs: []Node{{Operator: "Route", Variant: "Unsharded", Keyspace: "customer"}}}}
	for shards, want := range map[int]struct {
		verdict Verdict
		text    string
	}{
		64: {Breaks, "keyspace customer is no longer sharded, and has 64 shards: vtgate plans this and cannot run it"},
		0:  {Breaks, "keyspace customer is no longer sharded, and has several shards, as far as is known: vtgate plans this and cannot run it"},
		1:  {},
	} {
		r := Judge(Query{}, scatter, unsharded, keyspace(true, shards), keyspace(false, shards))
		if want.text == "" {
			if r.After.Error != nil {
				t.Errorf("%d shards: %s", shards, r.After.Error)
			}
			continue
		}
		if r.Verdict != want.verdict || r.After.Error == nil || r.After.Error.Text != want.text {
			t.Errorf("%d shards: %s, %v; want %s, %s", shards, r.Verdict, r.After.Error, want.verdict, want.text)
		}
	}
	// One that is to be sharded may have been given the shards that it will have.
	if r := Judge(Query{}, unsharded, scatter, keyspace(false, 64), keyspace(true, 64)); r.Before.Error != nil || !r.NewScatter() {
		t.Errorf("sharding it: %v, new scatter %t", r.Before.Error, r.NewScatter())
	}
}

// A plan names a sequence without its keyspace; the routing has that.
func TestSequenceOfAnotherKeyspace(t *testing.T) {
	plan := Plan{Tree: tree(t, `{"OperatorType":"Insert","Variant":"Sharded",`+customer+`,"AutoIncrement":"select next :n /* INT64 */ values from seq:Values::(NULL)","Query":"insert into customer(id) values (1)"}`)}
	from := func(keyspace string) Ground {
		g := ground
		g.Sequences = map[string]string{"customer.customer": keyspace + ".seq"}
		return g
	}
	if r := Judge(Query{}, plan, plan, from("commerce"), from("commerce")); r.Verdict != Same {
		t.Errorf("the same sequence: %s", r.Verdict)
	}
	r := Judge(Query{}, plan, plan, from("commerce"), from("other"))
	if diff := cmp.Diff([]string{"filled from another sequence: commerce.seq -> other.seq"}, r.Reasons); diff != "" || r.Verdict != Changed {
		t.Errorf("%s (-want +got):\n%s", r.Verdict, diff)
	}
}

// An insert does not say which of its vindexes places the row; the routing does.
func TestInsertPlacedByAnother(t *testing.T) {
	plan := func(vindex string) (Plan, Ground) {
		g := ground
		g.Primary = map[string]string{"customer.customer": vindex}
		return Plan{Tree: tree(t, `{"OperatorType":"Insert","Variant":"Sharded",`+customer+`,"Query":"insert into customer(id) values (1)","VindexValues":{"`+vindex+`":"1"}}`)}, g
	}
	was, groundBefore := plan("hash")
	is, groundAfter := plan("xxhash")
	r := Judge(Query{}, was, is, groundBefore, groundAfter)
	if diff := cmp.Diff([]string{"rows are placed by xxhash, was hash"}, r.Reasons); diff != "" || r.Verdict != Changed {
		t.Errorf("%s (-want +got):\n%s", r.Verdict, diff)
	}
}
