package impact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree reads a plan that is written as vtgate prints it.
func tree(t *testing.T, text string) *Node {
	t.Helper()
	n := &Node{}
	if err := json.Unmarshal([]byte(text), n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

const (
	customer = `"Keyspace":{"Name":"customer","Sharded":true}`
	product  = `"Keyspace":{"Name":"product","Sharded":false}`

	byID    = `{"OperatorType":"Route","Variant":"EqualUnique",` + customer + `,"Query":"select 1 from customer","Values":[":id"],"Vindex":"hash"}`
	scatter = `{"OperatorType":"Route","Variant":"Scatter",` + customer + `,"Query":"select 1 from customer"}`
	goods   = `{"OperatorType":"Route","Variant":"Unsharded",` + product + `,"Query":"select 1 from goods"}`
	none    = `{"OperatorType":"Route","Variant":"None",` + customer + `,"Query":"select 1 from customer"}`

	// The read of a lookup table and what follows it.
	readLookup  = `{"OperatorType":"Route","Variant":"IN",` + customer + `,"Query":"select email, id from email_idx where email in ::__vals","Values":["::email"],"Vindex":"hash"}`
	readSpread  = `{"OperatorType":"Route","Variant":"Scatter",` + customer + `,"Query":"select email, id from email_idx where email in ::email"}`
	afterLookup = `{"OperatorType":"Route","Variant":"ByDestination",` + customer + `,"Query":"select 1 from customer where email = :email"}`
)

func lookupBy(variant, values, read string) string {
	return `{"OperatorType":"VindexLookup","Variant":"` + variant + `",` + customer + `,"Values":[` + values + `],"Vindex":"by_email","Inputs":[` + read + `,` + afterLookup + `]}`
}

func over(operator, inputs string) string {
	return `{"OperatorType":` + operator + `,"Inputs":[` + inputs + `]}`
}

func dml(operator, variant, keyspace, rest string) string {
	return `{"OperatorType":"` + operator + `","Variant":"` + variant + `",` + keyspace + rest + `}`
}

var ground = Ground{
	Shards:  map[string]int{"customer": 64, "product": 1, "small": 2, "twin": 64},
	Owned:   map[string][]string{"customer.customer": {"by_email", "by_phone"}},
	Lookups: map[string]bool{"customer.by_email": true, "customer.by_phone": true},
}

func TestLook(t *testing.T) {
	const unknown = -1
	tests := map[string]struct {
		plan    string
		class   Class
		shards  int
		memory  []string
		lookups int
	}{
		"one shard":                 {plan: byID, class: SingleShard, shards: 1},
		"all shards":                {plan: scatter, class: Scatter, shards: 64},
		"unsharded":                 {plan: goods, class: Unsharded, shards: 1},
		"no row can match":          {plan: none, class: Local, shards: 0},
		"no shard is asked":         {plan: `{"OperatorType":"Projection","Inputs":[{"OperatorType":"SingleRow"}]}`, class: Local, shards: 0},
		"a reference table":         {plan: `{"OperatorType":"Route","Variant":"Reference",` + customer + `}`, class: Reference, shards: 1},
		"a sequence":                {plan: `{"OperatorType":"Route","Variant":"Next",` + product + `}`, class: Unsharded, shards: 1},
		"a list in a bind variable": {plan: `{"OperatorType":"Route","Variant":"IN",` + customer + `,"Values":["::ids"],"Vindex":"hash"}`, class: FewShards, shards: 3},
		"a list written out":        {plan: `{"OperatorType":"Route","Variant":"IN",` + customer + `,"Values":["(:a, fn(:b, 1), 'x, y', 4, 5)"],"Vindex":"hash"}`, class: FewShards, shards: 5},
		"pairs, written out":        {plan: `{"OperatorType":"Route","Variant":"MultiEqual",` + customer + `,"Values":["(1, 3)","(2, 4)"],"Vindex":"two"}`, class: FewShards, shards: 2},
		"a part of the columns":     {plan: `{"OperatorType":"Route","Variant":"SubShard",` + customer + `,"Values":["1"],"Vindex":"two"}`, class: FewShards, shards: 3},
		"a range":                   {plan: `{"OperatorType":"Route","Variant":"Between",` + customer + `,"Values":["(1, 5)"],"Vindex":"binary"}`, class: FewShards, shards: 3},
		"few of a small keyspace":   {plan: `{"OperatorType":"Route","Variant":"IN","Keyspace":{"Name":"product","Sharded":true},"Values":["::ids"]}`, class: FewShards, shards: 1},
		"a range of a small one":    {plan: `{"OperatorType":"Route","Variant":"Between","Keyspace":{"Name":"product","Sharded":true},"Values":["(1, 5)"]}`, class: FewShards, shards: 1},
		"a lookup, merged":          {plan: strings.Replace(lookupBy("IN", `"::list"`, goods), `"Query":"select 1 from customer`, `"OrderBy":"0 ASC","Query":"select 1 from customer`, 1), class: FewShards, shards: 4, memory: []string{"merge sort"}},
		"scatter, number not known": {plan: `{"OperatorType":"Route","Variant":"Scatter","Keyspace":{"Name":"other","Sharded":true}}`, class: Scatter, shards: unknown},
		"list, number not known":    {plan: `{"OperatorType":"Route","Variant":"IN","Keyspace":{"Name":"other","Sharded":true},"Values":["::ids"]}`, class: FewShards, shards: 3},

		"a unique lookup":                     {plan: lookupBy("EqualUnique", `":email"`, readLookup), class: SingleShard, shards: 2},
		"a unique lookup in one shard's":      {plan: lookupBy("EqualUnique", `":email"`, goods), class: SingleShard, shards: 2},
		"a lookup whose table is spread":      {plan: lookupBy("EqualUnique", `":email"`, readSpread), class: Scatter, shards: 65},
		"a lookup that is not unique":         {plan: lookupBy("Equal", `":email"`, readLookup), class: FewShards, shards: 4},
		"a lookup of a list":                  {plan: lookupBy("IN", `"(:a, :b)"`, readLookup), class: FewShards, shards: 4},
		"a lookup of a list in one shard's":   {plan: lookupBy("IN", `"::list"`, goods), class: FewShards, shards: 4},
		"a lookup that hides its read":        {plan: `{"OperatorType":"Route","Variant":"EqualUnique",` + customer + `,"Values":[":email"],"Vindex":"by_email"}`, class: SingleShard, shards: 2},
		"a vindex asked as a table":           {plan: `{"OperatorType":"VindexFunc","Variant":"VindexMap","Vindex":"hash"}`, class: Local, shards: 0},
		"an explicit shard":                   {plan: `{"OperatorType":"Send",` + customer + `,"TargetDestination":"Shard(-80)","Query":"select 1"}`, class: SingleShard, shards: 1},
		"an explicit range":                   {plan: `{"OperatorType":"Send",` + customer + `,"TargetDestination":"ExactKeyRange(-80)","Query":"select 1"}`, class: SingleShard, shards: 1},
		"any shard":                           {plan: `{"OperatorType":"Send",` + customer + `,"TargetDestination":"AnyShard()","Query":"show tables"}`, class: Reference, shards: 1},
		"every shard":                         {plan: `{"OperatorType":"Send",` + customer + `,"TargetDestination":"AllShards()","Query":"select 1"}`, class: Scatter, shards: 64},
		"every shard, written":                {plan: `{"OperatorType":"Send",` + customer + `,"TargetDestination":"AllShards()","IsDML":true,"Query":"delete from t"}`, class: CrossShardDML, shards: 64},
		"every shard of an unsharded":         {plan: `{"OperatorType":"Send",` + product + `,"TargetDestination":"AllShards()","Query":"select 1"}`, class: Unsharded, shards: 1},
		"a lock":                              {plan: `{"OperatorType":"Lock",` + product + `,"TargetDestination":"KeyspaceID(00)"}`, class: Unsharded, shards: 1},
		"an operator of a later Vitess":       {plan: over(`"Cache"`, byID), class: SingleShard, shards: 1},
		"an opcode of a later Vitess":         {plan: `{"OperatorType":"Route","Variant":"Nearest",` + customer + `}`, class: Scatter, shards: 64},
		"the mirror's target is not counted":  {plan: over(`"Mirror","Variant":"PercentBased","Percent":5`, goods+","+scatter), class: Unsharded, shards: 1},
		"a switch takes its first plan":       {plan: over(`"PlanSwitcher"`, scatter+","+byID), class: Scatter, shards: 64},
		"a switch that has one plan only":     {plan: over(`"PlanSwitcher","BaselineErr":"VT12001: no"`, byID), class: SingleShard, shards: 1},
		"both of SQL_CALC_FOUND_ROWS are run": {plan: over(`"SQL_CALC_FOUND_ROWS"`, byID+","+byID), class: FewShards, shards: 2},

		"sorted by merging":      {plan: `{"OperatorType":"Route","Variant":"Scatter",` + customer + `,"OrderBy":"0 ASC"}`, class: Scatter, shards: 64, memory: []string{"merge sort"}},
		"sorted by the shard":    {plan: `{"OperatorType":"Route","Variant":"EqualUnique",` + customer + `,"OrderBy":"0 ASC"}`, class: SingleShard, shards: 1},
		"words in their order":   {plan: over(`"Distinct"`, over(`"Filter"`, over(`"Aggregate","Variant":"Scalar"`, over(`"Sort","Variant":"Memory"`, scatter)))), class: Scatter, shards: 64, memory: []string{"sort", "aggregate", "distinct", "filter"}},
		"a limit costs nothing":  {plan: over(`"Limit","Count":"10"`, scatter), class: Scatter, shards: 64},
		"a join":                 {plan: over(`"Join","Variant":"LeftJoin"`, byID+","+goods), class: CrossJoin, shards: 2, memory: []string{"join"}},
		"a hash join":            {plan: over(`"Join","Variant":"HashJoin"`, scatter+","+goods), class: CrossJoin, shards: 65, memory: []string{"hash join"}},
		"a join with nothing":    {plan: over(`"Join","Variant":"Join"`, byID+","+none), class: SingleShard, shards: 1, memory: []string{"join"}},
		"a subquery run before":  {plan: over(`"UncorrelatedSubquery","Variant":"PulloutIn"`, goods+","+byID), class: CrossJoin, shards: 2, memory: []string{"subquery"}},
		"a subquery of no shard": {plan: over(`"UncorrelatedSubquery","Variant":"PulloutValue"`, over(`"Projection"`, `{"OperatorType":"SingleRow"}`)+","+byID), class: SingleShard, shards: 1, memory: []string{"subquery"}},
		"a union":                {plan: over(`"Concatenate"`, byID+","+byID), class: FewShards, shards: 2, memory: []string{"union"}},

		"insert": {
			plan:  dml("Insert", "Sharded", customer, `,"Query":"insert into customer(id, email) values (:_id_0, 'a), (b') on duplicate key update email = values(email)","VindexValues":{"hash":"1","by_email":"2"}`),
			class: SingleShard, shards: 1, lookups: 1,
		},
		"insert of three rows": {
			plan:  dml("Insert", "Sharded", customer, `,"Query":"insert into `+"`customer`"+`(id) values (:_id_0), (fn(1, 2)), (:_id_2) as n on duplicate key update id = values(id)","VindexValues":{"hash":"1, 2, 3","by_phone":"4, 5, 6","by_email":"7, 8, 9"}`),
			class: CrossShardDML, shards: 3, lookups: 2,
		},
		"insert into another table's lookup": {plan: dml("Insert", "Sharded", customer, `,"Query":"insert into orders(id, email) values (1, 2)","VindexValues":{"by_email":"1"}`), class: SingleShard, shards: 1},
		"insert, unsharded":                  {plan: dml("Insert", "Unsharded", product, `,"Query":"insert into goods(id) values (1), (2)"`), class: Unsharded, shards: 1},
		"insert from a select": {
			plan:  `{"OperatorType":"Insert","Variant":"Select",` + customer + `,"VindexOffsetFromSelect":{"hash":"[0]","by_email":"[1]"},"Inputs":[` + goods + `]}`,
			class: CrossShardDML, shards: 4, memory: []string{"insert from select"}, lookups: 1,
		},
		"update of one row":          {plan: dml("Update", "EqualUnique", customer, `,"Query":"update customer set a = 1","Values":["1"],"Vindex":"hash"`), class: SingleShard, shards: 1},
		"update of a lookup":         {plan: dml("Update", "EqualUnique", customer, `,"ChangedVindexValues":["by_email:3"],"Query":"update customer set email = 1","Values":["1"],"Vindex":"hash"`), class: SingleShard, shards: 1, lookups: 2},
		"update of a foreign lookup": {plan: dml("Update", "EqualUnique", customer, `,"ChangedVindexValues":["foreign:3"],"Query":"update customer set email = 1","Values":["1"],"Vindex":"hash"`), class: SingleShard, shards: 1},
		"update by a lookup":         {plan: dml("Update", "EqualUnique", customer, `,"Query":"update customer set a = 1","Values":["1"],"Vindex":"by_email"`), class: SingleShard, shards: 2},
		"update of a list":           {plan: dml("Update", "IN", customer, `,"Query":"update customer set a = 1","Values":["(1, 2)"],"Vindex":"hash"`), class: CrossShardDML, shards: 2},
		"update of all":              {plan: dml("Update", "Scatter", customer, `,"Query":"update customer set a = 1"`), class: CrossShardDML, shards: 64},
		"delete with lookups": {
			plan:  dml("Delete", "EqualUnique", customer, `,"OwnedVindexQuery":"select 1","Query":"delete /* why */ from customer where id = 1","Values":["1"],"Vindex":"hash"`),
			class: SingleShard, shards: 1, lookups: 2,
		},
		"delete without lookups": {plan: dml("Delete", "EqualUnique", customer, `,"Query":"delete from orders where id = 1","Values":["1"],"Vindex":"hash"`), class: SingleShard, shards: 1},
		"delete of rows read": {
			plan:  over(`"DMLWithInput"`, scatter+","+dml("Delete", "IN", customer, `,"Query":"delete from customer","Values":["::dml_vals"],"Vindex":"hash"`)),
			class: CrossShardDML, shards: 67, memory: []string{"write by rows read"},
		},
		"a cascade in one shard": {
			plan:  over(`"FkCascade"`, goods+","+dml("Delete", "Unsharded", product, ``)+","+dml("Delete", "Unsharded", product, ``)),
			class: Unsharded, shards: 3, memory: []string{"foreign key cascade"},
		},
		"a cascade over keyspaces": {
			plan:  over(`"FkCascade"`, goods+","+dml("Delete", "EqualUnique", customer, ``)+","+dml("Delete", "Unsharded", product, ``)),
			class: CrossShardDML, shards: 3, memory: []string{"foreign key cascade"},
		},
		"an upsert": {
			plan:  over(`"Upsert"`, dml("Insert", "Sharded", customer, `,"Query":"insert into customer(id) values (1)","VindexValues":{"by_email":"1"}`)+","+dml("Update", "EqualUnique", customer, ``)),
			class: SingleShard, shards: 2, lookups: 1,
		},
		"an upsert of two rows": {
			plan: over(`"Upsert"`, dml("Insert", "Sharded", customer, `,"Query":"insert into customer(id) values (1)","VindexValues":{"by_email":"1","by_phone":"2"}`)+","+dml("Update", "EqualUnique", customer, ``)+","+
				dml("Insert", "Sharded", customer, `,"Query":"insert into customer(id) values (1)","VindexValues":{"by_email":"1"}`)+","+dml("Update", "EqualUnique", customer, ``)),
			class: CrossShardDML, shards: 4, lookups: 2,
		},
		"a table is altered": {plan: `{"OperatorType":"DDL",` + customer + `,"Query":"alter table customer"}`, class: Scatter, shards: 64},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := Look(Plan{Tree: tree(t, tc.plan), Tables: []string{"customer.customer", "product.goods"}}, ground)
			shards := unknown
			if got.Shards != nil {
				shards = *got.Shards
			}
			if got.Class != tc.class || shards != tc.shards {
				t.Errorf("%s, %d shards; want %s, %d", got.Class, shards, tc.class, tc.shards)
			}
			if diff := cmp.Diff(tc.memory, got.Memory); diff != "" {
				t.Errorf("memory (-want +got):\n%s", diff)
			}
			if got.LookupWrites != tc.lookups {
				t.Errorf("%d lookup rows written, want %d", got.LookupWrites, tc.lookups)
			}
		})
	}
}

func TestLookNamesRoutes(t *testing.T) {
	const unknown = `{"OperatorType":"Route","Variant":"Scatter","Keyspace":{"Name":"other","Sharded":true}}`
	got := Look(Plan{Tree: tree(t, over(`"Join","Variant":"Join"`, lookupBy("EqualUnique", `":email"`, readLookup)+","+unknown))}, ground)
	one := 1
	want := []Route{
		{Opcode: "EqualUnique", Keyspace: "customer", Vindex: "by_email", Shards: &one},
		{Opcode: "IN", Keyspace: "customer", Vindex: "hash", Lookup: true, Shards: &one},
		{Opcode: "Scatter", Keyspace: "other", PerRow: true},
	}
	if diff := cmp.Diff(want, got.Routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	texts := []string{"EqualUnique customer by by_email (lookup: IN customer by hash)", "Scatter other (once per row)"}
	if diff := cmp.Diff(texts, got.RouteTexts()); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func TestLookWithoutPlan(t *testing.T) {
	got := Look(Plan{Err: &Error{Text: "VT09015: schema tracking required"}}, ground)
	want := Side{Class: NotPlannable, Error: &Error{Code: "VT09015", Text: "VT09015: schema tracking required"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an error (-want +got):\n%s", diff)
	}
	// BEGIN and the like have neither plan nor error.
	if got := Look(Plan{}, ground); got.Class != Local || *got.Shards != 0 {
		t.Errorf("no instructions: %+v", got)
	}
}
