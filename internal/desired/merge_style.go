package desired

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// style is how a file is written, as far as new parts are to look like it.
type style struct {
	yaml bool
	eol  string
	// indent is what a level of brackets is indented by, and block what a level
	// of YAML without brackets is; dash is where the items of such a list stand
	// below its name.
	indent      string
	block, dash int
	// pad stands inside brackets on one line, colon behind a name, comma
	// between two things.
	pad, colon, comma string
	// quoted tells that names stand in quotes in YAML's brackets too.
	quoted bool
	// camel tells that fields are named as protojson names them.
	camel bool
	// oneLine tells, by what a value is, whether such stand in brackets on one
	// line.
	oneLine map[protoreflect.FullName]bool
	// is says what new values are.
	is map[*node]protoreflect.FullName
}

func styleOf(doc *Document, src *sourceText, ends func(*node) int) *style {
	s := &style{
		yaml: doc.root.source != nil, eol: "\n",
		indent: "  ", block: 2, dash: 2, colon: ": ", comma: ", ",
		oneLine: map[protoreflect.FullName]bool{}, is: map[*node]protoreflect.FullName{},
	}
	if !s.yaml {
		s.pad = " "
	}
	if bytes.Contains(src.data, []byte("\r\n")) {
		s.eol = "\r\n"
	}
	seen := &styleSeen{style: s, src: src, ends: ends}
	visit(doc.message, doc.root, "", seen.value)
	seen.text(doc.root)
	if !seen.dashed {
		s.dash = s.block
	}
	return s
}

// adopt gives a new value what is known of it: what it is, and the names of its
// fields.
func (s *style) adopt(n *node, is protoreflect.FullName, md protoreflect.MessageDescriptor) {
	s.is[n] = is
	if md == nil {
		return
	}
	for i, m := range n.members {
		n.members[i].name = s.fieldName(fieldByName(md, m.name))
	}
}

func (s *style) fieldName(fd protoreflect.FieldDescriptor) string {
	if s.camel {
		return fd.JSONName()
	}
	return string(fd.Name())
}

// flat tells whether a new value stands on one line, if it fits there.
func (s *style) flat(n *node) bool {
	if oneLine, known := s.oneLine[s.is[n]]; known {
		return oneLine
	}
	flat, ok := n.flat()
	return ok && fits(flat, 0) && (n.kind == listNode || !s.yaml && s.isItem(n))
}

// isItem tells that a value is one of a list's.
func (s *style) isItem(n *node) bool {
	return strings.HasPrefix(string(s.is[n]), itemMark)
}

// itemMark tells the items of a list from single values of their type.
const itemMark = "item "

// itemIs says what the items of a list are.
func itemIs(fd protoreflect.FieldDescriptor) protoreflect.FullName {
	if fd.Message() == nil {
		return ""
	}
	return itemMark + fd.Message().FullName()
}

// visit calls f for each object and list below the object of a message, with
// what it is, and with its type where it is a message's.
func visit(md protoreflect.MessageDescriptor, n *node, is protoreflect.FullName, f func(*node, protoreflect.FullName, protoreflect.MessageDescriptor)) {
	if n.kind != objectNode {
		return // a null
	}
	if is == "" {
		is = md.FullName()
	}
	f(n, is, md)
	for _, m := range n.members {
		if fd := fieldByName(md, m.name); fd != nil {
			visitField(fd, m.value, f)
		}
	}
}

func visitField(fd protoreflect.FieldDescriptor, n *node, f func(*node, protoreflect.FullName, protoreflect.MessageDescriptor)) {
	switch {
	case n.kind == nullNode:
	case fd.IsMap():
		f(n, fd.FullName(), nil)
		for _, m := range n.members {
			if below := fd.MapValue().Message(); below != nil {
				visit(below, m.value, "", f)
			}
		}
	case fd.IsList():
		f(n, fd.FullName(), nil)
		for _, item := range n.items {
			if fd.Message() != nil {
				visit(fd.Message(), item, itemIs(fd), f)
			}
		}
	case fd.Message() != nil:
		visit(fd.Message(), n, "", f)
	}
}

// styleSeen looks at the values of a file; the first of a kind tells.
type styleSeen struct {
	style  *style
	src    *sourceText
	ends   func(*node) int
	nested bool // a level of indentation was seen
	dashed bool
	spaced bool
}

func (l *styleSeen) value(n *node, is protoreflect.FullName, md protoreflect.MessageDescriptor) {
	for _, m := range n.members {
		if md != nil && string(fieldByName(md, m.name).Name()) != m.name {
			l.style.camel = true
		}
	}
	if len(n.members)+len(n.items) == 0 {
		return
	}
	if _, known := l.style.oneLine[is]; known {
		return
	}
	start, _ := l.src.offset(n.at)
	inBrackets := n.source == nil || isFlow(n)
	l.style.oneLine[is] = inBrackets && !bytes.Contains(l.src.data[start:max(start, l.ends(n))], []byte("\n"))
}

// text looks at how the text of a value is set.
func (l *styleSeen) text(n *node) {
	for _, m := range n.members {
		l.member(n, m)
		l.text(m.value)
	}
	for _, item := range n.items {
		l.text(item)
	}
	if n.source != nil && isFlow(n) && len(n.members) > 0 {
		l.style.quoted = n.members[0].key.source.Style == yaml.DoubleQuotedStyle
	}
	if len(n.members) > 0 && (n.source == nil || isFlow(n)) {
		l.brackets(n)
	}
}

// member looks at how far what is below a name is indented.
func (l *styleSeen) member(n *node, m member) {
	v := m.value
	if v.source == nil || isFlow(v) || isFlow(n) {
		return
	}
	switch {
	case v.kind == listNode && len(v.items) > 0 && !l.dashed:
		l.style.dash, l.dashed = v.source.Column-m.at.column, true
	case v.kind == objectNode && len(v.members) > 0 && !l.nested:
		l.style.block, l.nested = v.members[0].at.column-m.at.column, true
	}
}

// brackets looks at the spaces in and around brackets.
func (l *styleSeen) brackets(n *node) {
	open, _ := l.src.offset(n.at)
	first, _ := l.src.offset(n.members[0].at)
	if first <= open {
		return // a pair without brackets in a list that has some
	}
	lead := l.src.data[open+1 : first]
	if i := bytes.LastIndexByte(lead, '\n'); i >= 0 {
		own := len(l.src.line(n.at.line)) - len(bytes.TrimLeft(l.src.line(n.at.line), " \t"))
		if below := string(lead[i+1:]); len(below) > own && !l.nested && isBlank(below) {
			l.style.indent, l.nested = below[own:], true
		}
	} else if isBlank(string(lead)) {
		l.style.pad = string(lead)
	}
	value, _ := l.src.offset(n.members[0].value.at)
	if !l.style.yaml && !l.spaced && value > 0 && l.src.data[value-1] == ':' {
		l.style.colon, l.style.comma = ":", ","
	}
	l.spaced = true
}

func isBlank(s string) bool { return strings.Trim(s, " \t") == "" }

// oneLine writes a value as JSON on one line.
func oneLine(n *node) string {
	s := &style{pad: " ", colon: ": ", comma: ", "}
	return s.flatText(n)
}

// flatText writes a value on one line, in brackets where it is a collection.
func (s *style) flatText(n *node) string {
	var parts []string
	for _, m := range n.members {
		parts = append(parts, s.nameText(m.name, true)+s.colon+s.flatText(m.value))
	}
	for _, item := range n.items {
		parts = append(parts, s.flatText(item))
	}
	switch {
	case n.kind == objectNode && len(parts) > 0:
		return "{" + s.pad + strings.Join(parts, s.comma) + s.pad + "}"
	case n.kind == objectNode:
		return "{}"
	case n.kind == listNode:
		return "[" + strings.Join(parts, s.comma) + "]"
	default:
		return s.scalar(n, true)
	}
}

// nameText writes the name of a member.
func (s *style) nameText(name string, inBrackets bool) string {
	return s.scalar(&node{kind: stringNode, text: name}, inBrackets)
}

func (s *style) scalar(n *node, inBrackets bool) string {
	switch {
	case !s.yaml || n.kind != stringNode:
		return n.json()
	case isPlain(n.text) && (!inBrackets || !s.quoted):
		return n.text
	default:
		return quoteYAML(n.text)
	}
}

// lines writes a value in brackets, over several lines where it stands so in
// this file, or does not fit on one; indent is that of its first line.
func (s *style) lines(n *node, indent string) string {
	flat := s.flatText(n)
	if len(n.members)+len(n.items) == 0 || s.flat(n) && len(indent)+utf8.RuneCountInString(flat) <= lineWidth {
		return flat
	}
	below := indent + s.indent
	var parts []string
	for _, m := range n.members {
		parts = append(parts, below+s.nameText(m.name, true)+s.colon+s.lines(m.value, below))
	}
	for _, item := range n.items {
		parts = append(parts, below+s.lines(item, below))
	}
	brackets := "{}"
	if n.kind == listNode {
		brackets = "[]"
	}
	return brackets[:1] + s.eol + strings.Join(parts, ","+s.eol) + s.eol + indent + brackets[1:]
}
