package admit

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	commerceJSON = `{"tables":{"product":{},"customer_seq":{"type":"sequence"}}}`
	customerJSON = `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"customer":{
		"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.customer_seq"}}}}`
)

func keyspace(t *testing.T, text string) *vschema.Keyspace {
	t.Helper()
	ks := &vschema.Keyspace{}
	if err := protojson.Unmarshal([]byte(text), ks); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return ks
}

// snapshot gives a cluster that serves commerce and customer.
func snapshot(t *testing.T) *planes.Snapshot {
	t.Helper()
	g := planes.Global{
		ClusterID: "c1",
		Keyspaces: map[string]planes.Keyspace{
			"commerce": {HasRecord: true, Token: planes.Token{Version: "1", Hash: "a"}, VSchema: keyspace(t, commerceJSON)},
			"customer": {HasRecord: true, Token: planes.Token{Version: "2", Hash: "b"}, VSchema: keyspace(t, customerJSON)},
			"archive":  {HasRecord: true, Token: planes.Absent()},
		},
		Rules: planes.Rules{
			Table: &vschema.RoutingRules{}, Shard: &vschema.ShardRoutingRules{},
			Keyspace: &vschema.KeyspaceRoutingRules{}, Mirror: &vschema.MirrorRules{},
			Tokens: map[vschema.RuleKind]planes.Token{},
		},
		Cells: []string{"zone1"},
	}
	return &planes.Snapshot{Global: g, Cells: []planes.Cell{{Name: "zone1", Token: planes.Token{Version: "3", Hash: "c"}, Srv: plan.FullSrv(g)}}}
}

// built plans to add the table orders to customer, with a sequence that is
// named without its keyspace.
func built(t *testing.T, snap *planes.Snapshot) *plan.Plan {
	t.Helper()
	live := snap.Global.Keyspaces["customer"].VSchema
	want := live.CloneVT()
	want.Tables["orders"] = &vschema.Table{
		ColumnVindexes: []*vschema.ColumnVindex{{Column: "id", Name: "hash"}},
		AutoIncrement:  &vschemapb.AutoIncrement{Column: "id", Sequence: "customer_seq"},
	}
	p, err := plan.Build(plan.Input{
		Snapshot: snap, Cluster: "c1", Backend: "topo",
		Desired: map[string]*vschema.Keyspace{"customer": want},
		Last:    map[string]*vschema.Keyspace{"customer": live},
	})
	if err != nil || len(p.Denials) > 0 || len(p.Phases) != 1 {
		t.Fatalf("plan: %v, %+v", err, p)
	}
	return p
}

// change gives a keyspace of the input another record.
func change(in *Input, ks string, to func(*planes.Keyspace)) {
	in.Global.Keyspaces = maps.Clone(in.Global.Keyspaces)
	rec := in.Global.Keyspaces[ks]
	rec.VSchema = rec.VSchema.CloneVT()
	to(&rec)
	in.Global.Keyspaces[ks] = rec
}

// faults gives, per check, inputs that it does not allow. Each leaves all
// checks before it content.
var faults = []struct {
	check, name string
	spoil       func(*Input)
	verdict     rollout.Verdict
	code        rollout.Code
	says        string // the reason, or the diff
}{
	{"cluster", "another cluster", func(in *Input) { in.Global.ClusterID = "c2" },
		rollout.Deny, rollout.CodeDenied, `made for cluster "c1", this is cluster "c2"`},
	{"cluster", "a cluster without an id", func(in *Input) { in.Global.ClusterID = "" },
		rollout.Deny, rollout.CodeDenied, `this is cluster ""`},
	{"plan", "a plan that was denied", func(in *Input) {
		in.Plan.Denials = []plan.Denial{{Code: plan.DeniedHazard, Text: "outage: everything", Remedy: "--allow outage"}}
	}, rollout.Deny, rollout.CodeDenied, "outage: everything"},
	{"impact", "a query would break", func(in *Input) { in.Plan.Impact = impacted(impact.Breaks) },
		rollout.Deny, rollout.CodeDenied, "1 of 2 queries loses its plan"},
	{"record", "a keyspace that is gone", func(in *Input) {
		in.Global.Keyspaces = maps.Clone(in.Global.Keyspaces)
		delete(in.Global.Keyspaces, "customer")
	}, rollout.Deny, rollout.CodeDenied, "keyspace customer has no Keyspace record"},
	{"record", "a VSchema without a keyspace", func(in *Input) {
		change(in, "customer", func(rec *planes.Keyspace) { rec.HasRecord = false })
	}, rollout.Deny, rollout.CodeDenied, "keyspace customer has no Keyspace record"},
	{"record", "a record that cannot be read", func(in *Input) {
		change(in, "customer", func(rec *planes.Keyspace) { rec.Err = "no answer" })
	}, rollout.Wait, rollout.CodeWait, "keyspace customer cannot be read: no answer"},
	{"record", "a record of a newer Vitess", func(in *Input) {
		change(in, "customer", func(rec *planes.Keyspace) { rec.Unknown = []string{"field 99"} })
	}, rollout.Deny, rollout.CodeDenied, "field 99"},
	{"cell", "a cell of a newer Vitess", func(in *Input) {
		in.Cells = []planes.Cell{{Name: "zone1", Unknown: []string{"field 98"}}}
	}, rollout.Deny, rollout.CodeDenied, "cell zone1"},
	{"base", "what it writes has changed", func(in *Input) {
		change(in, "customer", func(rec *planes.Keyspace) {
			rec.VSchema.Tables["invoice"] = &vschema.Table{ColumnVindexes: []*vschema.ColumnVindex{{Column: "id", Name: "hash"}}}
		})
	}, rollout.Deny, rollout.CodeStale, "+ table invoice"},
	{"base", "what it refers to has changed", func(in *Input) {
		change(in, "commerce", func(rec *planes.Keyspace) { rec.VSchema.Tables["extra"] = &vschema.Table{} })
	}, rollout.Deny, rollout.CodeStale, "keyspace commerce"},
	{"whole", "others made a name ambiguous", func(in *Input) {
		change(in, "archive", func(rec *planes.Keyspace) {
			rec.VSchema = &vschema.Keyspace{Tables: map[string]*vschema.Table{"customer_seq": {Type: "sequence"}}}
		})
	}, rollout.Deny, rollout.CodeStale, "would break routing"},
	{"rebuild", "a rebuild would ship what others have saved since", func(in *Input) {
		in.Plan.Backend = plan.BackendVTCtld
		change(in, "archive", func(rec *planes.Keyspace) {
			rec.VSchema = &vschema.Keyspace{Tables: map[string]*vschema.Table{"theirs": {}}}
		})
	}, rollout.Deny, rollout.CodeStale, "cell zone1 is written by a rebuild, which would ship more: cell zone1 serves another VSchema of keyspace archive"},
	{"workflows", "a workflow moves its table", func(in *Input) {
		in.Physical = &planes.Physical{Workflows: []planes.Workflow{{Name: "in", Type: "MoveTables", Source: "commerce", Target: "customer", Tables: []string{"orders"}}}}
	}, rollout.Deny, rollout.CodeWorkflow, "workflow in (MoveTables, commerce to customer, state unknown) owns what would change"},
	{"migrations", "a need, and no vtctld", func(in *Input) {
		in.Plan.Phases[0].Needs = []ddl.Need{{Keyspace: "customer", Migration: "0a1b"}}
	}, rollout.Deny, rollout.CodeDenied, "waits for MySQL (migration 0a1b of customer)"},
	{"approvals", "nobody has approved", func(in *Input) { in.Policy.Approvals.Required = 1 },
		rollout.Wait, rollout.CodeApproval, "0 of 1 approvals"},
	{"freeze", "a window that ends in time", func(in *Input) {
		in.Policy.Freeze = []freeze.Window{daily(12 * time.Hour)}
		in.Now, in.Deadline = at("2026-11-20 11:00"), at("2026-11-20 12:00")
	}, rollout.Wait, rollout.CodeFreeze, "a freeze window is open: night, until Fri 2026-11-20 12:00 UTC"},
}

func TestChecks(t *testing.T) {
	for _, f := range faults {
		t.Run(f.check+"/"+f.name, func(t *testing.T) {
			in := input(t)
			f.spoil(&in)
			v := Judge(in)
			if v.Verdict != f.verdict || v.Code != f.code || !strings.Contains(v.Reason+"\n"+v.Diff, f.says) {
				t.Fatalf("got %+v, want %s (%s): %s", v, f.verdict, f.code, f.says)
			}
			if v.Verdict == rollout.Deny && v.Remedy == "" {
				t.Error("denied without a remedy")
			}
			for _, c := range Checks {
				got := c.Judge(in).Verdict
				if c.Name == f.check && got != f.verdict {
					t.Errorf("check %s says %q", c.Name, got)
				}
				if c.Name == f.check {
					break
				}
				if got != "" && got != rollout.Allow {
					t.Errorf("check %s, before it, says %q", c.Name, got)
				}
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	for name, spoil := range map[string]func(*Input){
		"nothing has changed": func(*Input) {},
		"the same content under another version": func(in *Input) {
			change(in, "customer", func(rec *planes.Keyspace) { rec.Token = planes.Token{Version: "9", Hash: "z"} })
		},
		"a keyspace that the plan has nothing to do with": func(in *Input) {
			change(in, "archive", func(rec *planes.Keyspace) { rec.VSchema = &vschema.Keyspace{} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(t)
			spoil(&in)
			if v := Judge(in); v.Verdict != rollout.Allow {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestOrder: with every fault at once the causes are reported in the order of
// the list.
func TestOrder(t *testing.T) {
	var names []string
	for _, c := range Checks {
		names = append(names, c.Name)
	}
	if want := []string{"cluster", "plan", "impact", "record", "cell", "base", "whole", "rebuild", "workflows", "migrations", "approvals", "freeze"}; !slices.Equal(names, want) {
		t.Fatalf("checks %q, want %q", names, want)
	}
	for first := range names {
		in := input(t)
		said := ""
		for _, f := range slices.Backward(faults) {
			// A keyspace that is gone has nothing else wrong with it.
			if slices.Index(names, f.check) >= first && f.name != "a keyspace that is gone" {
				f.spoil(&in)
			}
		}
		for _, c := range Checks {
			if v := c.Judge(in).Verdict; v == rollout.Deny || v == rollout.Wait {
				said = c.Name
				if got, want := Judge(in), c.Judge(in); got.Verdict != want.Verdict || got.Code != want.Code || got.Reason != want.Reason {
					t.Errorf("got %+v, want %+v of check %s", got, want, c.Name)
				}
				break
			}
		}
		if said != names[first] {
			t.Errorf("with all faults from %s on, %q decides", names[first], said)
		}
	}
}

// TestLaterPhase: a later phase is held against what it was to find, as the
// phases before it have changed the base.
func TestLaterPhase(t *testing.T) {
	in := input(t)
	in.Plan.Phases = append([]plan.Phase{{}}, in.Plan.Phases...)
	in.Phase = 1
	change(&in, "commerce", func(rec *planes.Keyspace) { rec.VSchema.Tables["extra"] = &vschema.Table{} })
	if v := Judge(in); v.Verdict != rollout.Allow {
		t.Errorf("another keyspace's change: %+v", v)
	}
	change(&in, "customer", func(rec *planes.Keyspace) { delete(rec.VSchema.Tables, "customer") })
	if v := Judge(in); v.Code != rollout.CodeStale || !strings.Contains(v.Diff, "- table customer") {
		t.Errorf("its own keyspace's change: %+v", v)
	}
}

func TestKeyspaces(t *testing.T) {
	heal := plan.Phase{Heals: []plan.CellDrift{{Cell: "zone1", Keyspace: "b"}, {Cell: "zone2", Keyspace: "a"}, {Cell: "zone2", Keyspace: "b"}}}
	write := plan.Phase{Writes: []plan.GlobalWrite{{Keyspace: "c"}, {Keyspace: "b"}}}
	rebuild := plan.Phase{Heals: []plan.CellDrift{{Cell: "zone1"}}}
	for name, tt := range map[string]struct {
		phases []plan.Phase
		want   []string
	}{
		"writes":            {[]plan.Phase{write}, []string{"b", "c"}},
		"writes and heals":  {[]plan.Phase{heal, write}, []string{"a", "b", "c"}},
		"a whole rebuild":   {[]plan.Phase{rebuild}, []string{"x", "y"}},
		"nothing to do yet": {nil, []string{"x", "y"}},
	} {
		p := &plan.Plan{Phases: tt.phases, Desired: map[string]json.RawMessage{"x": nil, "y": nil}}
		if got := Keyspaces(p); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func input(t *testing.T) Input {
	t.Helper()
	snap := snapshot(t)
	return Input{Plan: built(t, snap), Global: snap.Global, Cells: snap.Cells}
}
