package desired

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Encode gives the form that pull writes: JSON as Vitess reads it, the same
// bytes for the same VSchema, one thing per line so that a diff shows what
// changed. Load reads it back to an equal VSchema. What could not be read back
// is an error: nothing is left out.
func Encode(ks *vschema.Keyspace) ([]byte, error) {
	if ks == nil {
		return nil, errors.New("encoding a VSchema: there is none")
	}
	e := &encoder{}
	root := e.message(ks.ProtoReflect())
	if e.err != nil {
		return nil, fmt.Errorf("encoding a VSchema: %w", e.err)
	}
	return printJSON(root), nil
}

// encoder turns a message into nodes. The first error stays in err.
type encoder struct{ err error }

func (e *encoder) message(m protoreflect.Message) *node {
	if unknown := m.GetUnknown(); len(unknown) > 0 {
		e.fail("%s has %d bytes of fields that this build of vtsync does not know", noun(m.Descriptor()), len(unknown))
	}
	out := &node{kind: objectNode}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); m.Has(fd) {
			out.members = append(out.members, member{name: string(fd.Name()), value: e.field(fd, m.Get(fd))})
		}
	}
	sortFields(m.Descriptor(), out.members)
	return out
}

func (e *encoder) field(fd protoreflect.FieldDescriptor, v protoreflect.Value) *node {
	switch {
	case fd.IsMap():
		out := &node{kind: objectNode}
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			e.checkText(k.String())
			out.members = append(out.members, member{name: k.String(), value: e.value(fd.MapValue(), v)})
			return true
		})
		slices.SortFunc(out.members, byName)
		return out
	case fd.IsList():
		out := &node{kind: listNode}
		for i := range v.List().Len() {
			out.items = append(out.items, e.value(fd, v.List().Get(i)))
		}
		return out
	default:
		return e.value(fd, v)
	}
}

// value gives one value: of a field, or of an item of a list or a map.
func (e *encoder) value(fd protoreflect.FieldDescriptor, v protoreflect.Value) *node {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		return e.message(v.Message())
	case protoreflect.BoolKind:
		return &node{kind: boolNode, text: strconv.FormatBool(v.Bool())}
	case protoreflect.Int32Kind:
		return &node{kind: numberNode, text: strconv.FormatInt(v.Int(), 10)}
	case protoreflect.StringKind:
		e.checkText(v.String())
		return &node{kind: stringNode, text: v.String()}
	case protoreflect.EnumKind:
		known := fd.Enum().Values().ByNumber(v.Enum())
		if known == nil {
			e.fail("value %d of field %q is not known to this build of vtsync", v.Enum(), fd.Name())
			return &node{}
		}
		return &node{kind: stringNode, text: string(known.Name())}
	default:
		e.fail("field %q is a %s, which this build of vtsync cannot write", fd.Name(), fd.Kind())
		return &node{}
	}
}

// checkText refuses a string whose bytes topo never checked.
func (e *encoder) checkText(s string) {
	if !utf8.ValidString(s) {
		e.fail("%q is not valid UTF-8", s)
	}
}

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
}
