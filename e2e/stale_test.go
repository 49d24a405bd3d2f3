package e2e

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/lab/cluster"
)

// A cell that serves something older is drift although files and global topo
// agree: status names it, the plan lists it as something to do, and apply
// writes this cell, once, and nothing else.
func TestStaleCell(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	tests := []struct {
		name, table string
		leave       func(table string) // adds a table everywhere but in zone2
	}{
		{"an old record put back", "invoice", func(table string) {
			old := e.raw("zone2", e.srvKey("zone2"))
			e.alter("customer", hashing(table))
			e.put("zone2", e.srvKey("zone2"), old)
		}},
		{"a rebuild of the other cell only", "refund", func(table string) {
			e.alter("customer", hashing(table), "--skip-rebuild")
			if err := e.RebuildVSchemaGraph(t.Context(), "zone1"); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, table := e.in(t), tt.table
			tt.leave(table)
			e.ok("pull", e.dir)

			status := e.exits(1, "status", e.dir)
			status.wants(t, "drift: customer", "cell zone2", table)
			status.omits(t, "cell zone1", "in sync: customer")
			e.exits(1, "plan", "--exit-code", e.dir).wants(t, "cells to heal", "cell zone2", "1 heal")

			global := e.writes("global", globalKey("customer"))
			zone1, zone2 := e.writes("zone1", e.srvKey("zone1")), e.writes("zone2", e.srvKey("zone2"))
			e.ok("apply", "--yes", e.dir).wants(t, "committed")
			if g, one, two := len(global.events()), len(zone1.events()), len(zone2.events()); g != 0 || one != 0 || two != 1 {
				t.Errorf("%d writes of global, %d of zone1, %d of zone2; want one of zone2 only", g, one, two)
			}
			e.cellsServe("customer", table)
			e.vtgatesServe("customer", table)
			e.ok("status", e.dir).wants(t, "all planes agree")
		})
	}
}

// hashing is the statement that adds a table routed by the hash of its id.
func hashing(table string) string { return "alter vschema on " + table + " add vindex hash(id)" }

// What somebody saved without a rebuild in one keyspace is not shipped by an
// apply to another, whether or not a file manages it.
func TestUnrebuiltWorkInAnotherKeyspaceStays(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.alter("commerce", "alter vschema add table promotion", "--skip-rebuild")
	served := e.srv("zone1").Keyspaces["commerce"]
	e.edit("customer", func(v map[string]any) { hashed(v, "invoice", "id") })

	e.ok("apply", "--yes", e.dir).wants(t, "committed",
		"made by others and kept", "cell zone1 serves another VSchema of keyspace commerce", "cell zone2 serves another VSchema of keyspace commerce")
	e.cellsServe("customer", "invoice")
	e.vtgatesServe("customer", "invoice")
	for _, cell := range e.Cells() {
		if got := e.srv(cell).Keyspaces["commerce"]; !proto.Equal(got, served) {
			t.Errorf("cell %s: commerce was shipped: %v", cell, got)
		}
	}
	if e.global("commerce").Tables["promotion"] == nil {
		t.Error("the change in commerce is gone from global")
	}
	e.exits(1, "status", e.dir).wants(t, "drift: commerce", "promotion", "in sync: customer")
}

// What somebody saved without a rebuild in the keyspace that apply writes
// travels with it, as a cell holds a keyspace whole; the plan says so.
func TestUnrebuiltWorkInTheSameKeyspaceIsCarried(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.alter("customer", hashing("basket"), "--skip-rebuild")
	e.edit("customer", func(v map[string]any) { hashed(v, "invoice", "id") })

	e.ok("plan", e.dir).wants(t, "carried along", "cell zone1", "cell zone2", "basket")
	p, err := plan.Decode([]byte(e.ok("plan", "--format", "json", e.dir).stdout))
	if err != nil {
		t.Fatal(err)
	}
	carried := map[string]string{}
	for _, d := range p.Phases[0].Carried {
		for _, c := range d.Changes {
			carried[d.Cell] += c.Entry.Name
		}
	}
	if len(carried) != 2 || carried["zone1"] != "basket" || carried["zone2"] != "basket" {
		t.Errorf("the plan carries %v, want basket in both cells", carried)
	}

	zone1 := e.writes("zone1", e.srvKey("zone1"))
	e.ok("apply", "--yes", e.dir).wants(t, "committed", "carried along")
	if n := len(zone1.events()); n != 1 {
		t.Errorf("%d writes of zone1, want both changes in one", n)
	}
	for _, table := range []string{"basket", "invoice"} {
		e.cellsServe("customer", table)
		e.vtgatesServe("customer", table)
	}
}
