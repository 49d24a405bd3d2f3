package admit

import (
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestWorkflows: the plan adds the table customer.orders.
func TestWorkflows(t *testing.T) {
	move := planes.Workflow{Name: "in", Type: "MoveTables", Source: "commerce", Target: "customer", State: "Running", Tables: []string{"orders"}, SourceTables: []string{"orders"}}
	others := move
	others.Tables, others.SourceTables = []string{"product"}, []string{"product"}
	creating := planes.Workflow{
		Name: "email", Type: "CreateLookupIndex", Source: "customer", Target: "commerce", State: "Running",
		Tables: []string{"email_lookup"}, SourceTables: []string{"customer"}, LookupVindexes: []string{"email"},
	}
	tests := []struct {
		name      string
		physical  *planes.Physical
		edit      func(*Input)
		verdict   rollout.Verdict
		says      string
		kind      rollout.WaitKind
		transient bool
	}{
		{"no vtctld is named", nil, nil, "", "", "", false},
		{"nothing runs", &planes.Physical{}, nil, "", "", "", false},
		{"a move of another table", &planes.Physical{Workflows: []planes.Workflow{others}}, nil, "", "", "", false},
		{"a move of the table, begun since the plan", &planes.Physical{Workflows: []planes.Workflow{move}}, nil,
			rollout.Deny, "workflow in (MoveTables, commerce to customer, Running) owns what would change: customer: table orders is added", "", false},
		{"the same, of a plan that undoes", &planes.Physical{Workflows: []planes.Workflow{move}}, func(in *Input) { in.Plan.Undoes = "x" },
			rollout.Deny, "owns what would change", "", false},
		{"a LookupVindex that is being created", &planes.Physical{Workflows: []planes.Workflow{creating}}, nil,
			rollout.Wait, "customer.email is not in the VSchema yet", rollout.WaitWorkflow, false},
		{"the same, where the plan only heals cells", &planes.Physical{Workflows: []planes.Workflow{creating}}, func(in *Input) {
			in.Plan.Phases = []plan.Phase{{Heals: []plan.CellDrift{{Cell: "zone1", Keyspace: "customer"}}}}
		}, "", "", "", false},
		{"the same, of other keyspaces", &planes.Physical{Workflows: []planes.Workflow{with(creating, "archive")}}, nil, "", "", "", false},
		{"workflows of some keyspace are unread", &planes.Physical{Unread: map[string]string{"archive": "no primary found"}}, nil,
			rollout.Wait, "keyspace archive cannot be listed", rollout.WaitWorkflow, false},
		{"no vtctld answers", &planes.Physical{Err: "connection refused"}, nil,
			rollout.Wait, "nobody can tell which workflows run: connection refused", rollout.WaitWorkflow, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t)
			in.Physical = tt.physical
			if tt.edit != nil {
				tt.edit(&in)
			}
			v := workflows(in)
			if v.Verdict != tt.verdict || !strings.Contains(v.Reason, tt.says) || v.Transient != tt.transient || v.Person {
				t.Fatalf("%+v, want %q: %s", v, tt.verdict, tt.says)
			}
			if v.Verdict != "" && (v.Code != rollout.CodeWorkflow || v.Remedy == "") {
				t.Errorf("code %s, remedy %q", v.Code, v.Remedy)
			}
			if tt.kind != "" && (len(v.Waits) != 1 || v.Waits[0].Kind != tt.kind || v.Waits[0].Keyspace != "customer") {
				t.Errorf("waits %+v", v.Waits)
			}
		})
	}
	t.Run("a later phase is held against its own writes", func(t *testing.T) {
		in := input(t)
		in.Plan.Phases, in.Phase = append([]plan.Phase{{}}, in.Plan.Phases...), 1
		in.Physical = &planes.Physical{Workflows: []planes.Workflow{move}}
		if v := workflows(in); v.Verdict != rollout.Deny {
			t.Errorf("%+v", v)
		}
	})
	t.Run("what others wrote since is no change of ours", func(t *testing.T) {
		in := input(t)
		change(&in, "commerce", func(rec *planes.Keyspace) { rec.VSchema.Tables["product"] = &vschema.Table{Pinned: "aa"} })
		in.Physical = &planes.Physical{Workflows: []planes.Workflow{others}}
		if v := workflows(in); v.Verdict != "" {
			t.Errorf("%+v", v)
		}
	})
}

// with moves both ends of a workflow to another keyspace.
func with(w planes.Workflow, ks string) planes.Workflow {
	w.Source, w.Target = ks, ks
	return w
}

// TestRebuildOfUnknown: whose the rules are that a rebuild ships is waited for
// where nobody can tell; the plan is not stale for it.
func TestRebuildOfUnknown(t *testing.T) {
	snap := snapshot(t)
	snap.Global.Rules.Table = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: "a", ToTables: []string{"commerce.product"}}}}
	in := Input{Plan: built(t, snap), Global: snap.Global, Cells: snap.Cells}
	in.Plan.Backend = plan.BackendVTCtld
	in.Plan.Phases[0].Carried = plan.CellDrifts(snap.Global, snap.Cells[0])
	move := planes.Workflow{Name: "in", Type: "MoveTables", Source: "commerce", Target: "customer", Tables: []string{"product"}}
	for _, tt := range []struct {
		name      string
		physical  planes.Physical
		verdict   rollout.Verdict
		code      rollout.Code
		says      string
		transient bool
	}{
		{"nothing runs", planes.Physical{}, "", "", "", false},
		{"vtctld does not answer", planes.Physical{Err: "no answer"}, rollout.Wait, rollout.CodeWorkflow, "nobody can tell which workflows run: no answer", true},
		{"some are unread", planes.Physical{Unread: map[string]string{"archive": "no primary"}}, rollout.Wait, rollout.CodeWorkflow, "the workflows of keyspace archive cannot be listed", false},
		{"one owns them, and others are unread", planes.Physical{Workflows: []planes.Workflow{move}, Unread: map[string]string{"archive": "no primary"}},
			rollout.Deny, rollout.CodeStale, "workflow in (MoveTables", false},
	} {
		in.Physical = &tt.physical
		v := rebuild(in)
		if v.Verdict != tt.verdict || v.Code != tt.code || !strings.Contains(v.Reason, tt.says) || v.Transient != tt.transient || (v.Remedy == "") != (tt.verdict == "") {
			t.Errorf("%s: got %+v", tt.name, v)
		}
		if (len(v.Waits) > 0) != (tt.verdict == rollout.Wait) {
			t.Errorf("%s: waits %+v", tt.name, v.Waits)
		}
	}
}
