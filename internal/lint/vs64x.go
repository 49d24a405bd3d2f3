package lint

// What can become of queries when a table, or its list of columns, goes.
var (
	tableDropped      = changeRule("VS641", "table removed from a sharded keyspace")
	listAuthoritative = changeRule("VS642", "column list becomes authoritative")
	listChanged       = changeRule("VS643", "column added to or dropped from an authoritative list")
	listReordered     = changeRule("VS644", "authoritative column list reordered")
	keysManaged       = changeRule("VS645", "vtgate takes over foreign keys")
)
