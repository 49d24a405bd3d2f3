package desired

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/vschema"
)

// fieldOrder is the order in which people write the fields of a message. It is
// a preference only: a field that is not in it follows, by number.
var fieldOrder = map[protoreflect.Name][]protoreflect.Name{
	"Keyspace":     {"sharded", "require_explicit_routing", "foreign_key_mode", "multi_tenant_spec", "vindexes", "tables"},
	"Vindex":       {"type", "params", "owner"},
	"Table":        {"type", "source", "pinned", "column_vindexes", "auto_increment", "columns", "column_list_authoritative"},
	"ColumnVindex": {"column", "columns", "name"},
}

// lineWidth is how long a list, or an item of one, may be to stand on one line.
const lineWidth = 100

// Encode gives the form that pull writes: JSON as Vitess reads it, the same
// bytes for the same VSchema, one thing per line so that a diff shows what
// changed. Load reads it back to an equal VSchema. What could not be read back
// is an error: nothing is left out.
func Encode(ks *vschema.Keyspace) ([]byte, error) {
	if ks == nil {
		return nil, errors.New("encoding a VSchema: there is none")
	}
	e := &encoder{}
	e.message(ks.ProtoReflect(), 0)
	if e.err != nil {
		return nil, fmt.Errorf("encoding a VSchema: %w", e.err)
	}
	e.buf.WriteByte('\n')
	return e.buf.Bytes(), nil
}

// encoder writes a message's JSON. The first error stays in err.
type encoder struct {
	buf bytes.Buffer
	err error
}

func (e *encoder) message(m protoreflect.Message, depth int) {
	if unknown := m.GetUnknown(); len(unknown) > 0 {
		e.fail("%s has %d bytes of fields that this build of vtsync does not know", noun(m.Descriptor()), len(unknown))
	}
	fields := setFields(m)
	e.block("{}", depth, len(fields), func(i int) {
		fd := fields[i]
		e.name(string(fd.Name()))
		e.field(fd, m.Get(fd), depth+1)
	})
}

// setFields lists the fields that have a value, in the order of writing.
func setFields(m protoreflect.Message) []protoreflect.FieldDescriptor {
	order := fieldOrder[m.Descriptor().Name()]
	rank := func(fd protoreflect.FieldDescriptor) int {
		if i := slices.Index(order, fd.Name()); i >= 0 {
			return i
		}
		return len(order) + int(fd.Number())
	}
	var fields []protoreflect.FieldDescriptor
	for i := range m.Descriptor().Fields().Len() {
		if fd := m.Descriptor().Fields().Get(i); m.Has(fd) {
			fields = append(fields, fd)
		}
	}
	slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int { return rank(a) - rank(b) })
	return fields
}

func (e *encoder) field(fd protoreflect.FieldDescriptor, v protoreflect.Value, depth int) {
	switch {
	case fd.IsMap():
		e.entries(fd, v.Map(), depth)
	case fd.IsList():
		e.list(fd, v.List(), depth)
	default:
		e.value(fd, v, depth)
	}
}

func (e *encoder) entries(fd protoreflect.FieldDescriptor, m protoreflect.Map, depth int) {
	var keys []string
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k.String())
		return true
	})
	slices.Sort(keys)
	e.block("{}", depth, len(keys), func(i int) {
		e.name(keys[i])
		v := m.Get(protoreflect.ValueOfString(keys[i]).MapKey())
		e.value(fd.MapValue(), v, depth+1)
	})
}

// list writes each item on a line of its own, and a list of scalars on one
// line, as far as they fit.
func (e *encoder) list(fd protoreflect.FieldDescriptor, list protoreflect.List, depth int) {
	if fd.Message() == nil && e.oneLine(depth, func(flat *encoder) { flat.flatList(fd, list) }) {
		return
	}
	e.block("[]", depth, list.Len(), func(i int) {
		item := list.Get(i)
		if fd.Message() != nil && e.oneLine(depth+1, func(flat *encoder) { flat.flatMessage(item.Message()) }) {
			return
		}
		e.value(fd, item, depth+1)
	})
}

func (e *encoder) value(fd protoreflect.FieldDescriptor, v protoreflect.Value, depth int) {
	if fd.Message() != nil {
		e.message(v.Message(), depth)
		return
	}
	e.scalar(fd, v)
}

// block writes n things between brackets, each on a line of its own.
func (e *encoder) block(brackets string, depth, n int, write func(i int)) {
	if n == 0 {
		e.buf.WriteString(brackets)
		return
	}
	e.buf.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		e.newLine(depth + 1)
		write(i)
	}
	e.newLine(depth)
	e.buf.WriteByte(brackets[1])
}

func (e *encoder) newLine(depth int) {
	e.buf.WriteByte('\n')
	e.buf.WriteString(strings.Repeat("  ", depth))
}

// oneLine writes what the function writes if it makes one short line; the
// function asks for lines by giving up.
func (e *encoder) oneLine(depth int, write func(*encoder)) bool {
	flat := &encoder{}
	write(flat)
	text := flat.buf.Bytes()
	if flat.err != nil || 2*depth+utf8.RuneCount(text) > lineWidth {
		return false
	}
	e.buf.Write(text)
	return true
}

// errNested says that something is too deep for one line.
var errNested = errors.New("nested")

// flatMessage writes a message of scalars and lists of scalars on one line:
// { "column": "id", "name": "hash" }.
func (e *encoder) flatMessage(m protoreflect.Message) {
	fields := setFields(m)
	if len(fields) == 0 || len(m.GetUnknown()) > 0 {
		e.err = errNested
		return
	}
	separator := "{ "
	for _, fd := range fields {
		e.buf.WriteString(separator)
		separator = ", "
		e.name(string(fd.Name()))
		switch {
		case fd.IsMap() || fd.Message() != nil:
			e.err = errNested
		case fd.IsList():
			e.flatList(fd, m.Get(fd).List())
		default:
			e.scalar(fd, m.Get(fd))
		}
	}
	e.buf.WriteString(" }")
}

func (e *encoder) flatList(fd protoreflect.FieldDescriptor, list protoreflect.List) {
	e.buf.WriteByte('[')
	for i := range list.Len() {
		if i > 0 {
			e.buf.WriteString(", ")
		}
		e.scalar(fd, list.Get(i))
	}
	e.buf.WriteByte(']')
}

func (e *encoder) name(name string) {
	e.str(name)
	e.buf.WriteString(": ")
}

func (e *encoder) scalar(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
	switch fd.Kind() {
	case protoreflect.BoolKind, protoreflect.Int32Kind:
		fmt.Fprint(&e.buf, v.Interface())
	case protoreflect.StringKind:
		e.str(v.String())
	case protoreflect.EnumKind:
		known := fd.Enum().Values().ByNumber(v.Enum())
		if known == nil {
			e.fail("value %d of field %q is not known to this build of vtsync", v.Enum(), fd.Name())
			return
		}
		e.str(string(known.Name()))
	default:
		e.fail("field %q is a %s, which this build of vtsync cannot write", fd.Name(), fd.Kind())
	}
}

// str writes a string, whose bytes topo never checked.
func (e *encoder) str(s string) {
	if !utf8.ValidString(s) {
		e.fail("%q is not valid UTF-8", s)
		return
	}
	e.buf.WriteString(quoteJSON(s))
}

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}
