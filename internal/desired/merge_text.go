package desired

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vtsync/vtsync/internal/vschema"
)

// rewrite changes the text of a file so that it says what is wanted, and leaves
// all else in it as it is.
func rewrite(doc *Keyspace, data []byte, want *vschema.Keyspace) ([]byte, error) {
	text := trimMark(data)
	r := &rewriter{src: newSourceText(text)}
	if doc.root.source != nil {
		outer, whole := parseYAML(text, &problems{})
		r.comments = findComments(r.src, whole)
		r.wrapped = outer.at != doc.root.at
		r.refuseProperties(whole)
	}
	r.style = styleOf(&doc.Document, r.src, r.end)
	p := &patcher{style: r.style}
	todo := p.object(doc.root, doc.message.FullName(), doc.VSchema.ProtoReflect(), want.ProtoReflect())
	switch {
	case p.err != nil:
		return nil, p.err
	case todo == nil:
		return data, nil
	case todo.value != nil:
		r.root(todo)
	default:
		r.inside(todo)
	}
	if r.err != nil {
		return nil, r.err
	}
	mark := data[:len(data)-len(text)]
	return append(slices.Clone(mark), r.cut(0, len(text))...), nil
}

// rewriter collects the edits of one text.
type rewriter struct {
	src      *sourceText
	style    *style
	comments []comment
	wrapped  bool
	edits    []edit
	err      error // the first one
}

// edit puts a text in the place of a part of the file.
type edit struct {
	start, end int
	text       string
}

func (r *rewriter) replace(start, end int, text string) {
	r.edits = append(r.edits, edit{start, end, text})
}

// cut gives a part of the text with the edits inside of it made, and forgets
// them.
func (r *rewriter) cut(start, end int) string {
	var inside, outside []edit
	for _, e := range r.edits {
		if start <= e.start && e.end <= end {
			inside = append(inside, e)
		} else {
			outside = append(outside, e)
		}
	}
	r.edits = outside
	slices.SortStableFunc(inside, func(a, b edit) int { return a.start - b.start })
	var b strings.Builder
	at := start
	for _, e := range inside {
		b.Write(r.src.data[at:e.start])
		b.WriteString(e.text)
		at = e.end
	}
	b.Write(r.src.data[at:end])
	return b.String()
}

// unusual is a way of writing that is read and not changed.
type unusual struct {
	line int
	what string
}

func (u *unusual) Error() string { return u.what }

// refuse notes that a place is written in such a way.
func (r *rewriter) refuse(at point, what string) {
	if r.err == nil {
		r.err = &unusual{at.line, what}
	}
}

// refuseProperties refuses a file with anchors or tags, which stand where
// values are sought, or with block texts that keep the lines behind them, which
// have no end that can be found.
func (r *rewriter) refuseProperties(n *yaml.Node) {
	at := point{n.Line, n.Column}
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		r.refuse(at, "a tag or an anchor")
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		header, _, _ := bytes.Cut(r.src.data[r.offset(at):], []byte("\n"))
		if bytes.ContainsRune(header, '+') {
			r.refuse(at, "a block text that keeps its last lines")
		}
	}
	for _, c := range n.Content {
		r.refuseProperties(c)
	}
}

func (r *rewriter) offset(p point) int {
	offset, _ := r.src.offset(p) // of a place in the text
	return offset
}

// end gives the offset behind a value.
func (r *rewriter) end(n *node) int {
	if n.source == nil {
		s := &jsonScanner{data: r.src.data, offset: r.offset(n.at)}
		if _, err := s.value(); err != nil {
			return len(s.data) // it was read before
		}
		return s.offset
	}
	if isFlow(n) || n.source.Kind == yaml.ScalarNode && !isBlockText(n) {
		return r.src.end(n.source)
	}
	end := r.offset(n.at)
	for _, m := range n.members {
		end = max(end, r.memberEnd(m))
	}
	for _, item := range n.items {
		end = max(end, r.endBelow(item, n.source.Column))
	}
	return end
}

// endBelow gives the offset behind a value below a name or dash in that column.
func (r *rewriter) endBelow(n *node, column int) int {
	if isBlockText(n) {
		return r.src.block(skipProperties(r.src.data, r.offset(n.at)), column)[1]
	}
	return r.end(n)
}

// isBlockText tells that a string stands on lines of its own, behind "|" or ">".
func isBlockText(n *node) bool {
	return n.source != nil && n.source.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// isNothing tells that YAML has an empty place where a value could be.
func isNothing(n *node) bool {
	return n.source != nil && n.kind == nullNode && n.text == ""
}

// memberEnd gives the offset behind a member.
func (r *rewriter) memberEnd(m member) int {
	colon := r.colonOf(m)
	if isNothing(m.value) {
		return colon
	}
	return max(colon, r.endBelow(m.value, m.at.column))
}

// colonOf gives the offset behind the colon of a member.
func (r *rewriter) colonOf(m member) int {
	at := quotedEnd(r.src.data, r.offset(m.at))
	if m.key != nil {
		at = r.src.end(m.key.source)
	}
	rest := r.src.data[at:]
	spaces := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
	if spaces == len(rest) || rest[spaces] != ':' {
		return at // a name alone, or one behind a question mark
	}
	return at + spaces + 1
}

// root replaces the whole value.
func (r *rewriter) root(p *patch) {
	start, end := r.offset(p.node.at), r.end(p.node)
	switch {
	case !r.style.yaml || r.wrapped && isFlow(p.node):
		r.replace(start, end, r.style.lines(p.value, ""))
	case r.wrapped:
		r.refuse(p.node.at, "nothing would be left below the name")
	case len(p.value.members) == 0:
		r.replace(start, end, "{}")
	case p.node.at.column != 1 || !r.inBrackets(p.node):
		r.refuse(p.node.at, "an empty value that does not begin its line")
	default: // what stands behind the brackets stays above
		line := r.src.lineOf(end - 1)
		rest := r.src.line(line)[end-r.src.lines[line-1]:]
		text := strings.TrimSuffix(r.style.blockMembers(p.value, 0), r.style.eol)
		if !isSpace(string(rest)) {
			text = string(bytes.TrimLeft(rest, " \t")) + r.style.eol + text
		}
		r.replace(start, end+len(rest), text)
	}
}

// inside makes the changes inside of an object or a list.
func (r *rewriter) inside(p *patch) {
	if !r.inBrackets(p.node) {
		r.block(p)
		return
	}
	oneLine := !bytes.Contains(r.src.data[r.offset(p.node.at):r.end(p.node)], []byte("\n"))
	for _, next := range p.pieces {
		switch {
		case next.patch == nil:
		case next.patch.value == nil:
			r.inside(next.patch)
		default:
			r.swap(next.patch, oneLine)
		}
	}
	if !p.inPlace() {
		r.brackets(p, oneLine)
	}
}

func (r *rewriter) inBrackets(n *node) bool {
	if n.source == nil {
		return true
	}
	if !isFlow(n) {
		return false
	}
	if at := r.offset(n.at); r.src.data[at] != '{' && r.src.data[at] != '[' {
		r.refuse(n.at, "an object in a list without brackets of its own")
	}
	return true
}

// swap replaces a value in brackets.
func (r *rewriter) swap(p *patch, oneLine bool) {
	switch {
	case isNothing(p.node):
		r.refuse(p.node.at, "a name without a value")
	case isScalar(p.node) && isScalar(p.value):
		r.swapScalar(p)
	case oneLine:
		r.replace(r.offset(p.node.at), r.end(p.node), r.style.flatText(p.value))
	default:
		r.replace(r.offset(p.node.at), r.end(p.node), r.style.lines(p.value, r.indentOf(p.node.at.line)))
	}
}

// swapScalar replaces a scalar, in the quotes that it has.
func (r *rewriter) swapScalar(p *patch) {
	text := r.style.scalar(p.value, true)
	if src := p.node.source; src != nil && p.value.kind == stringNode {
		switch {
		case src.Style&yaml.SingleQuotedStyle != 0 && isPrintable(p.value.text):
			text = "'" + strings.ReplaceAll(p.value.text, "'", "''") + "'"
		case src.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
			text = quoteYAML(p.value.text)
		}
	}
	r.replace(r.offset(p.node.at), r.end(p.node), text)
}

func isScalar(n *node) bool { return n.kind != objectNode && n.kind != listNode }

// indentOf gives what a line begins with.
func (r *rewriter) indentOf(line int) string {
	text := r.src.line(line)
	return string(text[:len(text)-len(bytes.TrimLeft(text, " \t"))])
}
