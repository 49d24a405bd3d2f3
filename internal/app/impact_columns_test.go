package app

import (
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// TestDropViews: views that vttablets keep from vtgates are none for the planner.
func TestDropViews(t *testing.T) {
	view := compile.Schema{Views: map[string]string{"v": "select 1"}}
	serves, silent := vtgate.Schema{Views: map[string]string{"v": "select 1"}}, vtgate.Schema{}
	for _, tt := range []struct {
		name   string
		served map[string]vtgate.Schema
		live   schemas
		note   string
	}{
		{"served", map[string]vtgate.Schema{"ks": serves}, schemas{"ks": view}, ""},
		{"of a keyspace without them", map[string]vtgate.Schema{"ks": silent, "other": serves}, schemas{"ks": view}, "these are none here: ks.v ("},
		{"in files, and some are served", map[string]vtgate.Schema{"ks": silent, "other": serves}, nil, ""},
		{"in files, and none is served", map[string]vtgate.Schema{"ks": silent}, nil, "these are none here: ks.v ("},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &impactRun{served: tt.served, servedBy: "g:1", knownBefore: schemas{"ks": {}}, knownAfter: schemas{"ks": view}}
			r.dropViews(t.Context(), tt.live)
			if kept := len(r.knownAfter["ks"].Views) > 0; kept != (tt.note == "") {
				t.Errorf("kept: %v", kept)
			}
			if got := strings.Join(r.notes, "; "); (got == "") != (tt.note == "") || !strings.Contains(got, tt.note) {
				t.Errorf("notes %q, want %q", got, tt.note)
			}
		})
	}
	if len(view.Views) == 0 {
		t.Error("the schema that was read has changed")
	}
}

// TestForeignKeysByVTGate: where vtgates carry out foreign keys, the tables that have
// some are named, as not all of them is shown.
func TestForeignKeysByVTGate(t *testing.T) {
	served := map[string]vtgate.Schema{"ks": {Tables: map[string]vtgate.Table{"parent": {ForeignKeys: true}, "child": {ForeignKeys: true}, "other": {}}}}
	srv := func(mode vschemapb.Keyspace_ForeignKeyMode) *vschema.SrvVSchema {
		return &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"ks": {ForeignKeyMode: mode}}}
	}
	const note = "keyspace ks: vtgates carry out its foreign keys, and do not show what they do ON DELETE and ON UPDATE: writes to child, parent are planned here as if there were none"
	for _, tt := range []struct {
		before, after vschemapb.Keyspace_ForeignKeyMode
		want          bool
	}{
		{vschemapb.Keyspace_managed, vschemapb.Keyspace_managed, true},
		{vschemapb.Keyspace_unmanaged, vschemapb.Keyspace_managed, true},
		{vschemapb.Keyspace_unspecified, vschemapb.Keyspace_disallow, false},
	} {
		r := &impactRun{served: served, servedBy: "g:1", before: srv(tt.before), after: srv(tt.after)}
		known := r.columnsByVTGate(t.Context(), map[string][]string{"ks": nil})
		if got := strings.Contains(strings.Join(r.notes, "\n"), note); got != tt.want || len(known["ks"].Tables) != 3 {
			t.Errorf("%v to %v: notes %q, tables %v", tt.before, tt.after, r.notes, known)
		}
	}
}
