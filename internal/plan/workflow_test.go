package plan

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// lookupWorkflow fills the vindex of backfillJSON.
var lookupWorkflow = planes.Workflow{
	Name: "fill", Type: "CreateLookupIndex", Source: "customer", Target: "commerce", State: "Running",
	Tables: []string{"email_lookup"}, SourceTables: []string{"customer"}, LookupVindexes: []string{"email"},
}

var moveWorkflow = planes.Workflow{
	Name: "out", Type: "MoveTables", Source: "commerce", Target: "archive", State: "Running",
	Tables: []string{"product"}, SourceTables: []string{"product"},
}

// TestWorkflowsSeen: what a listed workflow owns is denied by its name, once,
// and other changes go through.
func TestWorkflowsSeen(t *testing.T) {
	tests := []struct {
		name     string
		workflow planes.Workflow
		desired  keyspaces
		last     string
		denied   string // in the one denial; empty where there is none
		remedy   string
	}{
		{"a stale file without write_only", lookupWorkflow, keyspaces{"customer": edited(t, backfillJSON, `,"write_only":"true"`, ``)}, backfillJSON,
			"workflow fill (CreateLookupIndex, customer to commerce, Running) owns what would change: customer: vindex email is no longer write_only",
			"vtctldclient LookupVindex --name fill --table-keyspace commerce externalize --keyspace customer"},
		{"a file that drops the vindex", lookupWorkflow, keyspaces{"customer": keyspace(t, customerJSON)}, backfillJSON,
			"customer: vindex email is dropped", "LookupVindex --name fill"},
		{"a file that drops the lookup table", lookupWorkflow, keyspaces{"commerce": edited(t, commerceJSON, `,"email_lookup":{}`, ``)}, commerceJSON,
			"commerce: table email_lookup is dropped", "LookupVindex --name fill"},
		{"a file that changes something else of the owner", lookupWorkflow, keyspaces{"customer": edited(t, backfillJSON, `commerce.customer_seq`, `commerce.order_seq`)}, backfillJSON, "", ""},
		{"a file from before the workflow", lookupWorkflow, keyspaces{"customer": keyspace(t, customerJSON)}, customerJSON, "", ""},
		{"a table that moves", moveWorkflow, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{"pinned":"aa"}`)}, commerceJSON,
			"workflow out (MoveTables, commerce to archive, Running) owns what would change: commerce: table product is pinned",
			"vtctldclient MoveTables --workflow out --target-keyspace archive switchtraffic"},
		{"a table beside one that moves", moveWorkflow, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)}, commerceJSON, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(snapshot(t, map[string]string{"commerce": commerceJSON, "customer": backfillJSON, "archive": "{}"}), tt.desired)
			in.Allow = []string{"write_loss", "outage"}
			in.Last = keyspaces{}
			for ks := range in.Desired {
				in.Last[ks] = keyspace(t, tt.last)
			}
			in.Physical = &planes.Physical{Workflows: []planes.Workflow{tt.workflow}}
			p := build(t, in)
			if tt.denied == "" {
				if len(p.Denials) > 0 {
					t.Fatalf("denials: %+v", p.Denials)
				}
				return
			}
			if got := codes(p); !reflect.DeepEqual(got, []DenialCode{DeniedWorkflow}) {
				t.Fatalf("denials: %+v", p.Denials)
			}
			if d := p.Denials[0]; !strings.Contains(d.Text, tt.denied) || !strings.Contains(d.Remedy, tt.remedy) {
				t.Errorf("denial %+v", d)
			}
		})
	}
}

// TestWorkflowUnseen: a backfill whose workflow is not listed is protected all
// the same.
func TestWorkflowUnseen(t *testing.T) {
	in := input(snapshot(t, map[string]string{"commerce": commerceJSON, "customer": backfillJSON}),
		keyspaces{"customer": edited(t, backfillJSON, `,"write_only":"true"`, ``)})
	in.Allow = []string{"write_loss"}
	in.Physical = &planes.Physical{Workflows: []planes.Workflow{moveWorkflow}, Unread: map[string]string{"commerce": "no primary found for shard commerce/0"}}
	p := build(t, in)
	if got := codes(p); !reflect.DeepEqual(got, []DenialCode{DeniedWorkflow}) || !strings.Contains(p.Denials[0].Text, "is live with write_only") {
		t.Errorf("denials: %+v", p.Denials)
	}
	if want := "waits: the workflows of keyspace commerce cannot be listed"; !strings.Contains(strings.Join(p.Notes, "\n"), want) {
		t.Errorf("notes %q lack %q", p.Notes, want)
	}
}

// TestWorkflowGone: of a vindex that no workflow fills any more, as a canceled one
// leaves it, a plan may only drop all. Where that is not sure it is a backfill.
func TestWorkflowGone(t *testing.T) {
	unbound := edited(t, backfillJSON, `,{"columns":["email","id"],"name":"email"}`, ``)
	none := &planes.Physical{Workflows: []planes.Workflow{moveWorkflow}}
	tests := []struct {
		name     string
		desired  *vschema.Keyspace
		physical *planes.Physical
		denied   bool
	}{
		{"all of it is dropped", keyspace(t, customerJSON), none, false},
		{"only write_only is dropped", edited(t, backfillJSON, `,"write_only":"true"`, ``), none, true},
		{"only its column vindex is dropped", unbound, none, true},
		{"no vtctld is named", keyspace(t, customerJSON), nil, true},
		{"no vtctld answers", keyspace(t, customerJSON), &planes.Physical{Err: "no answer"}, true},
		{"a keyspace is unread", keyspace(t, customerJSON), &planes.Physical{Unread: map[string]string{"archive": "no primary"}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(snapshot(t, map[string]string{"commerce": commerceJSON, "customer": backfillJSON, "archive": "{}"}), keyspaces{"customer": tt.desired})
			in.Allow = []string{"write_loss", "outage"}
			in.Last = keyspaces{"customer": keyspace(t, backfillJSON)}
			in.Physical = tt.physical
			p := build(t, in)
			if got := codes(p); slices.Contains(got, DeniedWorkflow) != tt.denied {
				t.Errorf("denials: %+v, want one for the workflow: %v", p.Denials, tt.denied)
			}
			if got := strings.Contains(strings.Join(p.Notes, "\n"), "no workflow fills it"); got == tt.denied {
				t.Errorf("notes %q", p.Notes)
			}
		})
	}
}

// TestWorkflowHolds: what apply will wait for stands in the notes, and denies
// nothing; a plan with nothing to write waits for nothing.
func TestWorkflowHolds(t *testing.T) {
	notes := func(desired string) string {
		in := input(store(t), keyspaces{"commerce": keyspace(t, desired)})
		in.Physical = &planes.Physical{Workflows: []planes.Workflow{lookupWorkflow}} // its vindex is not live
		p := build(t, in)
		if len(p.Denials) > 0 {
			t.Fatalf("denials: %+v", p.Denials)
		}
		return strings.Join(p.Notes, "\n")
	}
	if got := notes(strings.Replace(commerceJSON, `"product":{}`, `"product":{},"invoice":{}`, 1)); !strings.Contains(got, "waits: workflow fill") {
		t.Errorf("notes %q", got)
	}
	if got := notes(commerceJSON); strings.Contains(got, "waits:") {
		t.Errorf("notes of a plan with nothing to do: %q", got)
	}
}

// TestWorkflowUndo: an undo is denied as well.
func TestWorkflowUndo(t *testing.T) {
	s := store(t)
	p := build(t, input(s, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{"pinned":"aa"}`)}))
	in := input(applied(t, s, p), nil)
	in.Physical = &planes.Physical{Workflows: []planes.Workflow{moveWorkflow}}
	u, err := Undo(p, in)
	if err != nil {
		t.Fatal(err)
	}
	if got := codes(u); !reflect.DeepEqual(got, []DenialCode{DeniedWorkflow}) {
		t.Errorf("denials: %+v", u.Denials)
	}
}

// completed is what LookupVindex create, externalize and complete leave behind,
// in Vitess's own notation.
func completed(t *testing.T) *planes.Snapshot {
	s := store(t)
	setGlobal(s, "customer", func(k *planes.Keyspace) {
		k.VSchema.Vindexes["email"] = &vschema.Vindex{Type: "consistent_lookup_unique", Owner: "customer", Params: map[string]string{
			"table": "`commerce`.`email_lookup_tbl`", "from": "email", "to": "keyspace_id", "ignore_nulls": "false",
		}}
		table := k.VSchema.Tables["customer"]
		table.ColumnVindexes = append(table.ColumnVindexes, &vschema.ColumnVindex{Name: "email", Columns: []string{"email"}})
	})
	setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema.Tables["email_lookup_tbl"] = &vschema.Table{} })
	return served(s.Global)
}

// TestAfterWorkflow: what a workflow leaves behind is foreign to files from
// before it, whether it is complete or not: kept, and in no way ours to remove.
func TestAfterWorkflow(t *testing.T) {
	in := input(completed(t), keyspaces{"commerce": keyspace(t, commerceJSON), "customer": keyspace(t, customerJSON)})
	in.Last = in.Desired
	t.Run("complete", func(t *testing.T) {
		p := build(t, in)
		if len(p.Phases) > 0 || len(p.Denials) > 0 || len(p.Conflicts) > 0 {
			t.Fatalf("phases %+v, denials %+v", p.Phases, p.Denials)
		}
		if got, want := entries(p.Kept), "commerce: table email_lookup_tbl, customer: vindex email, customer: table customer"; got != want {
			t.Errorf("kept %q, want %q", got, want)
		}
	})
	t.Run("not completed yet", func(t *testing.T) {
		in := in
		w := lookupWorkflow
		w.Tables, w.State, w.Frozen = []string{"email_lookup_tbl"}, "Stopped", true
		in.Physical = &planes.Physical{Workflows: []planes.Workflow{w}}
		p := build(t, in)
		if len(p.Phases) > 0 || len(p.Denials) > 0 {
			t.Fatalf("phases %+v, denials %+v", p.Phases, p.Denials)
		}
		for _, want := range []string{"commerce: table email_lookup_tbl is kept", "customer: vindex email is kept", "customer: table customer is kept"} {
			if !strings.Contains(strings.Join(p.Notes, "\n"), want+": workflow fill (CreateLookupIndex, customer to commerce, Stopped, frozen) uses it") {
				t.Errorf("notes %q lack %q", p.Notes, want)
			}
		}
	})
	t.Run("the files took it in, in their own notation", func(t *testing.T) {
		in := in
		in.Desired = keyspaces{
			"commerce": edited(t, commerceJSON, `"email_lookup":{}`, `"email_lookup":{},"email_lookup_tbl":{}`),
			"customer": edited(t, backfillJSON, `"consistent_lookup","owner":"customer",
			"params":{"table":"commerce.email_lookup","from":"email,id","to":"keyspace_id","write_only":"true"}`,
				`"consistent_lookup_unique","owner":"customer","params":{"table":"commerce.email_lookup_tbl","from":"email","to":"keyspace_id"}`),
		}
		in.Desired["customer"].Tables["customer"].ColumnVindexes[1] = &vschema.ColumnVindex{Name: "email", Column: "email"}
		if p := build(t, in); !p.Empty() || len(p.Kept) > 0 || len(p.Conflicts) > 0 {
			t.Errorf("phases %+v, kept %+v, conflicts %+v", p.Phases, p.Kept, p.Conflicts)
		}
	})
	t.Run("the file changed the same table", func(t *testing.T) {
		in := in
		in.Desired = keyspaces{"customer": edited(t, customerJSON, "commerce.customer_seq", "commerce.order_seq")}
		p := build(t, in)
		if got := codes(p); !reflect.DeepEqual(got, []DenialCode{DeniedConflict}) {
			t.Fatalf("denials %+v", p.Denials)
		}
		if want := "vtsync pull --merge --keyspace customer"; !strings.HasPrefix(p.Denials[0].Remedy, want) {
			t.Errorf("remedy %q does not begin with %q", p.Denials[0].Remedy, want)
		}
	})
}

// TestRulesOfAWorkflow: where replicas are switched in one cell only, nobody is
// told to ship the rules to the other.
func TestRulesOfAWorkflow(t *testing.T) {
	s := store(t)
	s.Global.Rules.Table = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: "product@replica", ToTables: []string{"archive.product"}}}}
	in := input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
	if notes := strings.Join(build(t, in).Notes, "\n"); !strings.Contains(notes, "RebuildVSchemaGraph --cells z1") {
		t.Errorf("notes without a workflow: %q", notes)
	}
	in.Physical = &planes.Physical{Workflows: []planes.Workflow{moveWorkflow}}
	if notes := strings.Join(build(t, in).Notes, "\n"); strings.Contains(notes, "RebuildVSchemaGraph") || !strings.Contains(notes, "workflow out (MoveTables, commerce to archive, Running) owns these rules") {
		t.Errorf("notes: %q", notes)
	}
}

func entries(changes []diff.EntryChange) string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Entry.String())
	}
	return strings.Join(slices.Compact(out), ", ")
}
