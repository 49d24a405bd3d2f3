package app

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/plan"
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

// TestReadinessUnlisted: a plan that waits for nothing by name says that apply
// would wait where the list of migrations cannot be read.
func TestReadinessUnlisted(t *testing.T) {
	customer := planes.Keyspace{HasRecord: true, VSchema: &vschema.Keyspace{}, Shards: []planes.Shard{{Name: "0", Serving: true, Primary: "z-1"}}}
	snap := &planes.Snapshot{Global: planes.Global{Keyspaces: map[string]planes.Keyspace{"customer": customer}}}
	p := &plan.Plan{Phases: []plan.Phase{{Writes: []plan.GlobalWrite{{
		Keyspace: "customer", After: []byte(`{"tables":{"t":{}}}`),
		Changes: []diff.EntryChange{{Entry: vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: "t"}}},
	}}}}}
	for _, tt := range []struct {
		found planes.Physical
		want  string
	}{
		{planes.Physical{Err: "refused"}, "vtctld does not answer: refused"},
		{planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{"customer": {}}}, "vtctld does not find the primary of shard 0 (z-1)"},
		{planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{"customer": {Listed: []string{"z-1"}}}}, ""},
	} {
		got := strings.Join((&App{}).readiness(t.Context(), p, snap, &tt.found), "\n")
		if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestMissing: a way back that routes again by a column which is gone says so.
func TestMissing(t *testing.T) {
	customer := planes.Keyspace{HasRecord: true, VSchema: &vschema.Keyspace{Tables: map[string]*vschema.Table{"t": {}}}, Shards: []planes.Shard{{Name: "0", Serving: true, Primary: "z-1"}}}
	g := planes.Global{Keyspaces: map[string]planes.Keyspace{"customer": customer}}
	undo := &plan.Plan{Phases: []plan.Phase{{Writes: []plan.GlobalWrite{{
		Keyspace: "customer", After: []byte(`{"tables":{"t":{"column_vindexes":[{"column":"email","name":"hash"}]}}}`),
		Changes: []diff.EntryChange{{Entry: vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: "t"}}},
	}}}}}
	for table, want := range map[string]string{
		"create table t (id int)":                    "this undo routes by columns email of customer.t, which MySQL lacks: queries will fail: 0: table t has no column email",
		"create table t (id int, email varchar(10))": "",
		"create tabel":                               "nobody can say whether MySQL has them",
	} {
		found := planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{"customer": {Shards: map[string]planes.ShardSchema{"0": {Tables: map[string]string{"t": table}}}}}}
		got := strings.Join(missingNotes(ddl.Judge(ddl.Input{Needs: plan.Columns(undo.Phases[0], g), Global: g, Physical: found})), "; ")
		if !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", table, got, want)
		}
	}
}
