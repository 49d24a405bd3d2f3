package impact

// kind is what an operator of a plan does. The set is closed.
type kind int

const (
	unknownKind kind = iota
	routeKind        // sends a query to shards and returns their rows
	writeKind        // writes to shards
	lookupKind       // reads a lookup table, then sends a query by what it found
	ddlKind          // changes the schema of every shard
	joinKind         // lets the rows of its inputs meet in vtgate
	memoryKind       // works in vtgate on the rows of its input
	wrapperKind      // passes on what its inputs do
	mirrorKind       // runs its second input for a part of the executions
	switchKind       // has two plans, and takes the first unless conditions hold
	upsertKind       // pairs of an insert and the update it falls back to
	localKind        // is answered by vtgate
)

// operator is what the classifier knows about one OperatorType.
type operator struct {
	kind kind
	// word names the work in vtgate's memory; variants has the words that one
	// variant alone has.
	word     string
	variants map[string]string
}

// operators are all of Vitess 24's, by their OperatorType. A test compares the
// table with the plans that Vitess's own tests expect.
var operators = map[string]operator{
	"Route":   {kind: routeKind},
	"Send":    {kind: routeKind},
	"Lock":    {kind: routeKind},
	"MStream": {kind: routeKind},
	"VStream": {kind: routeKind},

	"Insert": {kind: writeKind, variants: map[string]string{"Select": "insert from select"}},
	"Update": {kind: writeKind},
	"Delete": {kind: writeKind},

	"VindexLookup": {kind: lookupKind},

	"DDL":             {kind: ddlKind},
	"OnlineDDL":       {kind: ddlKind},
	"RevertMigration": {kind: ddlKind},

	"Join": {kind: joinKind, word: "join", variants: map[string]string{
		"HashJoin": "hash join", "HashLeftJoin": "hash join",
	}},
	"SemiJoin":             {kind: joinKind, word: "semi-join"},
	"UncorrelatedSubquery": {kind: joinKind, word: "subquery"},
	"RecurseCTE":           {kind: joinKind, word: "recursion"},

	"Sort":         {kind: memoryKind, word: "sort", variants: map[string]string{"Merge": "merge sort"}},
	"Aggregate":    {kind: memoryKind, word: "aggregate"},
	"Distinct":     {kind: memoryKind, word: "distinct"},
	"Filter":       {kind: memoryKind, word: "filter"},
	"Concatenate":  {kind: memoryKind, word: "union"},
	"DMLWithInput": {kind: memoryKind, word: "write by rows read"},
	"FkCascade":    {kind: memoryKind, word: "foreign key cascade"},
	"FKVerify":     {kind: memoryKind, word: "foreign key check"},

	"Upsert":       {kind: upsertKind},
	"Mirror":       {kind: mirrorKind},
	"PlanSwitcher": {kind: switchKind},

	"EXECUTE":             {kind: wrapperKind},
	"Limit":               {kind: wrapperKind},
	"Projection":          {kind: wrapperKind},
	"RenameFields":        {kind: wrapperKind},
	"ReplaceVariables":    {kind: wrapperKind},
	"Sequential":          {kind: wrapperKind},
	"Set":                 {kind: wrapperKind},
	"SimpleProjection":    {kind: wrapperKind},
	"SQL_CALC_FOUND_ROWS": {kind: wrapperKind},
	"VEXPLAIN":            {kind: wrapperKind},

	"AlterVSchema":      {kind: localKind},
	"CREATEDB":          {kind: localKind},
	"DROPDB":            {kind: localKind},
	"Rows":              {kind: localKind},
	"SHOW WARNINGS":     {kind: localKind},
	"ShowExec":          {kind: localKind},
	"SingleRow":         {kind: localKind},
	"ThrottleApp":       {kind: localKind},
	"TransactionStatus": {kind: localKind},
	"UnlockTables":      {kind: localKind},
	"UpdateTarget":      {kind: localKind},
	"VindexFunc":        {kind: localKind},
}

// memoryWork orders the words of what vtgate does in its memory, and groups them
// by what they cost it: the first group more than any number of the second.
var memoryWork = []struct {
	word  string
	group int
	// done is how a reason says it.
	done string
}{
	{"join", 0, "joined in vtgate"},
	{"hash join", 0, "hash-joined in vtgate"},
	{"semi-join", 0, "semi-joined in vtgate"},
	{"subquery", 0, "subquery run by vtgate"},
	{"recursion", 0, "recursion run by vtgate"},
	{"foreign key cascade", 0, "foreign keys cascaded by vtgate"},
	{"foreign key check", 0, "foreign keys checked by vtgate"},
	{"write by rows read", 0, "rows read by vtgate, then written"},
	{"insert from select", 0, "rows read by vtgate, then inserted"},
	{"sort", 1, "sorted in vtgate"},
	{"aggregate", 1, "aggregated in vtgate"},
	{"distinct", 1, "made distinct in vtgate"},
	{"union", 2, "united in vtgate"},
	{"merge sort", 2, "merge-sorted in vtgate"},
	{"filter", 2, "filtered in vtgate"},
}

// memoryGroups is how many groups there are.
const memoryGroups = 3

// memoryWord is what an operator does in vtgate's memory; empty for none.
func memoryWord(n Node) string {
	op := operators[n.Operator]
	if word, ok := op.variants[n.Variant]; ok {
		return word
	}
	return op.word
}
