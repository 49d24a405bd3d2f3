package lint

// What can become of rows when a vindex changes.
var (
	primaryVindexChanged = changeRule("VS241", "primary vindex of a table changed")
	vindexTypeChanged    = changeRule("VS242", "type of a vindex in use changed")
	vindexParamChanged   = changeRule("VS243", "param of a vindex in use changed")
	ownedLookupDropped   = changeRule("VS244", "owned lookup vindex no longer kept up")
	vindexOwnerChanged   = changeRule("VS245", "owner of a vindex in use changed")
	secondaryVindexAdded = changeRule("VS246", "secondary vindex added without a backfill")
	writeOnlyRemoved     = changeRule("VS247", "write_only removed by hand")
	vindexColumnsChanged = changeRule("VS248", "columns of a secondary vindex changed")
	usedVindexDropped    = changeRule("VS249", "vindex dropped while tables use it")
)
