// Package impact says what a change of routing does to the known queries: of
// what class each one's plan is on either side, how many shards it touches, what
// vtgate does in its own memory, and whether the change makes it cheaper, dearer
// or impossible. It judges plans as data, trees of the shape that vtgate itself
// prints; the room compile makes them. It is pure: it must import no adapter, no
// clock, no logger, no context, and not Vitess's planner.
package impact

// Query is one known query, in its normalised form: literals are bind variables,
// as in vtgate's plan cache.
type Query struct {
	SQL string `json:"sql"`
	// Keyspace is the one that the session has chosen; empty where it has none.
	Keyspace string `json:"keyspace,omitempty"`
	// TabletType is primary, replica or rdonly; empty where nobody knows, which
	// is planned for primary, and a read for the others too where their rules differ.
	TabletType string `json:"tablet_type,omitempty"`
	// Executions is how often it ran while it was watched: at least 1.
	Executions int64 `json:"executions"`
}

// Plan is what the planner makes of one query on one side.
type Plan struct {
	// Tree is nil where there is no plan.
	Tree *Node
	// Tables are those that the plan uses, as KEYSPACE.TABLE.
	Tables []string
	Err    *Error
}

// Error is why a query has no plan.
type Error struct {
	// Code is Vitess's, such as VT09015; empty where it gives none.
	Code string `json:"code,omitempty"`
	Text string `json:"text"`
	// Missing are the tables of the query whose columns nobody knows, as
	// KEYSPACE.TABLE, where the planner asks for them.
	Missing []string `json:"missing,omitempty"`
}

// Class is what kind of plan a query has. The set is closed.
type Class string

// The classes, the cheapest first.
const (
	Local         Class = "local"            // vtgate answers by itself, or no shard can have a row
	Reference     Class = "reference"        // any one shard: a reference table, or no table
	Unsharded     Class = "unsharded"        // the one shard of an unsharded keyspace
	SingleShard   Class = "single_shard"     // one shard, found by a unique vindex, be it a lookup
	FewShards     Class = "few_shards"       // some shards, found by IN, a lookup that is not unique, or a range
	Scatter       Class = "scatter"          // all shards of a keyspace
	CrossJoin     Class = "cross_shard_join" // rows of several routes meet in vtgate
	CrossShardDML Class = "cross_shard_dml"  // writes to several shards
	NotPlannable  Class = "not_plannable"    // vtgate refuses it, or cannot run what it plans
)

// Classes are all classes, in that order.
var Classes = []Class{Local, Reference, Unsharded, SingleShard, FewShards, Scatter, CrossJoin, CrossShardDML, NotPlannable}

// Verdict is what a change does to one query. The set is closed.
type Verdict string

// The verdicts, the worst first.
const (
	Breaks  Verdict = "breaks"  // it had a plan and has none
	Dearer  Verdict = "dearer"  // more shards, or more work for vtgate
	Changed Verdict = "changed" // another plan of the same cost
	Cheaper Verdict = "cheaper"
	Fixed   Verdict = "fixed" // it had no plan and has one
	Same    Verdict = "same"
)

// Verdicts are all verdicts, in that order.
var Verdicts = []Verdict{Breaks, Dearer, Changed, Cheaper, Fixed, Same}

// Decider is what one plan is dearer by than another. The set is closed.
type Decider string

// The deciders. The first in which two plans differ is the one.
const (
	ByRowWork      Decider = "row_work"      // what vtgate does for each row: joins, foreign key cascades
	ByScatter      Decider = "scatter"       // routes to all shards of a keyspace
	ByShards       Decider = "shards"        // the shards of the routes, but for plain reads of lookup tables
	ByMemory       Decider = "memory"        // what vtgate does on rows that it has
	ByLookupReads  Decider = "lookup_reads"  // reads of lookup tables
	ByLookupWrites Decider = "lookup_writes" // rows of lookup tables that are written
)

// Deciders are all deciders, in that order.
var Deciders = []Decider{ByRowWork, ByScatter, ByShards, ByMemory, ByLookupReads, ByLookupWrites}

// Route is one place of a plan where vtgate sends a query to shards.
type Route struct {
	// Opcode is vtgate's variant: EqualUnique, IN, Scatter, and so on.
	Opcode   string `json:"opcode"`
	Keyspace string `json:"keyspace,omitempty"`
	Vindex   string `json:"vindex,omitempty"`
	// Lookup tells that it only reads the table of a lookup vindex, for the route
	// before it that is no such read.
	Lookup bool `json:"lookup,omitempty"`
	// PerRow tells that it runs once for each row of the outer side of a join that
	// vtgate makes.
	PerRow bool `json:"per_row,omitempty"`
	// Shards estimates how many shards it asks each time; it is nil where the
	// number of shards is not known.
	Shards *int `json:"shards,omitempty"`
}

// Side is a query's plan before or after a change.
type Side struct {
	Class Class `json:"class"`
	// Shards estimates how many shards one execution asks or writes, summed over
	// its routes and the reads of lookup tables, each counted once, by their
	// opcodes and the real number of shards; it is nil where
	// that number is not known, and where there is no plan.
	Shards *int    `json:"shards,omitempty"`
	Routes []Route `json:"routes,omitempty"`
	// Memory is what vtgate itself sorts, aggregates, joins and so on.
	Memory []string `json:"memory,omitempty"`
	// LookupWrites are the rows of lookup tables that one execution writes, per
	// row of the statement.
	LookupWrites int    `json:"lookup_writes,omitempty"`
	Error        *Error `json:"error,omitempty"`
}

// Result is one query on both sides.
type Result struct {
	SQL        string `json:"sql"`
	Keyspace   string `json:"keyspace,omitempty"`
	TabletType string `json:"tablet_type,omitempty"`
	// IfTabletType is the type of tablet that it is judged for, where nobody knows
	// which it asks and another than primary is hit worst.
	IfTabletType string  `json:"if_tablet_type,omitempty"`
	Weight       int64   `json:"weight"` // executions
	Verdict      Verdict `json:"verdict"`
	// DecidedBy is what makes it dearer or cheaper.
	DecidedBy Decider `json:"decided_by,omitempty"`
	// Reasons say in words what differs: what decides first.
	Reasons []string `json:"reasons,omitempty"`
	Before  Side     `json:"before"`
	After   Side     `json:"after"`
	// Trees are the plans themselves, for those who ask for them.
	BeforeTree *Node `json:"-"`
	AfterTree  *Node `json:"-"`
}

// Ground is what plans do not say and a judgement needs, of one side.
type Ground struct {
	// Shards is how many serving shards a keyspace has; a keyspace that it lacks
	// is not known.
	Shards map[string]int
	// Owned gives the lookup vindexes that each table owns, as KEYSPACE.TABLE.
	Owned map[string][]string
	// Lookups are the lookup vindexes, as KEYSPACE.VINDEX.
	Lookups map[string]bool
	// Primary gives the vindex by which each table of a sharded keyspace is sharded.
	Primary map[string]string
	// Sequences give the sequence that fills each table, both as KEYSPACE.TABLE;
	// plans name it without its keyspace.
	Sequences map[string]string
	// Sharded are the keyspaces that the routing says are.
	Sharded map[string]bool
}

// Format is the version of a report's JSON. A reader refuses any other.
const Format = 1

// Report is what a change does to all known queries.
type Report struct {
	Format int `json:"format"`
	// Planner is the version of Vitess whose planner was used.
	Planner string  `json:"planner"`
	Summary Summary `json:"summary"`
	// Queries are the results, worst first; of those that stay the same only
	// where all were asked for.
	Queries []Result `json:"queries"`
	// Untracked tells that the vtgates track no schema: they know the columns of the
	// VSchema alone, wherever else some stand.
	Untracked bool `json:"untracked,omitempty"`
	// Notes are facts that the reader must see.
	Notes []string `json:"notes,omitempty"`
}

// Summary counts a report's queries.
type Summary struct {
	Queries    int               `json:"queries"`
	Executions int64             `json:"executions"`
	ByVerdict  map[Verdict]Count `json:"by_verdict"`
	// NewScatter counts those that begin to ask all shards of a keyspace.
	NewScatter Count `json:"new_scatter"`
	// Plannable counts those that have a plan on one side at least: shares of the
	// executions are shares of theirs.
	Plannable Count `json:"plannable"`
	// Unplannable counts the others.
	Unplannable Unplannable `json:"unplannable"`
	// Unjudged counts those of them that have none because MySQL's columns are
	// not known.
	Unjudged Count `json:"unjudged"`
	// Moves group the queries by what happens to them, the largest share of the
	// executions first; those that stay the same are in none.
	Moves []Move `json:"moves,omitempty"`
}

// Unplannable counts queries that have no plan.
type Unplannable struct {
	Count
	// First is why the most executed of them has none; one for want of columns
	// only where all are.
	First *Error `json:"first,omitempty"`
}

// Move is what happens to some of the queries.
type Move struct {
	Verdict Verdict `json:"verdict"`
	// Text continues a sentence that begins with the count: "go from 1 shard to 64".
	Text string `json:"text"`
	Count
}

// Count is a number of queries and how often they ran.
type Count struct {
	Queries    int   `json:"queries"`
	Executions int64 `json:"executions"`
}
