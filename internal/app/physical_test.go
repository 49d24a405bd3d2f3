package app

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestAsked: migrations are read of the keyspaces of the files and of their
// lookup tables, wherever those are.
func TestAsked(t *testing.T) {
	const one, two = "9e8a9249_3976_11ed_9442_0a43f95f28a3", "bbbbbbbb_3976_11ed_9442_0a43f95f28a3"
	lookup := func(table string) *vschema.Vindex {
		return &vschema.Vindex{Type: "lookup", Params: map[string]string{"table": table}}
	}
	g := planes.Global{Keyspaces: map[string]planes.Keyspace{
		"customer": {HasRecord: true, VSchema: &vschema.Keyspace{Vindexes: map[string]*vschemapb.Vindex{"old": lookup("`old`.t")}}},
		"commerce": {HasRecord: true}, "old": {HasRecord: true}, "other": {HasRecord: true},
		"bare": {HasRecord: true, VSchema: &vschema.Keyspace{Tables: map[string]*vschema.Table{"idx": {}}}},
	}}
	tree := &desired.Tree{Keyspaces: map[string]*desired.Keyspace{"customer": {
		VSchema: &vschema.Keyspace{Vindexes: map[string]*vschemapb.Vindex{
			"new": lookup("commerce.t"), "bare": lookup("idx"), "gone": lookup("nowhere.t"), "hash": {Type: "hash"},
		}},
		Requires: []desired.Require{{Migration: two}},
	}}}
	got := asked(tree, g, []string{one, "commerce=" + two, "no uuid"})
	want := map[string][]string{"customer": {one, two}, "commerce": {two}, "old": nil, "bare": nil}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestOutlookTimes: the times of a migration are said to be vtctld's.
func TestOutlookTimes(t *testing.T) {
	at := time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)
	got := outlookOf(ddl.Answer{
		Need: ddl.Need{Keyspace: "customer", Migration: "u1"}, Status: ddl.Waiting, Text: "running",
		Requested: at, Started: at.Add(time.Minute),
	})
	if !strings.HasSuffix(got, "running, requested 2026-11-22 22:00:00 UTC by vtctld's clock, started 2026-11-22 22:01:00 UTC by vtctld's clock") {
		t.Errorf("%q", got)
	}
}
