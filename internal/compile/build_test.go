package compile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

var brokenTests = []struct {
	name   string
	change func(*vschema.SrvVSchema)
	notes  []string
	plans  map[string]string
}{
	{
		"nothing", func(*vschema.SrvVSchema) {}, nil,
		map[string]string{"select total from orders": "Route Scatter", "select next value from seq": "Route Next"},
	},
	{
		"tables without a vindex",
		func(srv *vschema.SrvVSchema) {
			for i := range 10 {
				srv.Keyspaces["customer"].Tables[fmt.Sprintf("bad%d", i)] = &vschema.Table{}
			}
		},
		[]string{"keyspace customer: vtgate cannot build it and has some of its tables, others at each start; here it has none: missing primary col vindex for table: bad0"},
		map[string]string{"select total from orders": "error table orders not found", "select next value from seq": "Route Next"},
	},
	{
		"vindexes of unknown types",
		func(srv *vschema.SrvVSchema) {
			srv.Keyspaces["customer"].Vindexes["b"] = &vschema.Vindex{Type: "nonsense"}
			srv.Keyspaces["customer"].Vindexes["a"] = &vschema.Vindex{Type: "own"}
		},
		[]string{`keyspace customer: vtgate cannot build it and has some of its tables, others at each start; here it has none: vindexType "own" not found`},
		map[string]string{"select total from orders": "error table orders not found"},
	},
	{
		"a sequence that is missing",
		func(srv *vschema.SrvVSchema) {
			srv.Keyspaces["customer"].Tables["customer"].AutoIncrement.Sequence = "gone.seq"
		},
		[]string{"table customer.customer: vtgate leaves it out: it cannot find its sequence gone.seq"},
		map[string]string{"select name from customer": "error table customer not found", "select total from orders": "Route Scatter"},
	},
	{
		"reference tables of which one has no source",
		func(srv *vschema.SrvVSchema) {
			srv.Keyspaces["commerce"].Tables["zone"], srv.Keyspaces["commerce"].Tables["seq2"] = &vschema.Table{}, &vschema.Table{Type: "sequence"}
			srv.Keyspaces["customer"].Tables["zone"] = &vschema.Table{Type: "reference", Source: "commerce.zone"}
			srv.Keyspaces["customer"].Tables["bad"] = &vschema.Table{Type: "reference", Source: "commerce.gone"}
			srv.Keyspaces["customer"].Tables["customer"].AutoIncrement.Sequence = "gone.seq"
		},
		[]string{
			"keyspace customer: vtgate joins some of its reference tables with their sources, others at each start; here none is: vtsync lint says what is wrong with them",
			"table customer.customer: vtgate leaves it out: it cannot find its sequence gone.seq",
		},
		map[string]string{"select o.total from orders o join commerce.zone z on z.id = o.total": "Join Join: Route Scatter, Route Unsharded"},
	},
	{
		"vindexes and tables that are nil",
		func(srv *vschema.SrvVSchema) {
			srv.Keyspaces["commerce"].Tables["seq"] = nil
			srv.Keyspaces["empty"] = nil
		},
		nil, map[string]string{"select total from orders": "Route Scatter"},
	},
}

// TestBroken: of what vtgate loads at random, the same is left out each time, and
// the rest is not touched.
func TestBroken(t *testing.T) {
	for _, tt := range brokenTests {
		t.Run(tt.name, func(t *testing.T) {
			for range 10 {
				srv := shop()
				tt.change(srv)
				p := planner(t, Input{Routing: srv})
				if got := p.Notes(); !slices.Equal(got, tt.notes) {
					t.Fatalf("notes\n got %q\nwant %q", got, tt.notes)
				}
				for sql, want := range tt.plans {
					if got := said(p.Plan(t.Context(), impact.Query{SQL: sql})); got != want {
						t.Fatalf("%s\n got %s\nwant %s", sql, got, want)
					}
				}
			}
		})
	}
}

// TestByOrder: the tables that a query finds by chance are those that Vitess's
// builder, asked often enough, gives several answers for.
func TestByOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	parser := sqlparser.NewTestParser()
	counts := map[bool]int{}
	for range 150 {
		srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
		for _, ks := range []string{"a", "b", "c"} {
			tables := map[string]*vschema.Table{"area": {}}
			switch random.IntN(4) {
			case 0: // has none
			case 1:
				tables["zone"] = &vschema.Table{}
			default:
				source := []string{"a", "b", "c"}[random.IntN(3)] + "." + []string{"zone", "area"}[random.IntN(2)]
				tables["zone"] = &vschema.Table{Type: "reference", Source: source}
			}
			srv.Keyspaces[ks] = &vschema.Keyspace{Tables: tables, RequireExplicitRouting: random.IntN(4) == 0}
		}
		answers := map[string]bool{}
		for range 150 {
			other := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
			for _, i := range random.Perm(3) { // of a small map, Go mixes the order a little only
				other.Keyspaces["abc"[i:i+1]] = srv.Keyspaces["abc"[i:i+1]]
			}
			table, err := vindexes.BuildVSchema(other, parser).FindTable("", "zone")
			answers[fmt.Sprint(table, err)] = true
		}
		counts[len(answers) > 1]++
		p := planner(t, Input{Routing: srv})
		noted := slices.ContainsFunc(p.Notes(), func(note string) bool { return strings.HasPrefix(note, "table zone: ") })
		if noted != (len(answers) > 1) {
			t.Errorf("%v: told to be a matter of chance: %t, answers %v", srv, noted, answers)
		}
	}
	if counts[true] < 10 || counts[false] < 10 {
		t.Errorf("too few of one kind: %v", counts)
	}
}

// TestStandIns: a vindex whose file or type is not here routes all the same.
func TestStandIns(t *testing.T) {
	srv := shop()
	srv.Keyspaces["customer"].Vindexes = map[string]*vschema.Vindex{
		"hash": {Type: "region_json", Params: map[string]string{"region_bytes": "1", "region_map": "/nowhere/regions.json"}},
		"own":  {Type: "own_lookup", Owner: "orders"},
	}
	ks := srv.Keyspaces["customer"]
	ks.Tables["customer"].ColumnVindexes = []*vschema.ColumnVindex{{Name: "hash", Columns: []string{"id", "region"}}}
	ks.Tables["orders"].ColumnVindexes = []*vschema.ColumnVindex{{Name: "hash", Columns: []string{"customer_id", "region"}}, {Name: "own", Column: "number"}}
	p := planner(t, Input{Routing: srv, Opaque: []string{"own_lookup"}})
	if got, want := p.Notes(), []string{"vindex customer.own: nothing is known of the type own_lookup: it is planned as a unique one that needs no lookup"}; !slices.Equal(got, want) {
		t.Errorf("notes\n got %q\nwant %q", got, want)
	}
	for sql, want := range map[string]string{
		"select name from customer where id = 1 and region = 'eu'": "Route EqualUnique",
		"select total from orders where number = 5":                "Route EqualUnique",
	} {
		if got := said(p.Plan(t.Context(), impact.Query{SQL: sql})); got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
}

// TestRules: rules route by the type of tablet and by keyspace.
func TestRules(t *testing.T) {
	srv := shop()
	srv.RoutingRules = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: "customer.orders@replica", ToTables: []string{"commerce.orders"}}}}
	srv.KeyspaceRoutingRules = &vschema.KeyspaceRoutingRules{Rules: []*vschemapb.KeyspaceRoutingRule{{FromKeyspace: "old", ToKeyspace: "customer"}}}
	srv.Keyspaces["old"] = &vschema.Keyspace{}
	p := planner(t, Input{Routing: srv})
	for _, tt := range []struct{ keyspace, tablet, want string }{
		{"customer", "", "Route Scatter"},
		{"customer", "primary", "Route Scatter"},
		{"customer", "replica", "Route Unsharded"},
		{"customer", "rdonly", "Route Scatter"},
		{"old", "", "Route Scatter"},
		{"old", "replica", "Route Unsharded"},
	} {
		if got := said(p.Plan(t.Context(), impact.Query{SQL: "select total from orders", Keyspace: tt.keyspace, TabletType: tt.tablet})); got != tt.want {
			t.Errorf("%s@%s: got %s, want %s", tt.keyspace, tt.tablet, got, tt.want)
		}
	}
}
