package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/lab/cluster"
)

// moved is a MoveTables of products from commerce to customer.
type moved struct {
	*full
	beside *beside
	editor *env
	// own is what the VSchemas hold beside what is applied beside.
	own map[string]*vschemapb.Keyspace
}

// move runs a command of the workflow, while changes are applied beside it: it
// must not fail.
func (m *moved) move(verb string, args ...string) {
	m.t.Helper()
	m.client(append([]string{"MoveTables", "--workflow", "move", "--target-keyspace", "customer", verb}, args...)...)
}

func (m *moved) create() {
	m.t.Helper()
	m.move("create", "--source-keyspace", "commerce", "--tables", "product", "--tablet-types", "primary")
}

// movedWorkflow is the workflow as it is read in a state.
func movedWorkflow(state string) planes.Workflow {
	w := planes.Workflow{
		Name: "move", Type: "MoveTables", Source: "commerce", Target: "customer", State: state,
		SourceShards: []string{"0"}, TargetShards: []string{"-80", "80-"},
		Tables: []string{"product"}, SourceTables: []string{"product"},
	}
	return frozenWhereStopped(w)
}

// wayBack is the workflow that brings back what is written after the switch.
func wayBack(state string) planes.Workflow {
	w := planes.Workflow{
		Name: "move_reverse", Type: "MoveTables", Source: "customer", Target: "commerce", State: state, Reverse: true,
		SourceShards: []string{"-80", "80-"}, TargetShards: []string{"0"},
		Tables: []string{"product"}, SourceTables: []string{"product"},
	}
	return frozenWhereStopped(w)
}

// movedClaims is what they own, as long as one of them is there.
var movedClaims = []string{
	"move: commerce setting sharded, whole",
	"move: commerce table product, whole",
	"move: customer setting sharded, whole",
	"move: customer vindex xxhash, whole",
	"move: customer table product, whole",
}

// theirs is a routing rule of somebody who moves nothing.
var theirs = map[string]string{"nickname": "customer.orders"}

// movedRules are the rules of the move where reads and writes go to these
// keyspaces; those that a switch of writes has taken out are not there.
func movedRules(reads, writes string, out ...string) map[string]string {
	want := maps.Clone(theirs)
	for _, name := range []string{"product", "commerce.product", "customer.product"} {
		want[name+"@replica"], want[name+"@rdonly"] = reads+".product", reads+".product"
		if !slices.Contains(out, name) {
			want[name] = writes + ".product"
		}
	}
	return want
}

// lost compares rules and VSchemas, in the global topo and in every cell, with
// what they should be, and gives a diff for each place that differs. Tables of
// the changes beside are looked at in the end.
func (m *moved) lost(rules map[string]string) map[string]string {
	m.t.Helper()
	out := map[string]string{}
	compare := func(place string, got *vschemapb.RoutingRules, keyspaces map[string]*vschemapb.Keyspace) {
		if d := cmp.Diff(rules, ruleMap(got)); d != "" {
			out[place+" rules"] = d
		}
		for _, ks := range m.Keyspaces() {
			if d := cmp.Diff(m.own[ks], withoutBeside(keyspaces[ks]), protocmp.Transform()); d != "" {
				out[place+" "+ks] = d
			}
		}
	}
	var global vschemapb.RoutingRules
	m.read(cluster.Global, "/vitess/global/RoutingRules", &global)
	keyspaces := map[string]*vschemapb.Keyspace{}
	for _, ks := range m.Keyspaces() {
		keyspaces[ks] = m.global(ks)
	}
	compare(cluster.Global, &global, keyspaces)
	for _, cell := range m.Cells() {
		srv := m.srv(cell)
		compare(cell, srv.RoutingRules, srv.Keyspaces)
	}
	return out
}

// nothingLost waits until nothing is lost, in any place.
func (m *moved) nothingLost(after string, rules map[string]string) {
	m.t.Helper()
	m.until(after+": rules and VSchemas", func() error {
		if lost := m.lost(rules); len(lost) > 0 {
			return fmt.Errorf("(-want +got): %v", lost)
		}
		return nil
	})
}

// stage holds everything against what it should be after a command: nothing is
// lost, no plan may touch the table that moves, and others go through.
func (m *moved) stage(after string, want stage, rules map[string]string, remedy string) {
	m.t.Helper()
	m.stands(after, want)
	m.nothingLost(after, rules)
	for _, ks := range m.Keyspaces() {
		r := m.vtsync("plan", "--keyspace", ks, "--allow", "write_loss", "--allow", "outage", m.editor.dir)
		switch owned := len(want.claims) > 0; {
		case owned && r.code != 3:
			m.t.Errorf("%s: a plan for product in %s: exit %d, want 3\n%s", after, ks, r.code, r)
		case owned:
			r.wants(m.t, "workflow move (MoveTables, commerce to customer, ", "owns what would change: "+ks+": column price is added to the list of table product",
				"vtctldclient MoveTables --workflow move --target-keyspace customer "+remedy)
		case r.code != 0:
			m.t.Errorf("%s: a plan for product in %s: exit %d, want 0\n%s", after, ks, r.code, r)
		}
	}
	m.beside.goes()
}

func ruleMap(rules *vschemapb.RoutingRules) map[string]string {
	out := map[string]string{}
	for _, r := range rules.GetRules() {
		out[r.FromTable] += strings.Join(r.ToTables, ",")
	}
	return out
}

func withoutBeside(ks *vschemapb.Keyspace) *vschemapb.Keyspace {
	out := proto.CloneOf(ks)
	maps.DeleteFunc(out.GetTables(), func(name string, _ *vschemapb.Table) bool { return isBeside(name) })
	return out
}

func newMoved(t *testing.T) *moved {
	t.Helper()
	m := &moved{full: newFull(t, cluster.Options{}), own: map[string]*vschemapb.Keyspace{}}
	m.exec("commerce", "insert into product(sku, price) values ('s1', 1), ('s2', 2), ('s3', 3)")
	if err := m.ApplyRoutingRules(t.Context(), `{"rules": [{"from_table": "nickname", "to_tables": ["customer.orders"]}]}`); err != nil {
		t.Fatal(err)
	}
	m.edit("customer", func(v map[string]any) {
		v["vindexes"].(map[string]any)["xxhash"] = map[string]any{"type": "xxhash"}
		table(v, "product")["column_vindexes"] = []any{map[string]any{"column": "sku", "name": "xxhash"}}
	})
	m.ok("apply", "--yes", "--allow", "outage", m.dir)
	for _, ks := range m.Keyspaces() {
		m.own[ks] = m.global(ks)
	}
	m.editor = m.folder()
	m.editor.ok("pull", m.editor.dir)
	for _, ks := range m.Keyspaces() {
		m.editor.edit(ks, func(v map[string]any) {
			table(v, "product")["columns"] = []any{map[string]any{"name": "price", "type": "INT64"}}
		})
	}
	return m
}

// A MoveTables goes from create to its end, forth and back, while vtsync applies
// changes to other tables of both keyspaces, one after the other: none of its
// commands fails, no rule or table of anyone is lost, and no plan may touch what
// moves.
func TestMoveTablesInFlight(t *testing.T) {
	t.Parallel()
	m := newMoved(t)
	m.beside = m.full.beside()
	running := stage{workflows: []planes.Workflow{movedWorkflow("Running")}, claims: movedClaims}
	switched := stage{workflows: []planes.Workflow{wayBack("Running"), movedWorkflow("Stopped")}, claims: movedClaims}
	none := stage{}

	m.create()
	m.stage("create", running, movedRules("commerce", "commerce"), "switchtraffic and then complete")
	m.move("switchtraffic", "--tablet-types", "replica,rdonly")
	m.stage("switched reads", running, movedRules("customer", "commerce"), "switchtraffic and then complete")
	m.move("switchtraffic", "--tablet-types", "primary")
	m.stage("switched writes", switched, movedRules("customer", "customer", "customer.product"), "complete (or reversetraffic)")
	m.move("reversetraffic")
	m.stage("reversed", stage{workflows: []planes.Workflow{wayBack("Stopped"), movedWorkflow("Running")}, claims: movedClaims},
		movedRules("commerce", "commerce", "commerce.product"), "switchtraffic and then complete")
	m.move("cancel")
	m.stage("canceled", none, theirs, "")

	m.create()
	m.move("switchtraffic")
	m.stage("switched at once", switched, movedRules("customer", "customer", "customer.product"), "complete (or reversetraffic)")
	m.move("complete")
	delete(m.own["commerce"].Tables, "product")
	m.stands("complete", none)
	m.nothingLost("complete", theirs)
	m.beside.ends()
	for _, gate := range m.VTGates() {
		if rows, err := m.Query(t.Context(), gate, "", "select sku from product order by sku"); err != nil || len(rows) != 3 {
			t.Errorf("%s: products %v, %v; want 3", gate.Name, rows, err)
		}
	}
}

// The same by hand: what an older file or an older set of rules takes away is
// seen as lost.
func TestMoveTablesByHandLosesRules(t *testing.T) {
	t.Parallel()
	m := newMoved(t)
	m.create()
	m.stands("create", stage{workflows: []planes.Workflow{movedWorkflow("Running")}, claims: movedClaims})
	m.nothingLost("create", movedRules("commerce", "commerce"))
	if err := m.ApplyRoutingRules(t.Context(), `{"rules": [{"from_table": "nickname", "to_tables": ["customer.orders"]}]}`); err != nil {
		t.Fatal(err)
	}
	older := proto.CloneOf(m.own["customer"])
	delete(older.Tables, "product")
	m.applyVSchema("customer", older)
	want := []string{"global customer", "global rules", "zone1 customer", "zone1 rules", "zone2 customer", "zone2 rules"}
	if got := slices.Sorted(maps.Keys(m.lost(movedRules("commerce", "commerce")))); !slices.Equal(got, want) {
		t.Errorf("seen as lost: %q, want %q", got, want)
	}
}
