package desired

import (
	"strings"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/near"
)

// decoder turns a tree of nodes into a proto message by the message's
// descriptor, under the rules of protojson, but drops nothing: what is unknown
// or twice there is a problem with its position.
type decoder struct{ problems *problems }

// message fills m from an object node.
func (d *decoder) message(m protoreflect.Message, n *node) {
	if n.kind != objectNode {
		d.problems.add(codeValue, n.at, "%s must be an object, got %s", noun(m.Descriptor()), n)
		return
	}
	seen := map[protoreflect.FieldNumber]member{}
	for _, mem := range n.members {
		if d.problems.full() {
			return
		}
		fd := fieldByName(m.Descriptor(), mem.name)
		if fd == nil {
			e := d.problems.add(codeUnknown, mem.at, "unknown field %q in %s", clip(mem.name), noun(m.Descriptor()))
			e.Near = near.Name(mem.name, fieldNames(m.Descriptor()))
			continue
		}
		if first, dup := seen[fd.Number()]; dup {
			d.problems.add(codeDuplicate, mem.at, "duplicate field %q, first written as %q at %d:%d",
				mem.name, first.name, first.at.line, first.at.column)
			continue
		}
		seen[fd.Number()] = mem
		d.field(m, fd, mem.value)
	}
}

// field sets one field of m. A null leaves it unset, as in protojson.
func (d *decoder) field(m protoreflect.Message, fd protoreflect.FieldDescriptor, n *node) {
	if n.kind == nullNode {
		return
	}
	switch {
	case fd.IsMap():
		d.mapField(m.Mutable(fd).Map(), fd, n)
	case fd.IsList():
		d.listField(m.Mutable(fd).List(), fd, n)
	case fd.Message() != nil:
		d.message(m.Mutable(fd).Message(), n)
	default:
		if v, ok := d.scalar(fd, n); ok {
			m.Set(fd, v)
		}
	}
}

func (d *decoder) listField(list protoreflect.List, fd protoreflect.FieldDescriptor, n *node) {
	if n.kind != listNode {
		d.problems.add(codeValue, n.at, "%q must be a list, got %s", fd.Name(), n)
		return
	}
	for _, item := range n.items {
		if d.problems.full() {
			return
		}
		v := list.NewElement()
		if fd.Message() != nil {
			d.message(v.Message(), item)
		} else if scalar, ok := d.scalar(fd, item); ok {
			v = scalar
		}
		list.Append(v)
	}
}

func (d *decoder) mapField(entries protoreflect.Map, fd protoreflect.FieldDescriptor, n *node) {
	if n.kind != objectNode {
		d.problems.add(codeValue, n.at, "%q must be an object, got %s", fd.Name(), n)
		return
	}
	n.index = make(map[string]int, len(n.members))
	for i, mem := range n.members {
		if d.problems.full() {
			return
		}
		if first, dup := n.index[mem.name]; dup {
			d.problems.add(codeDuplicate, mem.at, "duplicate key %q in %q, first at %d:%d",
				clip(mem.name), fd.Name(), n.members[first].at.line, n.members[first].at.column)
			continue
		}
		n.index[mem.name] = i
		key := protoreflect.ValueOfString(mem.name).MapKey()
		if value := fd.MapValue(); value.Message() != nil {
			d.message(entries.Mutable(key).Message(), mem.value)
		} else if v, ok := d.scalar(value, mem.value); ok {
			entries.Set(key, v)
		}
	}
}

// fieldByName finds a field by its proto name or its protojson name.
func fieldByName(md protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if fd := md.Fields().ByName(protoreflect.Name(name)); fd != nil {
		return fd
	}
	return md.Fields().ByJSONName(name)
}

func fieldNames(md protoreflect.MessageDescriptor) []string {
	var names []string
	for i := range md.Fields().Len() {
		names = append(names, string(md.Fields().Get(i).Name()))
	}
	return names
}

// noun says what a message is in words: "column vindex" for ColumnVindex.
func noun(md protoreflect.MessageDescriptor) string {
	var b strings.Builder
	for i, r := range string(md.Name()) {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
