package vschema

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// DecodeTopo reads a VSchema record's bytes. Unknown lists fields that this
// build does not know (see UnknownFields): such a record must not be written,
// or what it says would be lost or misjudged.
func DecodeTopo(b []byte) (ks *Keyspace, unknown []string, err error) {
	ks = &Keyspace{}
	unknown, err = decode("vschema", b, ks)
	if err != nil {
		return nil, nil, err
	}
	return ks, unknown, nil
}

// EncodeTopo gives the bytes of a VSchema record: the same bytes for the same
// value, unlike Vitess's own encoding.
func EncodeTopo(ks *Keyspace) ([]byte, error) { return encode("vschema", ks) }

// DecodeSrv reads a cell's SrvVSchema, as DecodeTopo does a VSchema.
func DecodeSrv(b []byte) (srv *SrvVSchema, unknown []string, err error) {
	srv = &SrvVSchema{}
	unknown, err = decode("SrvVSchema", b, srv)
	if err != nil {
		return nil, nil, err
	}
	return srv, unknown, nil
}

// EncodeSrv gives the bytes of a cell's SrvVSchema, deterministically.
func EncodeSrv(srv *SrvVSchema) ([]byte, error) { return encode("SrvVSchema", srv) }

// DecodeRules reads a record of rules, as DecodeTopo does a VSchema. The
// message is of the type that NewRules gives for the kind.
func DecodeRules(kind RuleKind, b []byte) (rules proto.Message, unknown []string, err error) {
	rules = NewRules(kind)
	unknown, err = decode(string(kind), b, rules)
	if err != nil {
		return nil, nil, err
	}
	return rules, unknown, nil
}

func decode(what string, b []byte, m proto.Message) (unknown []string, err error) {
	if err := proto.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("decode %s: %w", what, err)
	}
	return UnknownFields(m), nil
}

func encode(what string, m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", what, err)
	}
	return b, nil
}

// UnknownFields lists the fields, in m and below, that a newer Vitess wrote
// and that this build does not know, such as "tables.customer: field 19".
func UnknownFields(m proto.Message) []string {
	var out []string
	walkUnknown("", m.ProtoReflect(), &out)
	slices.Sort(out)
	return slices.Compact(out)
}

func walkUnknown(path string, m protoreflect.Message, out *[]string) {
	for raw := m.GetUnknown(); len(raw) > 0; {
		number, _, n := protowire.ConsumeField(raw)
		if n < 0 {
			*out = append(*out, at(path, "bytes that are no field"))
			break
		}
		*out = append(*out, at(path, fmt.Sprintf("field %d", number)))
		raw = raw[n:]
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := join(path, string(fd.Name()))
		switch {
		case fd.IsMap() && fd.MapValue().Message() != nil:
			v.Map().Range(func(k protoreflect.MapKey, e protoreflect.Value) bool {
				walkUnknown(join(name, k.String()), e.Message(), out)
				return true
			})
		case fd.IsList() && fd.Message() != nil:
			for i := range v.List().Len() {
				walkUnknown(fmt.Sprintf("%s[%d]", name, i), v.List().Get(i).Message(), out)
			}
		case fd.Message() != nil && !fd.IsMap():
			walkUnknown(name, v.Message(), out)
		}
		return true
	})
}

func at(path, what string) string {
	if path == "" {
		return what
	}
	return path + ": " + what
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
