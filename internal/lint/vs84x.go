package lint

// What can become of names that leave their keyspace to vtgate.
var (
	explicitRoutingRequired = changeRule("VS841", "explicit routing required")
)
