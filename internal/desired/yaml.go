package desired

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vtsync/vtsync/internal/yamldoc"
)

// parseYAML reads one YAML document into nodes, by YAML 1.2's core schema, and
// gives those of the YAML package beside them. It gives none when there is
// nothing to go on with.
//
// Aliases are refused altogether: a few lines of them expand without bound,
// and a value that stands far from where it counts defeats review. So are
// further documents, which every reader but a stream's would drop.
func parseYAML(data []byte, p *problems) (*node, *yaml.Node) {
	if !checkYAMLText(data, p) {
		return nil, nil
	}
	doc, second, err := yamldoc.Read(data)
	if err != nil {
		addYAMLError(err, data, p)
	}
	if doc == nil {
		if err == nil {
			refuseEmpty(p)
		}
		return nil, nil
	}
	if root := doc.Content[0]; root.Kind == yaml.ScalarNode && root.Value == "" && root.ShortTag() == nullTag {
		refuseEmpty(p)
		return nil, nil
	}
	if second != nil {
		p.add(codeSyntax, point{second.Line, second.Column}, "YAML: a second document; a file holds one")
	}
	n, _ := (&yamlReader{p}).value(doc.Content[0], 1)
	return n, doc.Content[0]
}

// checkYAMLText refuses characters that YAML does not allow, and those that
// YAML 1.1 takes as a line break and YAML 1.2 does not: the same file would
// mean two things.
func checkYAMLText(data []byte, p *problems) bool {
	text := string(data)
	for i, r := range text {
		if !isYAMLRune(r) && !strings.HasPrefix(text[i:], "\r\n") {
			p.add(codeSyntax, pointAt(data, i), "YAML: character %U is not allowed outside of an escape", r)
			return false
		}
	}
	return true
}

// isYAMLRune tells whether a character may stand in a file as it is.
func isYAMLRune(r rune) bool {
	switch r {
	case '\uFEFF', '\u2028', '\u2029':
		return false
	default:
		return r == '\t' || r == '\n' || r >= 0x20 && r <= 0x7E || r >= 0xA0 && r <= 0xFFFD || r >= 0x10000
	}
}

// addYAMLError notes why the text is no YAML. The YAML package leaves out the
// line when it is the first, and counts one behind the last.
func addYAMLError(err *yamldoc.Error, data []byte, p *problems) {
	line := min(max(err.Line, 1), bytes.Count(data, []byte("\n"))+1)
	e := p.add(codeSyntax, point{line: line}, "YAML: %s", err.Msg)
	if err.Msg == "found incompatible YAML document" {
		e.Next = "leave out the line %YAML: a file means the same in every version of YAML, or is refused"
	}
}

// The tags of YAML's core schema.
const (
	nullTag  = "!!null"
	boolTag  = "!!bool"
	intTag   = "!!int"
	floatTag = "!!float"
	strTag   = "!!str"
	seqTag   = "!!seq"
	mapTag   = "!!map"
	// timeTag is YAML 1.1's; in the core schema a date is a string.
	timeTag = "!!timestamp"
)

// yamlReader turns YAML's nodes into ours. What it can't turn it notes as a
// problem and leaves out; the file is then refused anyway.
type yamlReader struct{ problems *problems }

func (y *yamlReader) value(n *yaml.Node, depth int) (*node, bool) {
	at := point{n.Line, n.Column}
	if depth > maxDepth {
		y.problems.add(codeSyntax, at, "YAML: nested deeper than %d levels", maxDepth)
		return nil, false
	}
	out := &node{at: at, source: n}
	switch n.Kind {
	case yaml.MappingNode:
		out.kind = objectNode
		y.members(out, n, depth)
		return out, y.checkTag(n, mapTag)
	case yaml.SequenceNode:
		out.kind = listNode
		for _, c := range n.Content {
			if item, ok := y.value(c, depth+1); ok {
				out.items = append(out.items, item)
			}
		}
		return out, y.checkTag(n, seqTag)
	case yaml.ScalarNode:
		return out, y.scalar(out, n)
	default: // an alias: a document stands at the root only
		e := y.problems.add(codeSyntax, at, "YAML: alias *%s is not allowed", clip(n.Value))
		e.Next = "write the value out where it is used"
		return nil, false
	}
}

func (y *yamlReader) members(out *node, n *yaml.Node, depth int) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		key, ok := y.value(name, depth+1)
		value, valueOK := y.value(n.Content[i+1], depth+1)
		switch {
		case !ok:
		case name.Kind != yaml.ScalarNode:
			y.problems.add(codeSyntax, key.at, "YAML: a name must be a string, got %s", key)
		case key.kind != stringNode:
			y.problems.add(codeSyntax, key.at, "YAML: a name must be a string, got %s: write it in quotes: %q", key, name.Value)
		case valueOK:
			out.members = append(out.members, member{name: key.text, at: key.at, value: value, key: key})
		}
	}
}

// scalar fills in what a scalar is. A plain one is what the core schema says.
func (y *yamlReader) scalar(out *node, n *yaml.Node) bool {
	out.text = n.Value
	tag := n.ShortTag()
	if n.Style&yaml.TaggedStyle != 0 && tag != strTag {
		plain := yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}
		if !y.checkTag(n, plain.ShortTag()) {
			return false
		}
	}
	switch tag {
	case nullTag:
		out.kind = nullNode
	case boolTag:
		out.kind, out.text = boolNode, strings.ToLower(n.Value)
	case intTag, floatTag:
		out.kind = numberNode
	case strTag, timeTag:
		out.kind = stringNode
	default:
		return y.checkTag(n, strTag)
	}
	return true
}

// checkTag refuses a tag that is not the one that the value has by itself.
func (y *yamlReader) checkTag(n *yaml.Node, want string) bool {
	tag := n.ShortTag()
	if tag == want {
		return true
	}
	if tag == "!!merge" {
		y.problems.add(codeSyntax, point{n.Line, n.Column}, "YAML: merge key %q is not allowed", n.Value)
		return false
	}
	y.problems.add(codeSyntax, point{n.Line, n.Column}, "YAML: tag %s is not allowed on this value", clip(tag))
	return false
}
