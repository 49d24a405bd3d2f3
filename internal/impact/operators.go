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
		"HashJoin": "hash join", "HashLeftJoin": "hash join", "Values": "values join",
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

// work is something that vtgate does in its memory.
type work struct {
	word  string
	group int
	// done is how a reason says it, and begins how it says that it is new, where
	// that takes other words.
	done, begins string
}

// memoryWork orders the words of what vtgate does in its memory, and groups them
// by what they cost it: the first group more than any number of the second. What
// is in the first it does for each row, with queries of its own or by keeping all
// rows.
var memoryWork = []work{
	{"join", rowWork, "joined in vtgate", "to be joined in vtgate, once per row"},
	{"hash join", rowWork, "hash-joined in vtgate", "to be hash-joined in vtgate"},
	{"values join", rowWork, "joined by lists in vtgate", "to be joined by lists in vtgate"},
	{"semi-join", rowWork, "semi-joined in vtgate", "to be semi-joined in vtgate, once per row"},
	{"recursion", rowWork, "recursion run by vtgate", "to have a recursion run by vtgate"},
	{"foreign key cascade", rowWork, "foreign keys cascaded by vtgate", "to have foreign keys cascaded by vtgate"},
	{"subquery", 1, "subquery run by vtgate", ""},
	{"foreign key check", 1, "foreign keys checked by vtgate", ""},
	{"write by rows read", 1, "rows read by vtgate, then written", ""},
	{"insert from select", 1, "rows read by vtgate, then inserted", ""},
	{"sort", 2, "sorted in vtgate", ""},
	{"aggregate", 2, "aggregated in vtgate", ""},
	{"distinct", 2, "made distinct in vtgate", ""},
	{"union", 3, "united in vtgate", ""},
	{"merge sort", 3, "merge-sorted in vtgate", ""},
	{"filter", 3, "filtered in vtgate", ""},
}

const (
	// rowWork is the group of what weighs more than all shards.
	rowWork = 0
	// memoryGroups is how many groups there are.
	memoryGroups = 4
)

// memoryWord is what an operator does in vtgate's memory; empty for none.
func memoryWord(n Node) string {
	op := operators[n.Operator]
	if word, ok := op.variants[n.Variant]; ok {
		return word
	}
	return op.word
}
