package desired

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

func TestEncode(t *testing.T) {
	const want = `{
  "sharded": true,
  "foreign_key_mode": "managed",
  "multi_tenant_spec": {
    "tenant_id_column_name": "tenant",
    "tenant_id_column_type": "INT64"
  },
  "vindexes": {
    "hash": {
      "type": "hash"
    },
    "lookup": {
      "type": "lookup",
      "params": {
        "table": "l",
        "write_only": "true"
      },
      "owner": "customer"
    }
  },
  "tables": {
    "country": {
      "type": "reference",
      "source": "product.country"
    },
    "customer": {
      "column_vindexes": [
        { "column": "id", "name": "hash" },
        { "columns": ["name", "city"], "name": "lookup" }
      ],
      "auto_increment": {
        "column": "id",
        "sequence": "product.customer_seq"
      },
      "columns": [
        { "name": "id", "type": "INT64" },
        { "name": "size", "type": "DECIMAL", "size": 10, "scale": -2, "nullable": false },
        {
          "name": "kind",
          "type": "ENUM",
          "invisible": true,
          "default": "'b&b'",
          "values": ["<a>", "b&b"]
        }
      ],
      "column_list_authoritative": true
    },
    "pin": {
      "pinned": "80"
    }
  }
}
`
	got, err := Encode(full())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEncodeEmpty(t *testing.T) {
	for want, ks := range map[string]*vschema.Keyspace{
		"{}\n": {},
		"{\n  \"multi_tenant_spec\": {},\n  \"tables\": {\n    \"t\": {}\n  }\n}\n": {
			MultiTenantSpec: &vschemapb.MultiTenantSpec{}, Tables: map[string]*vschemapb.Table{"t": {}},
		},
	} {
		if got, err := Encode(ks); err != nil || string(got) != want {
			t.Errorf("got %q and %v, want %q", got, err, want)
		}
	}
}

// What Load would refuse or change must not be written.
func TestEncodeRefuses(t *testing.T) {
	unknown := &vschemapb.Table{}
	unknown.ProtoReflect().SetUnknown(protoreflect.RawFields{0xf8, 0x3f, 0x01})
	inItem := &vschemapb.ColumnVindex{Column: "id"}
	inItem.ProtoReflect().SetUnknown(protoreflect.RawFields{0xf8, 0x3f, 0x01})
	table := func(t *vschemapb.Table) *vschema.Keyspace {
		return &vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{"t": t}}
	}
	for want, ks := range map[string]*vschema.Keyspace{
		"there is none": nil,
		"table has 3 bytes of fields that this build":                    table(unknown),
		"column vindex has 3 bytes of fields that this build":            table(&vschemapb.Table{ColumnVindexes: []*vschemapb.ColumnVindex{inItem}}),
		`value 9 of field "foreign_key_mode" is not known to this build`: {ForeignKeyMode: 9},
		`value 9 of field "type" is not known to this build`:             table(&vschemapb.Table{Columns: []*vschemapb.Column{{Type: 9}}}),
		`"\xff" is not valid UTF-8`:                                      table(&vschemapb.Table{Pinned: "\xff"}),
		`"k\xff" is not valid UTF-8`:                                     {Vindexes: map[string]*vschemapb.Vindex{"k\xff": {}}},
	} {
		if got, err := Encode(ks); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %q and %v, want %s", got, err, want)
		}
	}
}

// drawMessage fills a message at random, by its descriptor, so that a field
// that Vitess adds is tried too.
func drawMessage(t *rapid.T, m protoreflect.Message, label string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		label := label + "." + string(fd.Name())
		n := rapid.IntRange(0, 2).Draw(t, label)
		if n == 0 {
			continue
		}
		switch {
		case fd.IsMap():
			for range n {
				key := protoreflect.ValueOfString(rapid.String().Draw(t, label+" key")).MapKey()
				m.Mutable(fd).Map().Set(key, drawValue(t, fd.MapValue(), m.Mutable(fd).Map().NewValue, label))
			}
		case fd.IsList():
			for range n {
				m.Mutable(fd).List().Append(drawValue(t, fd, m.Mutable(fd).List().NewElement, label))
			}
		default:
			m.Set(fd, drawValue(t, fd, func() protoreflect.Value { return m.NewField(fd) }, label))
		}
	}
}

func drawValue(t *rapid.T, fd protoreflect.FieldDescriptor, zero func() protoreflect.Value, label string) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		v := zero()
		drawMessage(t, v.Message(), label)
		return v
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, label))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.String().Draw(t, label))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, label))
	case protoreflect.EnumKind:
		values := fd.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(rapid.IntRange(0, values.Len()-1).Draw(t, label)).Number())
	default:
		t.Fatalf("%s is a %s: the decoder, the encoder and this test must learn it", fd.FullName(), fd.Kind())
		return protoreflect.Value{}
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ks := &vschemapb.Keyspace{}
		drawMessage(t, ks.ProtoReflect(), "keyspace")
		text, err := Encode(ks)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		again, err := Encode(proto.Clone(ks).(*vschema.Keyspace))
		if err != nil || string(again) != string(text) {
			t.Fatalf("the same VSchema gave other bytes: %v", err)
		}
		for _, file := range []string{"v.json", "v.yaml"} {
			if file == "v.yaml" && !isYAMLText(text) {
				continue
			}
			back, err := Parse("customer", file, text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if !proto.Equal(back.VSchema, ks) {
				t.Fatalf("%s: got %s from\n%s", file, prototext.Format(back.VSchema), text)
			}
		}
	})
}

// isYAMLText tells whether YAML takes all the characters as they are.
func isYAMLText(text []byte) bool { return checkYAMLText(text, &problems{}) }

// Every field of a VSchema must be of a kind that is read and written, with
// maps by string only, and the order of writing must name real fields.
func TestEveryFieldIsCovered(t *testing.T) {
	seen := map[protoreflect.Name]protoreflect.MessageDescriptor{}
	var walk func(md protoreflect.MessageDescriptor)
	walk = func(md protoreflect.MessageDescriptor) {
		if seen[md.Name()] != nil {
			return
		}
		seen[md.Name()] = md
		for i := range md.Fields().Len() {
			fd := md.Fields().Get(i)
			if fd.ContainingOneof() != nil && !fd.HasOptionalKeyword() {
				t.Errorf("%s is in a oneof, which nothing here knows", fd.FullName())
			}
			value := fd
			if fd.IsMap() {
				value = fd.MapValue()
				if fd.MapKey().Kind() != protoreflect.StringKind {
					t.Errorf("%s has keys of kind %s", fd.FullName(), fd.MapKey().Kind())
				}
			}
			switch value.Kind() {
			case protoreflect.MessageKind:
				walk(value.Message())
			case protoreflect.BoolKind, protoreflect.StringKind, protoreflect.Int32Kind, protoreflect.EnumKind:
			default:
				t.Errorf("%s is of kind %s", fd.FullName(), value.Kind())
			}
		}
	}
	walk((&vschemapb.Keyspace{}).ProtoReflect().Descriptor())
	for message, order := range fieldOrder {
		md := seen[message]
		if md == nil {
			t.Errorf("fieldOrder names %s, which is in no VSchema", message)
			continue
		}
		if got, want := fmt.Sprint(len(order)), fmt.Sprint(md.Fields().Len()); got != want {
			t.Errorf("fieldOrder has %s fields of %s, want %s", got, message, want)
		}
		for _, name := range order {
			if md.Fields().ByName(name) == nil {
				t.Errorf("fieldOrder names %s.%s, which does not exist", message, name)
			}
		}
	}
}
