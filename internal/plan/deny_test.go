package plan

import (
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

func TestDenials(t *testing.T) {
	newTable := func(t *testing.T) *vschema.Keyspace {
		return edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)
	}
	tests := []struct {
		name string
		make func(t *testing.T) Input
		want []DenialCode
		text string // in the first denial's text or remedy
	}{
		{"a new table is not denied", func(t *testing.T) Input {
			return input(store(t), keyspaces{"commerce": newTable(t)})
		}, nil, ""},
		{"write_loss", func(t *testing.T) Input {
			return input(store(t), keyspaces{"customer": edited(t, customerJSON, `"type":"hash"`, `"type":"xxhash"`)})
		}, []DenialCode{DeniedHazard}, "write_loss: keyspaces/customer/vschema.json:1: vindex hash has the type xxhash, was hash (VS242: "},
		{"write_loss, allowed", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"type":"hash"`, `"type":"xxhash"`)})
			in.Allow = []string{"write_loss"}
			return in
		}, nil, ""},
		{"write_loss, allowed by its code", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"type":"hash"`, `"type":"xxhash"`)})
			in.Allow = []string{"VS242"}
			return in
		}, nil, ""},
		{"write_loss is not allowed by the code of another change", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"type":"hash"`, `"type":"xxhash"`)})
			in.Allow = []string{"VS241"}
			return in
		}, []DenialCode{DeniedHazard}, "--allow VS242"},
		{"of two hazards only the one that is not allowed is denied", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, strings.Replace(customerJSON, `"column":"id","name":"hash"`, `"column":"other","name":"hash"`, 1), `"type":"hash"`, `"type":"xxhash"`)})
			in.Allow = []string{"VS242"}
			return in
		}, []DenialCode{DeniedHazard}, "--allow VS241"},
		{"outage is not allowed by write_loss", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"sharded":true,`, ``)})
			in.Allow = []string{"write_loss"}
			return in
		}, []DenialCode{DeniedHazard}, "--allow VS542"},
		{"typo in a sequence", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `commerce.customer_seq`, `commerce.custmer_seq`)})
			in.Allow = []string{"outage"}
			return in
		}, []DenialCode{DeniedFinding}, "VS301"},
		{"typo in a sequence, nothing allowed: the mistake comes first", func(t *testing.T) Input {
			return input(store(t), keyspaces{"customer": edited(t, customerJSON, `commerce.customer_seq`, `commerce.custmer_seq`)})
		}, []DenialCode{DeniedFinding, DeniedHazard}, "VS301"},
		{"a table that makes a name of another keyspace ambiguous", func(t *testing.T) Input {
			return input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"customer":{}`)})
		}, []DenialCode{DeniedHazard}, "outage: keyspaces/commerce/vschema.json:1: without its keyspace, the name customer leads to table customer.customer now and to none after the change: ambiguous"},
		{"the same, allowed", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"customer":{}`)})
			in.Allow = []string{"outage"}
			return in
		}, nil, ""},
		{"the same, allowed by its code", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"customer":{}`)})
			in.Allow = []string{"VS803"}
			return in
		}, nil, ""},
		{"a table dropped from an unsharded keyspace", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{},`, ``)})
			in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
			return in
		}, []DenialCode{DeniedHazard}, "outage: commerce: without its keyspace, the name product"},
		{"an outage of others, carried along", func(t *testing.T) Input {
			s := store(t)
			s.Cells[1].Srv.Keyspaces["customer"] = edited(t, customerJSON, `"tables":{`, `"tables":{"old":{"column_vindexes":[{"column":"id","name":"hash"}]},`)
			return input(s, keyspaces{"customer": edited(t, customerJSON, `"tables":{`, `"tables":{"more":{"column_vindexes":[{"column":"id","name":"hash"}]},`)})
		}, []DenialCode{DeniedHazard}, "outage: customer, carried along into cell z2: table old is dropped"},
		{"an outage that a heal brings", func(t *testing.T) Input {
			s := store(t)
			s.Cells[1].Srv.Keyspaces["customer"] = edited(t, customerJSON, `"tables":{`, `"tables":{"old":{"column_vindexes":[{"column":"id","name":"hash"}]},`)
			return input(s, keyspaces{"customer": keyspace(t, customerJSON)})
		}, []DenialCode{DeniedHazard}, "outage: customer, healed in cell z2: table old is dropped"},
		{"an old mistake of others in another table of the keyspace", func(t *testing.T) Input {
			live := strings.Replace(customerJSON, `commerce.customer_seq`, `commerce.custmer_seq`, 1)
			in := input(snapshot(t, map[string]string{"commerce": commerceJSON, "customer": live}),
				keyspaces{"customer": edited(t, live, `"tables":{`, `"tables":{"more":{"column_vindexes":[{"column":"id","name":"hash"}]},`)})
			return in
		}, nil, ""},
		{"changed on both sides", func(t *testing.T) Input {
			in := input(snapshot(t, map[string]string{"commerce": `{"tables":{"product":{"pinned":"aa"}}}`}),
				keyspaces{"commerce": keyspace(t, `{"tables":{"product":{"pinned":"bb"}}}`)})
			in.Last = keyspaces{"commerce": keyspace(t, `{"tables":{"product":{}}}`)}
			return in
		}, []DenialCode{DeniedConflict}, "table product"},
		{"no such keyspace", func(t *testing.T) Input {
			return input(store(t), keyspaces{"shop": keyspace(t, `{}`)})
		}, []DenialCode{DeniedNoKeyspace}, "vtctldclient CreateKeyspace shop"},
		{"record that cannot be read", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema, k.Err = nil, "truncated" })
			return input(s, keyspaces{"commerce": newTable(t)})
		}, []DenialCode{DeniedUnreadable}, "truncated"},
		{"unknown field in a record to write", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { newerField(k, k.VSchema) })
			return input(s, keyspaces{"commerce": newTable(t)})
		}, []DenialCode{DeniedUnknownField}, "drop: field 19"},
		{"unknown field in a table that is left alone", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { newerField(k, k.VSchema.Tables["product"]) })
			in := input(s, keyspaces{"commerce": newTable(t)})
			in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
			return in
		}, []DenialCode{DeniedUnknownField}, "tables.product: field 19"},
		{"unknown field in a table that the file has without it", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { newerField(k, k.VSchema.Tables["product"]) })
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, []DenialCode{DeniedUnknownField}, "tables.product: field 19"},
		{"unknown field in a record that is left alone", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "customer", func(k *planes.Keyspace) { k.Unknown = []string{"field 19"} })
			return input(s, keyspaces{"commerce": newTable(t)})
		}, nil, ""},
		{"unknown field in a cell", func(t *testing.T) Input {
			s := store(t)
			s.Cells[1].Unknown = []string{"field 9"}
			return input(s, keyspaces{"commerce": newTable(t)})
		}, []DenialCode{DeniedUnknownField}, "cell z2"},
		{"too large", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"commerce": newTable(t)})
			in.MaxCellBytes = 50
			return in
		}, []DenialCode{DeniedSize, DeniedSize}, "limit is 50"},
		{"a vindex and a vtgate without SQL", func(t *testing.T) Input {
			s := store(t)
			s.VTGates[1].SQL = false
			return input(s, keyspaces{"customer": edited(t, customerJSON, `"hash":{"type":"hash"}`, `"hash":{"type":"hash"},"x":{"type":"xxhash"}`)})
		}, []DenialCode{DeniedUnprovable}, "z2:15001"},
		{"a vindex and a silent vtgate", func(t *testing.T) Input {
			s := store(t)
			s.VTGates[1] = planes.VTGate{Target: "z2:15001", Cell: "z2", Silent: "timeout"}
			return input(s, keyspaces{"customer": edited(t, customerJSON, `"hash":{"type":"hash"}`, `"hash":{"type":"hash"},"x":{"type":"xxhash"}`)})
		}, nil, ""},
		{"the caller's own denial", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"commerce": newTable(t)})
			in.Denials = []Denial{{Code: DeniedStale, Text: "old files"}}
			return in
		}, []DenialCode{DeniedStale}, "old files"},
		{"full rebuild beside a record that cannot be read", func(t *testing.T) Input {
			s := store(t)
			s.Cells[0].Srv, s.Cells[0].Token = nil, planes.Absent()
			setGlobal(s, "customer", func(k *planes.Keyspace) { k.VSchema, k.Err = nil, "truncated" })
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, []DenialCode{DeniedUnreadable}, "full rebuild"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, tt.make(t))
			if got := codes(p); !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("denials %v, want %v: %+v", got, tt.want, p.Denials)
			}
			if len(p.Denials) > 0 && !strings.Contains(p.Denials[0].Text+p.Denials[0].Remedy, tt.text) {
				t.Errorf("denial %+v lacks %q", p.Denials[0], tt.text)
			}
		})
	}
}

// newerField adds to a part of the record what only a newer Vitess knows.
func newerField(k *planes.Keyspace, part proto.Message) {
	part.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 19, protowire.VarintType), 1))
	k.Unknown = vschema.UnknownFields(k.VSchema)
}

func TestSizes(t *testing.T) {
	s := store(t)
	size := s.Cells[0].Size
	grow := keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)}
	shrink := keyspaces{"commerce": edited(t, commerceJSON, `"product":{},`, ``)}
	tests := []struct {
		name    string
		desired keyspaces
		limit   int
		denials int
		notes   int
	}{
		{"far from the limit", grow, 10 * size, 0, 0},
		{"near the limit", grow, size * 12 / 10, 0, 2},
		{"over the limit", grow, size, 2, 0},
		{"over the limit, and smaller than before", shrink, size / 2, 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(s, tt.desired)
			in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
			in.Allow = []string{"outage"}
			in.MaxCellBytes = tt.limit
			p := build(t, in)
			if len(p.Denials) != tt.denials || len(p.Notes) != tt.notes || p.Empty() {
				t.Errorf("denials %+v, notes %q", p.Denials, p.Notes)
			}
		})
	}
}

// TestHazard: the summary counts what is carried along, and what a change does
// to other keyspaces.
func TestHazard(t *testing.T) {
	ambiguous := build(t, input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"customer":{}`)}))
	s := store(t)
	s.Cells[1].Srv.Keyspaces["customer"].Tables["old"] = &vschema.Table{}
	heal := build(t, input(s, keyspaces{"customer": keyspace(t, customerJSON)}))
	for name, p := range map[string]*Plan{"a lost name": ambiguous, "a heal": heal} {
		if got := p.Hazard(); got != diff.Outage {
			t.Errorf("%s has hazard %s", name, got)
		}
	}
}
