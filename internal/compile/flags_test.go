package compile

import (
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/impact"
)

// TestFlags: each flag plans one query otherwise than a vtgate without any.
func TestFlags(t *testing.T) {
	routing := shop()
	routing.Keyspaces["customer"].ForeignKeyMode = vschemapb.Keyspace_managed
	routing.ShardRoutingRules = &vschemapb.ShardRoutingRules{Rules: []*vschemapb.ShardRoutingRule{{FromKeyspace: "customer", ToKeyspace: "commerce", Shard: "-80"}}}
	schema := tables(createCustomer, child)
	schema.Views = map[string]string{"rich": "select id from customer"}
	for _, tt := range []struct {
		name          string
		flags         Flags
		query         impact.Query
		without, with string
	}{
		{"no-scatter", Flags{NoScatter: true}, impact.Query{SQL: "select total from orders"}, "Route Scatter", "error " + scatterRefused},
		{"no-scatter below a join", Flags{NoScatter: true}, impact.Query{SQL: "select o.total from orders o join customer c on o.total = c.zone where c.id = 1"}, "Join Join: Route Scatter, Route EqualUnique", "error " + scatterRefused},
		{"no-scatter and its directive", Flags{NoScatter: true}, impact.Query{SQL: "select /*vt+ ALLOW_SCATTER */ total from orders"}, "Route Scatter", "Route Scatter"},
		{"no-scatter and one shard", Flags{NoScatter: true}, impact.Query{SQL: "select total from orders where customer_id = 1"}, "Route EqualUnique", "Route EqualUnique"},
		{"no-scatter and a write", Flags{NoScatter: true}, impact.Query{SQL: "update orders set id = 1"}, "Update Scatter", "Update Scatter"},
		{"shard routing", Flags{NoShardRouting: true}, impact.Query{SQL: "select total from orders", Keyspace: "customer:-80"}, "Send commerce", "Send customer"},
		{"views", Flags{NoViews: true}, impact.Query{SQL: "select id from rich"}, "Route Scatter", "error table rich not found"},
		{"foreign keys", Flags{NoForeignKeys: true}, impact.Query{SQL: "delete from customer where id = 1"}, "FkCascade: Route EqualUnique, Delete MultiEqual, Delete EqualUnique", "Delete EqualUnique"},
		{"system settings", Flags{NoSystemSettings: true}, impact.Query{SQL: "set sql_mode = 'ansi'"}, "SysVarSet", "SysVarCheckAndIgnore"},
		{"MySQL", Flags{MySQLServerVersion: "5.7.9-mine"}, impact.Query{SQL: "select /*!80000 id, */ total from orders"}, `"Query":"select id, total`, `"Query":"select total`},
		{"planner", Flags{PlannerVersion: "left2right"}, impact.Query{SQL: "select 1 from customer c join orders o on o.total = c.zone join customer d on d.id = c.id"},
			"Join Join: Route Scatter, Route Scatter", "Join Join: Join Join: Route Scatter, Route Scatter, Route EqualUnique"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for want, flags := range map[string]Flags{tt.without: {}, tt.with: tt.flags} {
				if want == tt.without {
					flags = Flags{}
				}
				plan := planner(t, Input{Routing: routing, Schemas: schemas(schema), Flags: flags}).Plan(t.Context(), tt.query)
				if got := told(plan); !strings.Contains(got, want) {
					t.Errorf("%+v: %s, want %s", flags, got, want)
				}
			}
		})
	}
}

// told is a plan in a few words, and in its own.
func told(p impact.Plan) string {
	out := said(p)
	if p.Tree != nil {
		raw, _ := p.Tree.MarshalJSON()
		out += " " + p.Tree.Keyspace + "\n" + string(raw)
	}
	return out
}

// TestExplained: VEXPLAIN shows plans that --no-scatter refuses; they are refused as
// the planner's own.
func TestExplained(t *testing.T) {
	lax, strict := planner(t, Input{Routing: shop()}), planner(t, Input{Routing: shop(), Flags: Flags{NoScatter: true}})
	for _, sql := range []string{
		"select total from orders", "select total from orders where customer_id = 1", "select /*vt+ ALLOW_SCATTER */ total from orders",
		"select o.total from orders o join customer c on o.total = c.zone where c.id = 1", "update orders set id = 1", "select from",
	} {
		q := impact.Query{SQL: sql}
		shown := lax.Plan(t.Context(), q)
		if got, want := said(strict.Explained(q, shown)), said(strict.Plan(t.Context(), q)); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
		if got, want := said(lax.Explained(q, shown)), said(shown); got != want {
			t.Errorf("%s, without the flag: %s, want %s", sql, got, want)
		}
	}
}
