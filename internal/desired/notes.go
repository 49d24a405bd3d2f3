package desired

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// notes are what stands around the nodes of a YAML file and is no value: its
// comments, and the empty lines that part its entries.
type notes struct {
	// header stands at the top of the file, whatever comes first in it.
	header []string
	// of holds them by the value of the entry that they are for.
	of map[*node]*note
}

// note is what stands around one entry. An empty line is an empty text.
type note struct {
	head []string // above it
	line string   // behind it, on its first line
	foot []string // below all that is in it
	// spread tells that its content cannot stand on one line.
	spread bool
}

func (n *notes) at(v *node) *note {
	if n.of[v] == nil {
		n.of[v] = &note{}
	}
	return n.of[v]
}

// entry is a member of an object or an item of a list.
type entry struct {
	at        point
	column    int // of what lines of its own begin with: its name or its dash
	value     *node
	container *node
	parent    *entry // nil at the root
}

// annotator hands the comments of a file to its entries.
type annotator struct {
	*yamlSource
	notes   *notes
	root    *node
	entries []*entry // in the order of the file
	ends    map[*node]int
}

func attach(src *yamlSource, root *node) *notes {
	a := &annotator{
		yamlSource: src, root: root, ends: make(map[*node]int),
		notes: &notes{of: make(map[*node]*note)},
	}
	a.collect(root, nil)
	a.spreadLong(root)
	var top []comment
	next := 0
	for _, c := range src.comments {
		for next < len(a.entries) && !c.at.before(a.entries[next].at) {
			next++
		}
		if next == 0 && len(a.entries) > 0 && !a.inside(c, root) {
			top = append(top, c)
			continue
		}
		a.place(c, next)
	}
	a.placeTop(top)
	a.keepEmptyLines()
	return a.notes
}

func (p point) before(o point) bool {
	return p.line < o.line || p.line == o.line && p.column < o.column
}

// collect lists the entries of a node.
func (a *annotator) collect(n *node, parent *entry) {
	add := func(at point, column int, value *node) {
		e := &entry{at: at, column: column, value: value, container: n, parent: parent}
		a.entries = append(a.entries, e)
		a.collect(value, e)
	}
	for _, m := range n.members {
		add(m.at, m.at.column, m.value)
	}
	for _, item := range n.items {
		add(item.at, n.source.Column, item)
	}
	if isFlow(n) {
		a.ends[n] = a.text.end(n.source)
	}
}

// isFlow tells that a node is written in brackets.
func isFlow(n *node) bool {
	return n.source.Kind != yaml.ScalarNode && n.source.Style&yaml.FlowStyle != 0
}

// spreadLong marks what is in brackets over several lines.
func (a *annotator) spreadLong(n *node) bool {
	spread := isFlow(n) && a.text.lineOf(a.ends[n]-1) != n.at.line
	for _, m := range n.members {
		spread = a.spreadLong(m.value) || spread
	}
	for _, item := range n.items {
		spread = a.spreadLong(item) || spread
	}
	if spread && isFlow(n) {
		a.notes.at(n).spread = true
	}
	return spread && isFlow(n)
}

// inside tells whether a comment is between the brackets of a node.
func (a *annotator) inside(c comment, n *node) bool {
	offset := a.offset(c.at)
	return isFlow(n) && a.offset(n.at) < offset && offset < a.ends[n]
}

func (a *annotator) offset(p point) int {
	offset, _ := a.text.offset(p) // of a place in the text
	return offset
}

// place gives a comment to an entry; next is the first one behind it.
func (a *annotator) place(c comment, next int) {
	var before *entry
	if next > 0 {
		before = a.entries[next-1]
	}
	for before != nil && isFlow(before.container) && !a.inside(c, before.container) {
		before = before.parent
	}
	if before != nil && !a.alone(c) {
		a.putBehind(before, c)
		return
	}
	var after *entry
	if next < len(a.entries) {
		after = a.entries[next]
	}
	if brackets := a.bracketsAround(c, before); brackets != nil {
		a.putInBrackets(c, brackets, before, after)
		return
	}
	above := before
	for above != nil && (above.column > c.at.column || isFlow(above.container)) {
		above = above.parent
	}
	switch {
	case after != nil && (above == nil || c.at.column <= after.column || above.column <= after.column):
		a.putAbove(after.value, c)
	case above != nil:
		a.putBelow(above.container, c)
	default:
		a.putBelow(a.root, c)
	}
}

// alone tells that nothing but the dash of an item stands before a comment.
func (a *annotator) alone(c comment) bool {
	before := a.text.data[a.text.lines[c.at.line-1]:a.offset(c.at)]
	return len(bytes.Trim(before, " \t-")) == 0
}

// bracketsAround gives the innermost brackets that a comment stands in.
func (a *annotator) bracketsAround(c comment, before *entry) *node {
	switch {
	case before == nil && a.inside(c, a.root):
		return a.root
	case before == nil:
		return nil
	case a.inside(c, before.value):
		return before.value
	case isFlow(before.container):
		return before.container
	default:
		return nil
	}
}

func (a *annotator) putInBrackets(c comment, brackets *node, before, after *entry) {
	switch {
	case after != nil && a.offset(after.at) < a.ends[brackets]:
		a.spreadUp(after)
		a.putAbove(after.value, c)
	case len(brackets.members)+len(brackets.items) > 0:
		a.spreadUp(before)
		a.putBelow(brackets, c)
	case before != nil: // there is nothing between the brackets
		a.spreadUp(before)
		a.putAbove(before.value, c)
	default:
		a.putBelow(brackets, c)
	}
}

// spreadUp gives an entry a line of its own.
func (a *annotator) spreadUp(e *entry) {
	for ; e != nil && isFlow(e.container); e = e.parent {
		a.notes.at(e.container).spread = true
	}
}

func (a *annotator) putBehind(e *entry, c comment) {
	a.spreadUp(e)
	if n := a.notes.at(e.value); n.line == "" {
		n.line = c.text
	} else {
		n.head = append(n.head, c.text)
	}
}

func (a *annotator) putAbove(v *node, c comment) {
	n := a.notes.at(v)
	n.head = append(a.emptyAbove(n.head, c.at.line), c.text)
}

func (a *annotator) putBelow(v *node, c comment) {
	n := a.notes.at(v)
	n.foot = append(a.emptyAbove(n.foot, c.at.line), c.text)
}

// emptyAbove adds the empty line that stands above a line.
func (a *annotator) emptyAbove(texts []string, line int) []string {
	if line > 1 && len(bytes.TrimSpace(a.text.line(line-1))) == 0 {
		return append(texts, "")
	}
	return texts
}

// modeline tells editors what a file is.
const modeline = "yaml-language-server:"

// placeTop parts the comments above the first entry. What an empty line parts
// from it is about the file, and stays at the top; so does the one block of
// comments that there is, since the first entry may become another one.
func (a *annotator) placeTop(top []comment) {
	if len(a.entries) == 0 {
		return
	}
	first := a.entries[0]
	var texts []string
	for _, c := range top {
		texts = append(a.emptyAbove(texts, c.at.line), c.text)
	}
	texts = a.emptyAbove(texts, first.at.line)
	if len(texts) > 0 && texts[0] == "" {
		texts = texts[1:]
	}
	split := 0
	for i, text := range texts {
		if text == "" || strings.Contains(text, modeline) {
			split = i + 1
		}
	}
	if !slices.Contains(texts, "") {
		split = len(texts)
	}
	a.notes.header = texts[:split]
	n := a.notes.at(first.value)
	n.head = slices.Concat(texts[split:], n.head)
}

// keepEmptyLines notes the empty lines above entries that begin a line.
func (a *annotator) keepEmptyLines() {
	line := 0
	for i, e := range a.entries {
		if e.at.line == line || i == 0 {
			continue // placeTop has seen to the first one
		}
		line = e.at.line
		if !isFlow(e.container) {
			n := a.notes.at(e.value)
			n.head = a.emptyAbove(n.head, line)
		}
	}
}

// end gives the offset behind a node that is written in brackets, or stands in
// such.
func (s *sourceText) end(n *yaml.Node) int {
	start, ok := s.offset(point{n.Line, n.Column})
	if !ok {
		return len(s.data)
	}
	start = skipProperties(s.data, start)
	if n.Kind == yaml.ScalarNode {
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			return quotedEnd(s.data, start)
		}
		return s.plainEnd(start, n.Value)
	}
	at := start
	if bracket := s.data[min(start, len(s.data)-1)]; bracket == '{' || bracket == '[' {
		at++
	} else if len(n.Content) > 0 { // [a: b] is a list of one object without brackets
		return s.end(n.Content[len(n.Content)-1])
	}
	for _, c := range n.Content {
		at = max(at, s.end(c))
	}
	for ; at < len(s.data); at++ {
		switch s.data[at] {
		case '}', ']':
			return at + 1
		case '#':
			at += len(s.line(s.lineOf(at))) - (at - s.lines[s.lineOf(at)-1])
		}
	}
	return len(s.data)
}

// plainEnd gives the offset behind a string without quotes, whose lines may
// have been folded.
func (s *sourceText) plainEnd(at int, value string) int {
	for _, word := range strings.Fields(value) {
		for at < len(s.data) && strings.IndexByte(" \t\r\n", s.data[at]) >= 0 {
			at++
		}
		if !bytes.HasPrefix(s.data[at:], []byte(word)) {
			return at // not the text that was read: an empty value's place
		}
		at += len(word)
	}
	return at
}
