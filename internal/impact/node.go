package impact

// Node is one operator of a plan, of the shape that VEXPLAIN PLAN and
// /debug/query_plans print.
type Node struct {
	Operator string // OperatorType: Route, Join, Aggregate ...
	Variant  string
	// Input is what the parent calls it: Outer, SubQuery ...
	Input    string
	Keyspace string
	Sharded  bool
	// Attrs is all else that the operator says, by vtgate's own names (Query,
	// Vindex, Values, TargetDestination ...). A value is what vtgate's planner holds, or what
	// encoding/json makes of it.
	Attrs  map[string]any
	Inputs []Node
}
