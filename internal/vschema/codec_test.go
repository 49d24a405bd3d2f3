package vschema_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

// newer gives bytes of a field that this build does not know.
func newer(number protowire.Number) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), "later")
}

func TestUnknownFields(t *testing.T) {
	ks := parse(t, `{"vindexes":{"h":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"name":"h","column":"id"}],"auto_increment":{"column":"id"}}},"multi_tenant_spec":{}}`)
	ks.ProtoReflect().SetUnknown(append(newer(90), newer(90)...))
	ks.Vindexes["h"].ProtoReflect().SetUnknown(newer(19))
	ks.Tables["t"].ProtoReflect().SetUnknown(append(newer(21), newer(20)...))
	ks.Tables["t"].ColumnVindexes[0].ProtoReflect().SetUnknown(newer(7))
	ks.Tables["t"].AutoIncrement.ProtoReflect().SetUnknown(newer(8))
	ks.MultiTenantSpec.ProtoReflect().SetUnknown(newer(9))
	b, err := vschema.EncodeTopo(ks)
	if err != nil {
		t.Fatal(err)
	}
	got, unknown, err := vschema.DecodeTopo(b)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"field 90", "multi_tenant_spec: field 9", "tables.t.auto_increment: field 8",
		"tables.t.column_vindexes[0]: field 7", "tables.t: field 20", "tables.t: field 21", "vindexes.h: field 19",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, unknown); diff != "" {
		t.Errorf("unknown fields (-want +got):\n%s", diff)
	}
	again, err := vschema.EncodeTopo(got)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("unknown fields are lost by reading and writing: %v", err)
	}
	known := proto.CloneOf(ks)
	known.Vindexes["h"].ProtoReflect().SetUnknown(nil)
	if vschema.Fingerprint(ks) == vschema.Fingerprint(known) {
		t.Error("the fingerprint does not see an unknown field")
	}
}

func TestTopoBytesAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ks := vschematest.Keyspaces().Draw(t, "ks")
		first, err := vschema.EncodeTopo(ks)
		if err != nil {
			t.Fatal(err)
		}
		back, unknown, err := vschema.DecodeTopo(first)
		if err != nil || len(unknown) > 0 {
			t.Fatal(unknown, err)
		}
		again, err := vschema.EncodeTopo(back)
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("other bytes for the same value: %v", err)
		}
	})
}

func TestDecodeTopoRefusesDamage(t *testing.T) {
	for _, b := range [][]byte{{0x0a}, {0xff, 0xff}, []byte("not a proto"), append([]byte{0x1a, 5, 0x0a, 3}, 0xff, 0xfe, 0xfd)} {
		if ks, _, err := vschema.DecodeTopo(b); err == nil {
			t.Errorf("%x is read as %v", b, ks)
		} else if !strings.HasPrefix(err.Error(), "decode vschema: ") {
			t.Errorf("%x: %v", b, err)
		}
	}
	ks, _, err := vschema.DecodeTopo(nil)
	if err != nil || ks == nil {
		t.Errorf("an empty record is an empty VSchema: got %v, %v", ks, err)
	}
}

func TestSrvRoundTrip(t *testing.T) {
	srv := &vschema.SrvVSchema{
		Keyspaces:    map[string]*vschema.Keyspace{"commerce": {Sharded: true}},
		RoutingRules: &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: "a", ToTables: []string{"commerce.a"}}}},
	}
	srv.RoutingRules.Rules[0].ProtoReflect().SetUnknown(newer(5))
	b, err := vschema.EncodeSrv(srv)
	if err != nil {
		t.Fatal(err)
	}
	got, unknown, err := vschema.DecodeSrv(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(srv, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if want := []string{"routing_rules.rules[0]: field 5"}; !slices.Equal(unknown, want) {
		t.Errorf("unknown = %v, want %v", unknown, want)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ks := vschematest.Keyspaces().Draw(t, "ks")
		raw := vschema.EncodeJSON(ks)
		back, err := vschema.DecodeJSON(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(ks, back) {
			t.Fatalf("not faithful: %s", raw)
		}
		if again := vschema.EncodeJSON(vschematest.Respell(t, back)); len(again) == 0 {
			t.Fatal("nothing encoded")
		}
	})
}

// A stored plan embeds the JSON: it must come out of json.Marshal as it went in.
func TestJSONSurvivesEmbedding(t *testing.T) {
	ks := parse(t, `{"sharded":true,"tables":{"t":{"columns":[{"name":"a","default":"1 < 2 && 'x' > \"y\""}]}}}`)
	type holder struct {
		VSchema json.RawMessage `json:"vschema"`
		Absent  json.RawMessage `json:"absent,omitempty"`
	}
	in := holder{vschema.EncodeJSON(ks), vschema.EncodeJSON(nil)}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out holder
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
	back, err := vschema.DecodeJSON(out.VSchema)
	if err != nil || !proto.Equal(ks, back) {
		t.Errorf("%v, %v", back, err)
	}
	if absent, err := vschema.DecodeJSON(out.Absent); err != nil || absent != nil {
		t.Errorf("null is read as %v, %v", absent, err)
	}
}

func TestDecodeJSONIsStrict(t *testing.T) {
	for _, text := range []string{``, `{"shard":true}`, `{"Sharded":true}`, `{"foreign_key_mode":"managd"}`, `{"sharded":true}x`, `{"sharded":true,"sharded":true}`, `[]`} {
		if ks, err := vschema.DecodeJSON([]byte(text)); err == nil {
			t.Errorf("%s is read as %v", text, ks)
		}
	}
}

func FuzzDecodeTopo(f *testing.F) {
	seed, err := vschema.EncodeTopo(&vschema.Keyspace{Sharded: true, Vindexes: map[string]*vschema.Vindex{"h": {Type: "hash"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-1])
	f.Add(newer(90))
	f.Fuzz(func(t *testing.T, b []byte) {
		ks, unknown, err := vschema.DecodeTopo(b)
		if err != nil {
			return
		}
		back, err := vschema.DecodeJSON(vschema.EncodeJSON(ks))
		if err != nil {
			t.Fatalf("what topo holds cannot be shown as JSON: %v", err)
		}
		if len(unknown) == 0 && !vschema.Equal(ks, back) {
			t.Fatalf("JSON lost something of %v", ks)
		}
	})
}
