package lint

// What can become of rows when a table, or its keyspace, is placed otherwise.
var (
	keyspaceSharded   = changeRule("VS541", "keyspace becomes sharded")
	keyspaceUnsharded = changeRule("VS542", "keyspace becomes unsharded")
	tableTypeChanged  = changeRule("VS543", "type of a table changed")
	sourceChanged     = changeRule("VS544", "source of a reference table changed")
	pinnedChanged     = changeRule("VS545", "table pinned elsewhere")
	becomesSequence   = changeRule("VS546", "table becomes a sequence")
)
