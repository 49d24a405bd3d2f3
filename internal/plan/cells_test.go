package plan

import (
	"reflect"
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// serve changes what one cell serves.
func serve(s *planes.Snapshot, cell int, ks string, vs *vschema.Keyspace) {
	if vs == nil {
		delete(s.Cells[cell].Srv.Keyspaces, ks)
		return
	}
	s.Cells[cell].Srv.Keyspaces[ks] = vs
}

func heals(p *Plan) (healed, carried []string) {
	for _, ph := range p.Phases {
		for _, d := range ph.Heals {
			healed = append(healed, d.Cell+"/"+d.Keyspace)
		}
		for _, d := range ph.Carried {
			carried = append(carried, d.Cell+"/"+d.Keyspace)
		}
	}
	return healed, carried
}

func TestDrifts(t *testing.T) {
	old := func(t *testing.T) *vschema.Keyspace { return keyspace(t, `{"tables":{"product":{}}}`) }
	more := func(t *testing.T) *vschema.Keyspace {
		return edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)
	}
	tests := []struct {
		name    string
		make    func(t *testing.T) Input
		healed  []string
		carried []string
		note    string
	}{
		{"one stale cell, nothing else to do", func(t *testing.T) Input {
			s := store(t)
			serve(s, 1, "commerce", old(t))
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, []string{"z2/commerce"}, nil, ""},
		{"somebody's unrebuilt change in the same keyspace is carried", func(t *testing.T) Input {
			s := store(t)
			serve(s, 0, "commerce", edited(t, commerceJSON, `"product":{},`, ``))
			return input(s, keyspaces{"commerce": more(t)})
		}, nil, []string{"z1/commerce"}, ""},
		{"in another keyspace it is not shipped", func(t *testing.T) Input {
			s := store(t)
			serve(s, 0, "customer", edited(t, customerJSON, `"column":"id","name"`, `"column":"uid","name"`))
			return input(s, keyspaces{"commerce": more(t)})
		}, nil, nil, "cell z1 serves another VSchema of keyspace customer"},
		{"nor where that keyspace has a file, which does not hold the change", func(t *testing.T) Input {
			s := store(t)
			serve(s, 0, "commerce", edited(t, commerceJSON, `"product":{},`, ``))
			return input(s, keyspaces{"commerce": edited(t, commerceJSON, `"product":{},`, ``)})
		}, nil, nil, "cell z1 serves another VSchema of keyspace commerce"},
		{"it comes with what the file holds and the cell lacks", func(t *testing.T) Input {
			s := store(t)
			serve(s, 0, "commerce", keyspace(t, `{}`))
			return input(s, keyspaces{"commerce": edited(t, commerceJSON, `"product":{},`, ``)})
		}, []string{"z1/commerce"}, nil, ""},
		{"nor are rules", func(t *testing.T) Input {
			s := store(t)
			s.Cells[0].Srv.RoutingRules = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: "a", ToTables: []string{"commerce.product"}}}}
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, nil, nil, "still has a -> commerce.product"},
		{"an absent cell gets everything", func(t *testing.T) Input {
			s := store(t)
			s.Cells[1].Srv, s.Cells[1].Token = nil, planes.Absent()
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, []string{"z2/"}, nil, ""},
		{"a cell that lacks the keyspace", func(t *testing.T) Input {
			s := store(t)
			serve(s, 0, "commerce", nil)
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, []string{"z1/commerce"}, nil, ""},
		{"a cell that cannot be read is named and waited for", func(t *testing.T) Input {
			s := store(t)
			s.Cells[1] = planes.Cell{Name: "z2", Err: "dial timeout"}
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, nil, nil, "cell z2 could not be read (dial timeout)"},
		{"a rebuild carries it from another keyspace too", func(t *testing.T) Input {
			s := store(t)
			serve(s, 0, "customer", edited(t, customerJSON, `"column":"id","name"`, `"column":"uid","name"`))
			in := input(s, keyspaces{"commerce": more(t)})
			in.Backend, in.Allow = BackendVTCtld, []string{"VS241"} // what is carried has its hazard as well
			return in
		}, nil, []string{"z1/customer"}, ""},
		{"and rules", func(t *testing.T) Input {
			s := store(t)
			s.Cells[0].Srv.RoutingRules = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: "a", ToTables: []string{"commerce.product"}}}}
			in := input(s, keyspaces{"commerce": more(t)})
			in.Backend = BackendVTCtld
			return in
		}, nil, []string{"z1/"}, ""},
		{"a cell that is not rebuilt carries nothing", func(t *testing.T) Input {
			s := store(t)
			serve(s, 1, "commerce", old(t))
			serve(s, 0, "customer", edited(t, customerJSON, `"column":"id","name"`, `"column":"uid","name"`))
			in := input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
			in.Backend = BackendVTCtld
			return in
		}, []string{"z2/commerce"}, nil, "cell z1 serves another VSchema of keyspace customer"},
		{"an ignored cell is not looked at", func(t *testing.T) Input {
			s := store(t)
			serve(s, 1, "commerce", old(t))
			in := input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
			in.IgnoredCells = []string{"z2"}
			return in
		}, nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, tt.make(t))
			healed, carried := heals(p)
			if !reflect.DeepEqual(healed, tt.healed) || !reflect.DeepEqual(carried, tt.carried) {
				t.Errorf("healed %v, carried %v; want %v, %v", healed, carried, tt.healed, tt.carried)
			}
			notes := strings.Join(p.Notes, "\n")
			if (tt.note == "" && notes != "") || !strings.Contains(notes, tt.note) {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
			if len(p.Denials) > 0 {
				t.Errorf("denied: %+v", p.Denials)
			}
		})
	}
}

// TestCellThatLacksAReference: global is sound, but one cell does not have the
// sequence yet, and its vtgates would lose the table.
func TestCellThatLacksAReference(t *testing.T) {
	s := store(t)
	serve(s, 1, "commerce", keyspace(t, `{"tables":{"product":{},"customer_seq":{"type":"sequence"}}}`))
	in := input(s, keyspaces{"customer": edited(t, customerJSON, "customer_seq", "order_seq")})
	in.Allow = []string{"outage"}
	p := build(t, in)
	if len(p.Findings) != 1 || !strings.Contains(p.Findings[0].Message, "in cell z2") {
		t.Fatalf("findings: %+v", p.Findings)
	}
	if got := codes(p); !reflect.DeepEqual(got, []DenialCode{DeniedFinding}) {
		t.Errorf("denials: %v", got)
	}
}

func TestMergeCell(t *testing.T) {
	s := snapshot(t, map[string]string{"a": `{"tables":{"x":{}}}`, "b": `{"tables":{"y":{}}}`, "c": ""})
	cell := &vschema.SrvVSchema{Keyspaces: keyspaces{"a": {}, "b": {}, "gone": {}}}

	got := MergeCell(cell, s.Global, []string{"a", "c", "gone"}, nil)
	if got.Keyspaces["a"].Tables["x"] == nil || got.Keyspaces["b"].Tables["y"] != nil {
		t.Errorf("it replaced other entries than a: %v", got)
	}
	if _, ok := got.Keyspaces["c"]; !ok {
		t.Error("a keyspace with a record and no VSchema is not an empty one")
	}
	if _, ok := got.Keyspaces["gone"]; ok {
		t.Error("a keyspace that global lost is still there")
	}
	if len(cell.Keyspaces["a"].Tables) > 0 || len(cell.Keyspaces) != 3 {
		t.Error("it modified its input")
	}
	if full := MergeCell(nil, s.Global, []string{"a"}, nil); len(full.Keyspaces) != 3 || full.RoutingRules == nil {
		t.Errorf("an absent cell did not get a full rebuild: %v", full)
	}
}
