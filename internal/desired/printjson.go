package desired

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// lineWidth is how long a list, or an item of one, may be to stand on one line.
const lineWidth = 100

// printJSON writes a tree as JSON, in its order: each name on a line of its
// own, and so each item of a list, as far as that fits.
func printJSON(root *node) []byte {
	p := &jsonPrinter{}
	p.value(root, 0)
	p.WriteByte('\n')
	return p.Bytes()
}

type jsonPrinter struct{ bytes.Buffer }

func (p *jsonPrinter) value(n *node, depth int) {
	switch n.kind {
	case objectNode:
		p.block("{}", depth, len(n.members), func(i int) {
			p.WriteString(quoteJSON(n.members[i].name) + ": ")
			p.value(n.members[i].value, depth+1)
		})
	case listNode:
		if flat, ok := n.flat(); ok && fits(flat, depth) {
			p.WriteString(flat)
			return
		}
		p.block("[]", depth, len(n.items), func(i int) {
			if flat, ok := n.items[i].flat(); ok && fits(flat, depth+1) {
				p.WriteString(flat)
				return
			}
			p.value(n.items[i], depth+1)
		})
	default:
		p.WriteString(n.json())
	}
}

// block writes n things between brackets, each on a line of its own.
func (p *jsonPrinter) block(brackets string, depth, n int, write func(i int)) {
	if n == 0 {
		p.WriteString(brackets)
		return
	}
	p.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			p.WriteByte(',')
		}
		p.newLine(depth + 1)
		write(i)
	}
	p.newLine(depth)
	p.WriteByte(brackets[1])
}

func (p *jsonPrinter) newLine(depth int) {
	p.WriteByte('\n')
	p.WriteString(strings.Repeat("  ", depth))
}

func fits(text string, depth int) bool {
	return 2*depth+utf8.RuneCountInString(text) <= lineWidth
}

// flat writes a list of scalars, or an object of them and of such lists, on one
// line: { "column": "id", "name": "hash" }. It gives false for what nests
// deeper, and for an empty object, which says more on its own.
func (n *node) flat() (string, bool) {
	switch n.kind {
	case objectNode:
		var parts []string
		for _, m := range n.members {
			text, ok := m.value.flat()
			if !ok || m.value.kind == objectNode {
				return "", false
			}
			parts = append(parts, quoteJSON(m.name)+": "+text)
		}
		return "{ " + strings.Join(parts, ", ") + " }", len(parts) > 0
	case listNode:
		var parts []string
		for _, item := range n.items {
			if item.kind == objectNode || item.kind == listNode {
				return "", false
			}
			parts = append(parts, item.json())
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	default:
		return n.json(), true
	}
}

// json writes a scalar.
func (n *node) json() string {
	switch n.kind {
	case nullNode:
		return "null"
	case stringNode:
		return quoteJSON(n.text)
	default:
		return n.text
	}
}
