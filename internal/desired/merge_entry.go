package desired

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/vschema"
)

// side is a vindex or a table as one side has it: in its own spelling, which
// is what gets written, and in the canonical one, which is what gets compared.
type side struct{ own, plain protoreflect.Message }

// sidesOf gives an entry as each of the keyspaces has it. What the params of a
// vindex mean depends on its type: under two types they are compared as they
// stand.
func sidesOf(e vschema.Entry, keyspaces ...*vschema.Keyspace) []side {
	types := map[string]bool{}
	out := make([]side, len(keyspaces))
	for i, ks := range keyspaces {
		own := &vschema.Keyspace{}
		vschema.CopyEntry(own, ks, e)
		out[i] = side{messageOf(own, e), messageOf(vschema.Canonical(own), e)}
		types[own.GetVindexes()[e.Name].GetType()] = true
	}
	for i := range out {
		if len(types) > 1 {
			out[i].plain = out[i].own
		}
	}
	return out
}

// equal tells whether a field means the same on both sides.
func (s side) equal(o side, fd protoreflect.FieldDescriptor) bool {
	return s.plain.Has(fd) == o.plain.Has(fd) && s.plain.Get(fd).Equal(o.plain.Get(fd))
}

// entryMerger merges what is in one vindex or table, field by field.
type entryMerger struct {
	path      []string
	conflicts []Conflict
}

func (m *entryMerger) merge(file, live, base side) protoreflect.Message {
	out := proto.Clone(file.own.Interface()).ProtoReflect()
	fields := out.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case file.equal(live, fd), live.equal(base, fd):
		case fd.IsMap():
			m.mapField(out, fd, file, live, base)
		case fd.IsList() && file.equal(base, fd):
			m.setList(out, fd, respelled(itemsOf(live, fd), itemsOf(file, fd)))
		case fd.IsList():
			if items, ok := joined(fd, itemsOf(file, fd), itemsOf(live, fd), itemsOf(base, fd)); ok {
				m.setList(out, fd, items)
			} else {
				m.conflict(fd, file, live)
			}
		case !file.equal(base, fd):
			m.conflict(fd, file, live)
		case live.own.Has(fd):
			out.Set(fd, live.own.Get(fd))
		default:
			out.Clear(fd)
		}
	}
	return out
}

func (m *entryMerger) setList(out protoreflect.Message, fd protoreflect.FieldDescriptor, items []item) {
	out.Clear(fd)
	for _, it := range items {
		out.Mutable(fd).List().Append(it.own)
	}
}

func (m *entryMerger) conflict(fd protoreflect.FieldDescriptor, file, live side) {
	text := func(s side) string {
		if !s.own.Has(fd) {
			return ""
		}
		return oneLine((&encoder{}).field(fd, s.own.Get(fd)))
	}
	m.conflicts = append(m.conflicts, Conflict{Path: m.below(string(fd.Name())), File: text(file), Live: text(live)})
}

func (m *entryMerger) below(steps ...string) []string { return slices.Concat(m.path, steps) }

// mapField merges a map of strings key by key.
func (m *entryMerger) mapField(out protoreflect.Message, fd protoreflect.FieldDescriptor, file, live, base side) {
	keys := map[string]bool{}
	for _, s := range []side{file, live, base} {
		s.own.Get(fd).Map().Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			keys[k.String()] = true
			return true
		})
	}
	// Absent and empty are told apart by the mark.
	value := func(s side, k protoreflect.MapKey) string {
		if m := s.plain.Get(fd).Map(); m.Has(k) {
			return "=" + m.Get(k).String()
		}
		return ""
	}
	for _, name := range sortedNames(keys) {
		k := protoreflect.ValueOfString(name).MapKey()
		f, l, b := value(file, k), value(live, k), value(base, k)
		switch {
		case f == l, l == b:
		case f != b:
			m.conflicts = append(m.conflicts, Conflict{
				Path: m.below(string(fd.Name()), name), File: quoteSet(f), Live: quoteSet(l),
			})
		case live.own.Get(fd).Map().Has(k):
			out.Mutable(fd).Map().Set(k, live.own.Get(fd).Map().Get(k))
		default:
			out.Mutable(fd).Map().Clear(k)
		}
	}
}

// quoteSet gives a value behind its mark as JSON; none where it is absent.
func quoteSet(marked string) string {
	if marked == "" {
		return ""
	}
	return quoteJSON(marked[1:])
}

func sortedNames(set map[string]bool) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// item is an item of a list in both spellings.
type item struct{ own, plain protoreflect.Value }

func (i item) equal(o item) bool { return i.plain.Equal(o.plain) }

// name gives what items of a list are told apart by: their name, or all of them.
func (i item) name() string {
	if m, ok := i.plain.Interface().(protoreflect.Message); ok {
		if fd := m.Descriptor().Fields().ByName("name"); fd != nil {
			return m.Get(fd).String()
		}
	}
	return i.plain.String()
}

func itemsOf(s side, fd protoreflect.FieldDescriptor) []item {
	own, plain := s.own.Get(fd).List(), s.plain.Get(fd).List()
	out := make([]item, own.Len())
	for i := range out {
		out[i] = item{own.Get(i), plain.Get(i)}
	}
	return out
}

// respelled gives the items in the spelling of those that mean the same.
func respelled(items, spelling []item) []item {
	out := slices.Clone(items)
	for i, it := range items {
		if j := slices.IndexFunc(spelling, it.equal); j >= 0 {
			out[i] = spelling[j]
		}
	}
	return out
}

// primaryFirst is the list whose first item means more than the others.
const primaryFirst = "column_vindexes"

// joined merges a list that both sides changed, where one of them only added to
// its end: those items go to the end of the other's list. No merge decides which
// vindex is the primary one.
func joined(fd protoreflect.FieldDescriptor, file, live, base []item) ([]item, bool) {
	live = respelled(live, file)
	var on, added []item
	switch {
	case begins(file, base):
		on, added = live, file[len(base):]
	case begins(live, base):
		on, added = file, live[len(base):]
	default:
		return nil, false
	}
	if fd.Name() == primaryFirst && (len(base) == 0 || len(on) == 0) {
		return nil, false
	}
	out := slices.Clone(on)
	for _, it := range added {
		same := func(o item) bool { return o.name() == it.name() && !slices.ContainsFunc(base, o.equal) }
		switch i := slices.IndexFunc(on, same); {
		case i < 0:
			out = append(out, it)
		case !on[i].equal(it):
			return nil, false
		}
	}
	return out, true
}

func begins(list, with []item) bool {
	return len(list) >= len(with) && slices.EqualFunc(list[:len(with)], with, item.equal)
}
