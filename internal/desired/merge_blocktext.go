package desired

import (
	"strings"
	"unicode/utf8"
)

// blockMembers writes the members of a new object, each on lines of its own.
func (s *style) blockMembers(n *node, indent int) string {
	var b strings.Builder
	for i, m := range n.members {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(s.blockMember(m, indent))
	}
	return b.String()
}

// blockMember writes a new member from its name on, with the end of its line.
func (s *style) blockMember(m member, indent int) string {
	return s.nameText(m.name, false) + ":" + s.blockValue(m.value, indent, "")
}

// blockValue writes what follows a name's colon; the comment goes behind it.
func (s *style) blockValue(n *node, indent int, comment string) string {
	if text, ok := s.inlineText(n, indent); ok {
		return " " + text + comment + s.eol
	}
	text := comment + s.eol
	for _, item := range n.items {
		text += strings.Repeat(" ", indent+s.dash) + s.blockItem(item, indent+s.dash)
	}
	if len(n.members) > 0 {
		text += strings.Repeat(" ", indent+s.block) + s.blockMembers(n, indent+s.block)
	}
	return text
}

// blockItem writes a new item from its dash on, with the end of its line.
func (s *style) blockItem(n *node, indent int) string {
	if text, ok := s.inlineText(n, indent); ok {
		return "- " + text + s.eol
	}
	const dash = 2
	return "- " + s.blockMembers(n, indent+dash)
}

// inlineText writes a value that stands on the line of its name.
func (s *style) inlineText(n *node, indent int) (string, bool) {
	if isScalar(n) {
		return s.scalar(n, false), true
	}
	text := s.flatText(n)
	empty := len(n.members)+len(n.items) == 0
	return text, empty || s.flat(n) && indent+utf8.RuneCountInString(text) <= lineWidth
}
