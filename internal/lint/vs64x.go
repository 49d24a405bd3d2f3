package lint

// What can become of queries when a table, or its list of columns, goes.
var (
	tableDropped      = changeRule("VS641", "table removed from a sharded keyspace")
	listAuthoritative = changeRule("VS642", "column list becomes authoritative")
	listChanged       = changeRule("VS643", "authoritative column list changed")
)
