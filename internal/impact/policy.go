package impact

import "strconv"

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
	// Unjudged is about known queries of which less than half, by their
	// executions, have a plan on any side: no bound says anything then.
	Unjudged Action
	// DearerPercent is the largest share of the executions that may become
	// dearer, in percent; nil sets no limit.
	DearerPercent *float64
}

// Equal tells that both deny the same.
func (p Policy) Equal(o Policy) bool {
	limits := p.DearerPercent == o.DearerPercent ||
		p.DearerPercent != nil && o.DearerPercent != nil && *p.DearerPercent == *o.DearerPercent
	return limits && (p.Breaks == Allow) == (o.Breaks == Allow) && (p.NewScatter == Allow) == (o.NewScatter == Allow) &&
		(p.Unjudged == Allow) == (o.Unjudged == Allow)
}

// The kinds of Breach.
const (
	BreachBreaks     = "breaks"
	BreachNewScatter = "new_scatter"
	BreachUnjudged   = "unjudged"
	BreachDearer     = "dearer"
)

// BreachKinds are all kinds, the worst first.
var BreachKinds = []string{BreachBreaks, BreachNewScatter, BreachUnjudged, BreachDearer}

// Breach is one bound that a change goes beyond.
type Breach struct {
	// Kind is one of BreachKinds: the name that allows it.
	Kind string
	Text string
}

// Check says which bounds a change goes beyond.
func (p Policy) Check(s Summary) []Breach {
	var out []Breach
	if n := s.ByVerdict[Breaks]; n.Queries > 0 && p.Breaks != Allow {
		out = append(out, Breach{BreachBreaks, n.sentence(s, "loses its plan", "lose their plan")})
	}
	if n := s.NewScatter; n.Queries > 0 && p.NewScatter != Allow {
		out = append(out, Breach{BreachNewScatter, n.sentence(s, "begins", "begin") + " to ask all shards of a keyspace"})
	}
	if p.Unjudged != Allow && s.mostlyUnplannable() {
		out = append(out, Breach{BreachUnjudged, s.unjudgedText()})
	}
	if n := s.ByVerdict[Dearer]; p.DearerPercent != nil && n.Queries > 0 && float64(n.Executions)*100 > *p.DearerPercent*float64(s.Plannable.Executions) {
		limit := strconv.FormatFloat(*p.DearerPercent, 'f', -1, 64)
		out = append(out, Breach{BreachDearer, n.sentence(s, "becomes", "become") + " dearer: at most " + limit + " % of the executions may"})
	}
	return out
}

func (n Count) sentence(s Summary, one, many string) string {
	if n.Queries == 1 {
		return n.of(s) + " " + one
	}
	return n.of(s) + " " + many
}
