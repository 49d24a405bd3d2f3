package desired

import (
	"bytes"
	"slices"
	"strings"
)

// segment is the lines of one member or item of YAML without brackets.
type segment struct {
	// head is where the comments and empty lines above it begin, start its name
	// or dash, and end is behind its last line, with the comments in it.
	head, start, end int
	// valueEnd is behind the value itself.
	valueEnd int
}

// block makes the changes inside of an object or a list without brackets.
func (r *rewriter) block(p *patch) {
	n := p.node
	segments, begun := r.segments(n)
	if r.err != nil {
		return
	}
	for _, next := range p.pieces {
		switch {
		case next.patch == nil:
		case next.patch.value == nil:
			r.inside(next.patch)
		case isScalar(next.patch.node) && isScalar(next.patch.value) && !isNothing(next.patch.node) && !isBlockText(next.patch.node):
			r.swapScalar(next.patch)
		case n.kind == listNode:
			s := segments[next.old]
			r.replace(s.start, s.valueEnd, strings.TrimSuffix(r.style.blockItem(next.patch.value, columnOf(n)), r.style.eol))
		default:
			r.swapBelow(n.members[next.old], segments[next.old], next.patch.value)
		}
	}
	if r.err == nil && !p.inPlace() {
		r.arrange(p, segments, begun)
	}
}

// columnOf gives how far the names or dashes of an object or a list are indented.
func columnOf(n *node) int {
	if n.kind == listNode {
		return n.source.Column - 1
	}
	return n.members[0].at.column - 1
}

// segments gives the lines of what is in an object or a list. The first one may
// have been begun by what it is in.
func (r *rewriter) segments(n *node) (segments []segment, begun bool) {
	indent := columnOf(n)
	count := len(n.members) + len(n.items)
	for i := range count {
		var at point
		var end int
		if n.kind == listNode {
			at = point{n.items[i].at.line, indent + 1}
			end = r.endBelow(n.items[i], indent+1)
		} else {
			at = n.members[i].at
			end = r.memberEnd(n.members[i])
		}
		s := segment{start: r.offset(at), valueEnd: end}
		before := r.src.data[r.src.lines[at.line-1]:s.start]
		if i == 0 {
			begun = !isBlank(string(before))
		}
		dashless := n.kind == listNode && r.src.data[s.start] != '-'
		questioned := bytes.HasSuffix(bytes.TrimRight(before, " \t"), []byte("?"))
		if at.column != indent+1 || i > 0 && !isBlank(string(before)) || dashless || questioned {
			r.refuse(at, "a layout in which names or dashes do not stand below each other")
			return nil, false
		}
		s.head = s.start - len(before)
		switch {
		case i > 0:
			s.head = segments[i-1].end
		case begun:
			s.head = s.start
		default:
			s.head = r.headAbove(at.line)
		}
		s.end = r.footEnd(end, indent)
		segments = append(segments, s)
	}
	return segments, begun
}

// headAbove gives where the comments above the first thing in a block begin.
// Those at the top of the file are about the file, but for the last of several.
func (r *rewriter) headAbove(line int) int {
	first := line
	for first > 1 && isAsideLine(r.src.line(first-1)) {
		first--
	}
	top := first == 1 || bytes.HasPrefix(r.src.line(first-1), []byte("---"))
	if !top {
		return r.src.lines[first-1]
	}
	for l := line - 1; l >= first; l-- {
		text := r.src.line(l)
		if bytes.Contains(text, []byte(modeline)) {
			return r.src.lines[l]
		}
		if isSpace(string(text)) && l > first {
			return r.src.lines[l]
		}
	}
	return r.src.lines[line-1]
}

// isAsideLine tells that a line holds no value.
func isAsideLine(line []byte) bool {
	text := bytes.TrimSpace(line)
	return len(text) == 0 || text[0] == '#'
}

// footEnd gives the end of the last line of what ends at the offset, with the
// comments below that are indented deeper than its name.
func (r *rewriter) footEnd(offset, indent int) int {
	line := r.src.lineOf(max(offset-1, 0))
	last := line
	for l := line + 1; l <= len(r.src.lines) && isAsideLine(r.src.line(l)); l++ {
		text := r.src.line(l)
		depth := len(text) - len(bytes.TrimLeft(text, " \t"))
		if depth == len(text) {
			continue // an empty line
		}
		if depth <= indent {
			break
		}
		last = l
	}
	if last < len(r.src.lines) {
		return r.src.lines[last]
	}
	return len(r.src.data)
}

// swapBelow replaces the value of a member, and keeps the comment behind its
// name and those below it.
func (r *rewriter) swapBelow(m member, s segment, value *node) {
	colon := r.colonOf(m)
	line := m.at.line
	if r.src.lineOf(colon-1) != line {
		r.refuse(m.at, "a name whose value begins on another line")
		return
	}
	comment := ""
	for _, c := range r.comments {
		if at := r.offset(c.at); c.at.line == line && at >= colon && (at >= s.valueEnd || m.value.at.line > line) {
			comment = " " + c.text
		}
	}
	end := max(s.valueEnd, colon)
	if comment != "" && r.src.lineOf(end-1) == line {
		end = r.src.lines[line-1] + len(r.src.line(line)) // the comment is written again
	}
	text := r.style.blockValue(value, m.at.column-1, comment)
	if end > 0 && r.src.data[end-1] != '\n' { // a block of text ends with its line
		text = strings.TrimSuffix(text, r.style.eol)
	}
	r.replace(colon, end, text)
}

// arrange writes the pieces of a block in their order, each with the comments
// above it.
func (r *rewriter) arrange(p *patch, segments []segment, begun bool) {
	indent := columnOf(p.node)
	pad := strings.Repeat(" ", indent)
	apart := r.apart(segments)
	start, end := segments[0].head, segments[len(segments)-1].end
	orphans := r.orphans(p, segments)
	var b strings.Builder
	for i, next := range p.pieces {
		head, body := "", ""
		if next.old >= 0 {
			s := segments[next.old]
			head = orphans[next.old] + r.headOf(s, begun && next.old == 0)
			body = r.cut(s.start, s.end)
		} else if p.node.kind == listNode {
			body = r.style.blockItem(next.add.value, indent)
		} else {
			body = r.style.blockMember(*next.add, indent)
		}
		if apart && i > 0 && !startsBlank(head) {
			head = r.style.eol + head
		}
		if i == 0 && !r.startsBlankAt(start) {
			head = trimBlankLines(head)
		}
		if i > 0 && !strings.HasSuffix(b.String(), "\n") {
			b.WriteString(r.style.eol)
		}
		if begun && i == 0 { // what stands above the first one goes below it
			b.WriteString(body + head)
			continue
		}
		b.WriteString(head + pad + body)
	}
	r.replace(start, end, b.String()+orphans[len(segments)])
}

// headOf gives the lines above a segment.
func (r *rewriter) headOf(s segment, begun bool) string {
	if begun {
		return ""
	}
	line := r.src.lines[r.src.lineOf(s.start)-1]
	return string(r.src.data[s.head:line])
}

// orphans gives, by the segment that it comes to stand above, what was above a
// dropped one and not about it: comments that an empty line parts from it.
func (r *rewriter) orphans(p *patch, segments []segment) map[int]string {
	kept := map[int]bool{}
	for _, next := range p.pieces {
		kept[next.old] = true
	}
	out := map[int]string{}
	rest := ""
	for i, s := range segments {
		if kept[i] {
			out[i], rest = rest, ""
			continue
		}
		head := r.headOf(s, s.head == s.start)
		lines := strings.SplitAfter(head, "\n")
		last := -1
		for l, line := range lines[:len(lines)-1] {
			if isSpace(line) {
				last = l
			}
		}
		if above := strings.Join(lines[:last+1], ""); !isSpace(above) {
			rest += strings.TrimRight(above, " \t\r\n") + r.style.eol + r.style.eol
		}
	}
	out[len(segments)] = strings.TrimSuffix(rest, r.style.eol)
	return out
}

// apart tells that an empty line stands between all that is in a block.
func (r *rewriter) apart(segments []segment) bool {
	return len(segments) > 1 && !slices.ContainsFunc(segments[1:], func(s segment) bool { return !r.startsBlankAt(s.head) })
}

func (r *rewriter) startsBlankAt(offset int) bool {
	return startsBlank(string(r.src.data[offset:]))
}

func startsBlank(text string) bool {
	line, _, more := strings.Cut(text, "\n")
	return more && isSpace(line)
}

func trimBlankLines(text string) string {
	for startsBlank(text) {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}
