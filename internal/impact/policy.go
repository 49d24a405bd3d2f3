package impact

// Action is what a policy does about something.
type Action string

// The actions.
const (
	Deny  Action = "deny"
	Allow Action = "allow"
)

// Policy bounds what a change may do to the known queries. The zero value of an
// Action is Deny.
type Policy struct {
	// Breaks is about queries that lose their plan, NewScatter about those that
	// begin to ask all shards.
	Breaks, NewScatter Action
	// DearerPercent is the largest share of the executions that may become
	// dearer, in percent; nil sets no limit.
	DearerPercent *float64
}
