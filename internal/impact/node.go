package impact

import (
	"encoding/json"
	"maps"
	"slices"
)

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

// text is an attribute that is a text; empty where it is none.
func (n Node) text(key string) string {
	s, _ := n.Attrs[key].(string)
	return s
}

// list is an attribute that is a list of texts.
func (n Node) list(key string) []string {
	switch v := n.Attrs[key].(type) {
	case []string:
		return v
	case []any:
		out := make([]string, 0, len(v))
		for _, item := range v {
			s, _ := item.(string)
			out = append(out, s)
		}
		return out
	}
	return nil
}

// names are the keys of an attribute that is an object of texts.
func (n Node) names(key string) []string {
	switch v := n.Attrs[key].(type) {
	case map[string]string:
		return slices.Sorted(maps.Keys(v))
	case map[string]any:
		return slices.Sorted(maps.Keys(v))
	case json.RawMessage:
		var object map[string]json.RawMessage
		if json.Unmarshal(v, &object) == nil {
			return slices.Sorted(maps.Keys(object))
		}
	}
	return nil
}
