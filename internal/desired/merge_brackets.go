package desired

import "strings"

// slot is one member or item between brackets, and the spaces around it.
type slot struct{ lead, body, trail string }

// brackets writes an object or a list in brackets anew, of its old members as
// they stand and of new ones.
func (r *rewriter) brackets(p *patch, oneLine bool) {
	n := p.node
	open, end := r.offset(n.at), r.end(n)
	old, tail, ok := r.slots(n, open, end)
	if !ok {
		r.refuse(n.at, "comments inside of these brackets")
		return
	}
	var b strings.Builder
	b.WriteByte(r.src.data[open])
	for i, next := range p.pieces {
		var s slot
		if next.old >= 0 {
			s = old[next.old]
		} else {
			s.body = r.added(n, *next.add, leadOf(old), oneLine)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		switch { // the first one stands nearer to its bracket
		case i == 0:
			s.lead = old[0].lead
		case next.old <= 0:
			s.lead = r.leadBehind(old, oneLine)
		}
		if i == len(p.pieces)-1 {
			s.trail = ""
		}
		b.WriteString(s.lead + s.body + s.trail)
	}
	b.WriteString(tail)
	b.WriteByte(r.src.data[end-1])
	r.replace(open, end, b.String())
}

// slots takes apart what is between brackets: it gives false where there is more
// than spaces between the members.
func (r *rewriter) slots(n *node, open, end int) (slots []slot, tail string, ok bool) {
	type span struct{ start, end int }
	var spans []span
	for _, m := range n.members {
		spans = append(spans, span{r.offset(m.at), r.memberEnd(m)})
	}
	for _, item := range n.items {
		spans = append(spans, span{r.offset(item.at), r.end(item)})
	}
	lead := string(r.src.data[open+1 : spans[0].start])
	blank := isSpace(lead)
	for i, s := range spans {
		next := end - 1
		if i+1 < len(spans) {
			next = spans[i+1].start
		}
		if s.end > next {
			return nil, "", false
		}
		trail, following, _ := strings.Cut(string(r.src.data[s.end:next]), ",")
		blank = blank && isSpace(trail) && isSpace(following)
		slots = append(slots, slot{lead, r.cut(s.start, s.end), trail})
		lead = following
	}
	last := &slots[len(slots)-1]
	tail = last.trail + lead // behind a comma, which YAML takes
	last.trail = ""
	return slots, tail, blank
}

func isSpace(s string) bool { return len(strings.TrimSpace(s)) == 0 }

// leadOf gives what a line of its own begins with, where the slots have such.
func leadOf(slots []slot) string {
	for _, s := range slots {
		if i := strings.LastIndexByte(s.lead, '\n'); i >= 0 {
			return s.lead[i+1:]
		}
	}
	return ""
}

// leadBehind gives the spaces behind a comma.
func (r *rewriter) leadBehind(slots []slot, oneLine bool) string {
	for _, s := range slots[1:] {
		return withoutBlankLines(s.lead)
	}
	if !oneLine && strings.Contains(slots[0].lead, "\n") {
		return withoutBlankLines(slots[0].lead)
	}
	return strings.TrimPrefix(r.style.comma, ",")
}

// withoutBlankLines keeps one end of a line at most.
func withoutBlankLines(lead string) string {
	i := strings.LastIndexByte(lead, '\n')
	if i < 0 {
		return lead
	}
	if i > 0 && lead[i-1] == '\r' {
		i--
	}
	return lead[i:]
}

// added writes a new member of an object, or item of a list.
func (r *rewriter) added(to *node, m member, indent string, oneLine bool) string {
	text := ""
	if to.kind == objectNode {
		text = r.style.nameText(m.name, true) + r.style.colon
	}
	if oneLine {
		return text + r.style.flatText(m.value)
	}
	return text + r.style.lines(m.value, indent)
}
