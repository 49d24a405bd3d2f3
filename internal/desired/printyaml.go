package desired

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// printYAML writes a tree as YAML, in its order, with the notes around it.
func printYAML(root *node, n *notes) []byte {
	p := &yamlPrinter{notes: n}
	p.lines(0, n.header)
	if p.inline(root) {
		p.WriteString(flowText(root) + "\n")
		p.lines(0, p.notes.at(root).foot)
	} else {
		p.block(root, 0, false)
	}
	return p.Bytes()
}

type yamlPrinter struct {
	bytes.Buffer
	notes *notes
}

// inline tells whether a value stands on the line of its name.
func (p *yamlPrinter) inline(n *node) bool {
	if n.kind != objectNode && n.kind != listNode || len(n.members)+len(n.items) == 0 {
		return true
	}
	return isFlow(n) && !p.notes.at(n).spread
}

// block writes what is in an object or a list, each on lines of its own. The
// first line of an object that is an item is begun by the item.
func (p *yamlPrinter) block(n *node, depth int, begun bool) {
	for i, m := range n.members {
		if i > 0 || !begun {
			p.head(p.notes.at(m.value).head, depth, i == 0)
			p.indent(depth)
		}
		p.WriteString(scalarText(m.key) + ":")
		p.value(m.value, depth)
	}
	for i, item := range n.items {
		p.item(item, depth, i == 0)
	}
	p.lines(depth, p.notes.at(n).foot)
}

// value writes what follows a name, up to the end of its last line.
func (p *yamlPrinter) value(n *node, depth int) {
	if !p.inline(n) {
		p.endLine(n)
		p.block(n, depth+1, false)
		return
	}
	if text := flowText(n); n.kind != nullNode || text != "" {
		p.WriteString(" " + text)
	}
	p.endLine(n)
}

func (p *yamlPrinter) item(n *node, depth int, first bool) {
	head := p.notes.at(n).head
	if p.inline(n) {
		p.head(head, depth, first)
		p.indent(depth)
		p.WriteString("- " + flowText(n))
		p.endLine(n)
		return
	}
	if line := p.notes.at(n).line; line != "" {
		head = append(head, line)
	}
	if len(n.members) > 0 {
		head = append(head, p.notes.at(n.members[0].value).head...)
	}
	p.head(head, depth, first)
	p.indent(depth)
	p.WriteString("- ")
	p.block(n, depth+1, true)
}

// endLine ends the first line of an entry, with the comment behind it.
func (p *yamlPrinter) endLine(n *node) {
	if line := p.notes.at(n).line; line != "" {
		p.WriteString(" " + line)
	}
	p.WriteByte('\n')
}

// head writes what stands above an entry. The first one in a block has no empty
// line above it.
func (p *yamlPrinter) head(texts []string, depth int, first bool) {
	for first && len(texts) > 0 && texts[0] == "" {
		texts = texts[1:]
	}
	p.lines(depth, texts)
}

// lines writes comments and empty lines, of which never two follow each other.
func (p *yamlPrinter) lines(depth int, texts []string) {
	for _, text := range texts {
		if text != "" {
			p.indent(depth)
			p.WriteString(text)
		} else if p.Len() == 0 || bytes.HasSuffix(p.Bytes(), []byte("\n\n")) {
			continue
		}
		p.WriteByte('\n')
	}
}

func (p *yamlPrinter) indent(depth int) { p.WriteString(strings.Repeat("  ", depth)) }

// flowText writes a value on one line, in brackets where it is a collection.
func flowText(n *node) string {
	var parts []string
	switch n.kind {
	case objectNode:
		for _, m := range n.members {
			text := flowText(m.value)
			if text == "" {
				text = "null"
			}
			parts = append(parts, scalarText(m.key)+": "+text)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case listNode:
		for _, item := range n.items {
			parts = append(parts, flowText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return scalarText(n)
	}
}

// scalarText writes a scalar as the file has it: in its quotes, or without any
// where it can stand so on one line.
func scalarText(n *node) string {
	value := n.source.Value
	switch style := n.source.Style; {
	case n.kind != stringNode:
		return value
	case style&yaml.SingleQuotedStyle != 0 && isPrintable(value):
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	case style&^yaml.TaggedStyle == 0 && staysPlain(value):
		return value
	default:
		return quoteYAML(value)
	}
}

// staysPlain tells whether a string that stood without quotes is one without
// its tag too, on one line.
func staysPlain(s string) bool {
	plain := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	tag := plain.ShortTag()
	looksLikeMark := len(s) > 0 && strings.IndexByte("-?:", s[0]) >= 0 && (len(s) == 1 || s[1] == ' ')
	return (tag == strTag || tag == timeTag) && isPrintable(s) && !looksLikeMark
}
