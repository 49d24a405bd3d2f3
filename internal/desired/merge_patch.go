package desired

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// patch is what becomes of one value of a file.
type patch struct {
	node *node // as it stands there
	// value replaces all of it. Where it is nil, the pieces are what the object
	// or list holds then, in that order.
	value  *node
	pieces []piece
}

// piece is a member of an object or an item of a list.
type piece struct {
	old   int     // which one of those that stand there; -1 for a new one
	patch *patch  // of an old one's value; nil where it stays
	add   *member // a new one; an item has no name
}

// inPlace tells that the pieces are those that stand there, in their order.
func (p *patch) inPlace() bool {
	for i, piece := range p.pieces {
		if piece.old != i {
			return false
		}
	}
	return len(p.pieces) == len(p.node.members)+len(p.node.items)
}

// patcher finds what must change in a tree so that it says something else.
type patcher struct {
	encoder
	style *style
}

// newField makes the value of a field, as this file would have it.
func (p *patcher) newField(fd protoreflect.FieldDescriptor, v protoreflect.Value) *node {
	n := p.field(fd, v)
	visitField(fd, n, p.style.adopt)
	return n
}

// newValue makes an entry of a map or an item of a list; is says what it is.
func (p *patcher) newValue(fd protoreflect.FieldDescriptor, v protoreflect.Value, is protoreflect.FullName) *node {
	n := p.encoder.value(fd, v)
	if fd.Message() != nil {
		visit(fd.Message(), n, is, p.style.adopt)
	}
	return n
}

// object gives what becomes of a message's object; nil where it stays as it is.
func (p *patcher) object(n *node, is protoreflect.FullName, was, want protoreflect.Message) *patch {
	md := want.Descriptor()
	out := &patch{node: n}
	written := map[protoreflect.FieldNumber]bool{}
	changed := false
	for i, m := range n.members {
		fd := fieldByName(md, m.name)
		written[fd.Number()] = true
		next := piece{old: i}
		switch {
		case was.Has(fd) && !want.Has(fd):
			changed = true
			continue
		case !was.Has(fd) && want.Has(fd): // it stands there as null or as nothing
			next.patch = &patch{node: m.value, value: p.newField(fd, want.Get(fd))}
		case want.Has(fd):
			next.patch = p.value(fd, m.value, was.Get(fd), want.Get(fd))
		}
		changed = changed || next.patch != nil
		out.pieces = append(out.pieces, next)
	}
	var added []member
	for i := range md.Fields().Len() {
		if fd := md.Fields().Get(i); want.Has(fd) && !written[fd.Number()] {
			added = append(added, member{name: p.style.fieldName(fd), value: p.newField(fd, want.Get(fd))})
		}
	}
	sortFields(md, added)
	out.insert(added, func(a, b member) int { return fieldRank(md, a) - fieldRank(md, b) })
	return p.orNothing(out, is, changed || len(added) > 0)
}

// value gives what becomes of the value of a field.
func (p *patcher) value(fd protoreflect.FieldDescriptor, n *node, was, want protoreflect.Value) *patch {
	switch {
	case was.Equal(want):
		return nil
	case fd.IsMap():
		return p.mapField(fd, n, was.Map(), want.Map())
	case fd.IsList():
		return p.list(fd, n, was.List(), want.List())
	case fd.Message() != nil:
		return p.object(n, fd.Message().FullName(), was.Message(), want.Message())
	default:
		return &patch{node: n, value: p.newField(fd, want)}
	}
}

func (p *patcher) mapField(fd protoreflect.FieldDescriptor, n *node, was, want protoreflect.Map) *patch {
	out := &patch{node: n}
	changed := false
	for i, m := range n.members {
		k := protoreflect.ValueOfString(m.name).MapKey()
		if !want.Has(k) {
			changed = true
			continue
		}
		next := piece{old: i}
		if !was.Get(k).Equal(want.Get(k)) {
			if fd.MapValue().Message() != nil {
				next.patch = p.object(m.value, fd.MapValue().Message().FullName(), was.Get(k).Message(), want.Get(k).Message())
			} else {
				next.patch = &patch{node: m.value, value: p.newValue(fd.MapValue(), want.Get(k), "")}
			}
			changed = true
		}
		out.pieces = append(out.pieces, next)
	}
	var added []member
	want.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		if !was.Has(k) {
			p.checkText(k.String())
			added = append(added, member{name: k.String(), value: p.newValue(fd.MapValue(), v, "")})
		}
		return true
	})
	slices.SortFunc(added, byName)
	out.insert(added, byName)
	return p.orNothing(out, fd.FullName(), changed || len(added) > 0)
}

// list keeps the items that stay, and changes those of the same name inside.
func (p *patcher) list(fd protoreflect.FieldDescriptor, n *node, was, want protoreflect.List) *patch {
	free := map[string][]int{} // the old items that nothing has become of yet
	key := func(mark string, v protoreflect.Value) string {
		it := item{plain: v}
		if mark == "" {
			return oneLine(p.encoder.value(fd, v))
		}
		return mark + it.name()
	}
	for _, mark := range []string{"", "name "} {
		for i := range was.Len() {
			k := key(mark, was.Get(i))
			free[k] = append(free[k], i)
		}
	}
	taken := make([]bool, was.Len())
	claim := func(k string) int {
		for _, i := range free[k] {
			if !taken[i] {
				taken[i] = true
				return i
			}
		}
		return -1
	}
	out := &patch{node: n, pieces: make([]piece, want.Len())}
	for j := range want.Len() {
		out.pieces[j].old = claim(key("", want.Get(j)))
	}
	for j := range want.Len() {
		at := &out.pieces[j]
		if at.old >= 0 {
			continue
		}
		if fd.Message() != nil {
			at.old = claim(key("name ", want.Get(j)))
		}
		if at.old < 0 {
			at.add = &member{value: p.newValue(fd, want.Get(j), itemIs(fd))}
		} else {
			at.patch = p.object(n.items[at.old], itemIs(fd), was.Get(at.old).Message(), want.Get(j).Message())
		}
	}
	return p.orNothing(out, fd.FullName(), true)
}

// insert puts new members where the order of the old ones suggests: in their
// places where those are sorted, else at the end.
func (p *patch) insert(added []member, compare func(a, b member) int) {
	old := p.node.members
	sorted := slices.IsSortedFunc(old, compare)
	for _, m := range added {
		at := len(p.pieces)
		if sorted {
			at = 0
			for i, next := range p.pieces {
				if next.add != nil || compare(old[next.old], m) < 0 {
					at = i + 1
				}
			}
		}
		p.pieces = slices.Insert(p.pieces, at, piece{old: -1, add: &m})
	}
}

// orNothing gives the patch if it changes anything. Where nothing stands between
// the brackets, or is to stand there, the value is replaced.
func (p *patcher) orNothing(out *patch, is protoreflect.FullName, changed bool) *patch {
	if !changed {
		return nil
	}
	if len(out.pieces) == 0 || len(out.node.members)+len(out.node.items) == 0 {
		value := &node{kind: out.node.kind}
		for _, next := range out.pieces {
			value.members = append(value.members, *next.add)
		}
		p.style.is[value] = is
		return &patch{node: out.node, value: value}
	}
	return out
}
