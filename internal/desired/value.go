package desired

import "encoding/json"

// Value gives what the file says, as encoding/json would decode it, for those
// who hold it against a schema: without what wraps it, in its own spelling.
func (d *Document) Value() any { return d.root.value() }

func (n *node) value() any {
	switch {
	case n == nil:
		return nil
	case n.kind == boolNode:
		return n.text == "true"
	case n.kind == numberNode:
		return json.Number(n.text)
	case n.kind == stringNode:
		return n.text
	case n.kind == listNode:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = item.value()
		}
		return out
	case n.kind == objectNode:
		out := make(map[string]any, len(n.members))
		for _, m := range n.members {
			out[m.name] = m.value.value()
		}
		return out
	default:
		return nil
	}
}
