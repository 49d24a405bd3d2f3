package diff_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Law 6: nothing is dropped in silence. Every field of the VSchema's proto, at
// any depth, must move the fingerprint and show as a typed change; a field
// that a newer Vitess adds fails here until it is handled.
func TestEveryFieldIsCompared(t *testing.T) {
	base := &vschema.Keyspace{}
	populate(base.ProtoReflect())
	n := 0
	eachField(base.ProtoReflect(), "keyspace", func(path string, change func() (restore func())) {
		n++
		before := proto.CloneOf(base)
		restore := change()
		defer restore()
		if vschema.Fingerprint(before) == vschema.Fingerprint(base) {
			t.Errorf("%s: the fingerprint does not see it", path)
		}
		changes := diff.Between("ks", before, base)
		if len(changes) == 0 {
			t.Errorf("%s: Between does not see it", path)
		}
		for _, c := range changes {
			if len(c.Changes) == 0 {
				t.Errorf("%s: %s changes without a typed change", path, c.Entry)
			}
		}
	})
	// The walk must reach what is known today: 6 fields of Keyspace, 2 of
	// MultiTenantSpec, 3 of Vindex, 7 of Table, 3 of ColumnVindex, 2 of
	// AutoIncrement, 9 of Column.
	if n < 32 {
		t.Errorf("only %d fields were reached", n)
	}
}

// populate gives every message field, map and list of messages one element.
func populate(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case fd.IsMap() && fd.MapValue().Message() != nil:
			v := m.Mutable(fd).Map().NewValue()
			populate(v.Message())
			m.Mutable(fd).Map().Set(protoreflect.ValueOfString("x").MapKey(), v)
		case fd.IsMap():
		case fd.IsList() && fd.Message() != nil:
			populate(m.Mutable(fd).List().AppendMutable().Message())
		case fd.IsList():
			m.Mutable(fd).List().Append(protoreflect.ValueOfString("x"))
		case fd.Message() != nil:
			populate(m.Mutable(fd).Message())
		}
	}
}

// eachField visits every field below m. Change gives it another value in
// place, and restore takes that back.
func eachField(m protoreflect.Message, path string, visit func(path string, change func() (restore func()))) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		name := path + "." + string(fd.Name())
		visit(name, func() func() {
			old, had := proto.Clone(m.Interface()).ProtoReflect().Get(fd), m.Has(fd)
			alter(m, fd)
			return func() {
				if had {
					m.Set(fd, old)
				} else {
					m.Clear(fd)
				}
			}
		})
		switch {
		case fd.IsMap() && fd.MapValue().Message() != nil:
			eachField(m.Get(fd).Map().Get(protoreflect.ValueOfString("x").MapKey()).Message(), name, visit)
		case fd.IsList() && fd.Message() != nil:
			eachField(m.Get(fd).List().Get(0).Message(), name, visit)
		case fd.Message() != nil && !fd.IsMap():
			eachField(m.Get(fd).Message(), name, visit)
		}
	}
}

func alter(m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	switch {
	case fd.IsMap() && fd.MapValue().Message() != nil:
		m.Mutable(fd).Map().Set(protoreflect.ValueOfString("y").MapKey(), m.Mutable(fd).Map().NewValue())
	case fd.IsMap():
		m.Mutable(fd).Map().Set(protoreflect.ValueOfString("y").MapKey(), protoreflect.ValueOfString("z"))
	case fd.IsList() && fd.Message() != nil:
		m.Mutable(fd).List().AppendMutable()
	case fd.IsList():
		m.Mutable(fd).List().Append(protoreflect.ValueOfString("y"))
	case fd.Message() != nil:
		m.Clear(fd)
	default:
		m.Set(fd, otherScalar(fd))
	}
}

// otherScalar gives a value that no default means.
func otherScalar(fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		// An optional bool means true where it is absent (nullable).
		return protoreflect.ValueOfBool(!fd.HasPresence())
	case protoreflect.EnumKind:
		values := fd.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(values.Len() - 1).Number())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString("y")
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(7)
	default:
		panic("a kind of field that this test does not know: " + fd.Kind().String())
	}
}
