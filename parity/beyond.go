package main

// beyondPlans are the rules that call something an error although Vitess builds
// and plans it, with why: their harm comes when a statement runs, or shows only
// in which rows it finds, or in a part that no plain statement touches. Each is
// shown on the lab (e2e, TestHarm).
var beyondPlans = map[string]string{
	"VS104": "an enum's number that Vitess has no name for is kept, and read as none of its values",
	"VS203": "vtgate ignores the param: without ignore_nulls inserts of NULL fail when they run, without write_only the lookup table is read before it is filled",
	"VS210": "the vindex gets fewer columns than it was made for: each statement fails when it runs, or reaches all shards",
	"VS301": "vtgate takes any name in an unsharded keyspace for a table: the insert fails when no such sequence is found there",
	"VS302": "a table that is no sequence hands out no values: the insert fails when it runs",
	"VS304": "no column takes the values of the sequence: rows are stored without them, or inserts fail",
	"VS401": "the vindex has no lookup table: the first statement that needs it fails, which an idle vindex hides",
	"VS402": "vtgate takes the vindex for one without an owner, and no longer writes its lookup rows",
	"VS404": "vtgate writes a lookup row without the column that shards it",
	"VS408": "the lookup rows are written with fewer values than columns",
	"VS503": "a read goes to any one shard and finds only the rows that the vindex put there",
	"VS504": "a read goes to the pinned shard, an insert to the vindex's: its rows are not found",
	"VS806": "as VS401, where the lookup table lies in a keyspace that is not there",
}
