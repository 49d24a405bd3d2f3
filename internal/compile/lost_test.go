package compile

import (
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// A table that vtgate no longer finds makes a query break, though vtgate plans it;
// one that may well be where the plan leads does not.
func TestLostTables(t *testing.T) {
	const lost = "error table orders is not routed any more: vtgate would send the query to keyspace commerce, which has no such table as far as is known"
	views := func(keyspace, text string) map[string]Schema {
		return map[string]Schema{keyspace: {Views: map[string]string{"sold": text}}}
	}
	for name, tt := range map[string]struct {
		query         impact.Query
		schemas       map[string]Schema
		before, after func(*vschema.SrvVSchema)
		want          string
	}{
		"skipped": {
			query: impact.Query{SQL: "select p.id from product p join orders o on o.pid = p.id"}, want: lost,
		},
		"in MySQL": {
			query:   impact.Query{SQL: "select p.id from product p join orders o on o.pid = p.id"},
			schemas: map[string]Schema{"commerce": {Tables: map[string]Table{"orders": {Columns: []Column{{Name: "id", Type: "INT64"}}}}}},
			before:  func(srv *vschema.SrvVSchema) { srv.Keyspaces["commerce"].RequireExplicitRouting = true },
			want:    "Route Unsharded",
		},
		"of the keyspace that vtgate asks": {
			query:  impact.Query{SQL: "select p.id from product p join brand b on b.id = p.brand"},
			before: func(srv *vschema.SrvVSchema) { srv.Keyspaces["commerce"].Tables["brand"] = &vschema.Table{} },
			want:   "Route Unsharded",
		},
		"never found": {
			query: impact.Query{SQL: "select p.id from product p join nothing n on n.id = p.id"}, want: "Route Unsharded",
		},
		"another keyspace of which nothing is known": {
			query: impact.Query{SQL: "select id from orders", Keyspace: "commerce"},
			before: func(srv *vschema.SrvVSchema) {
				rule("commerce.orders", "customer.orders")(srv)
				delete(srv.Keyspaces["commerce"].Tables, "product")
			},
			after: func(srv *vschema.SrvVSchema) { delete(srv.Keyspaces["commerce"].Tables, "product") },
			want:  "Route Unsharded",
		},
		"another keyspace": {
			query:  impact.Query{SQL: "select id from orders", Keyspace: "commerce"},
			before: rule("commerce.orders", "customer.orders"), want: lost,
		},
		"where a rule says": {
			query: impact.Query{SQL: "select id from orders"},
			after: rule("orders", "commerce.orders"), want: "Route Unsharded",
		},
		"a view is no lost table": {
			query:   impact.Query{SQL: "select p.id from product p join sold s on s.id = p.id"},
			schemas: views("commerce", "select id from product"), want: "Route Unsharded",
		},
		"of a view": {
			query:   impact.Query{SQL: "select id from sold", Keyspace: "commerce"},
			schemas: views("commerce", "select p.id from product p join customer.orders o on o.pid = p.id"),
			want:    strings.Replace(lost, "orders", "customer.orders", 1),
		},
		"a table of the schema": {
			query: impact.Query{SQL: "select p.id from product p, information_schema.tables t, dual"}, want: "Join Join: Route DBA, Route Unsharded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := shop(), shop()
			for _, srv := range []*vschema.SrvVSchema{before, after} {
				srv.Keyspaces["commerce"].Tables["product"] = &vschema.Table{}
			}
			delete(after.Keyspaces["customer"].Tables, "orders")
			if tt.before != nil {
				tt.before(before)
			}
			if tt.after != nil {
				tt.after(after)
			}
			was, is := planner(t, Input{Routing: before, Schemas: tt.schemas}), planner(t, Input{Routing: after, Schemas: tt.schemas})
			if got := said(Reached(was, is, tt.query, is.Plan(t.Context(), tt.query))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func rule(from, to string) func(*vschema.SrvVSchema) {
	return func(srv *vschema.SrvVSchema) {
		srv.RoutingRules = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: from, ToTables: []string{to}}}}
	}
}
