package compile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

func side(t testing.TB, srv *vschema.SrvVSchema) Side {
	t.Helper()
	return Side{Planner: planner(t, Input{Routing: srv}), Ground: impact.GroundOf(srv, map[string]int{"commerce": 1, "customer": 64})}
}

func TestCompare(t *testing.T) {
	after := shop()
	after.Keyspaces["customer"].Tables["orders"].ColumnVindexes = by("id")
	var queries []impact.Query
	for i := range 200 {
		queries = append(queries,
			impact.Query{SQL: fmt.Sprintf("select a%d from orders where customer_id = :vtg1", i), Executions: 1},
			impact.Query{SQL: fmt.Sprintf("select a%d from customer where id = :vtg1", i), Executions: 2},
			impact.Query{SQL: fmt.Sprintf("select a%d from where", i), Executions: 3})
	}
	results, err := Compare(t.Context(), side(t, shop()), side(t, after), queries)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		want := []impact.Verdict{impact.Dearer, impact.Same, impact.Same}[i%3]
		if r.SQL != queries[i].SQL || r.Weight != queries[i].Executions || r.Verdict != want {
			t.Fatalf("result %d is %s of %s, want %s of %s", i, r.Verdict, r.SQL, want, queries[i].SQL)
		}
		if r.BeforeTree != nil || r.AfterTree != nil {
			t.Fatalf("result %d, %s, keeps its trees", i, r.Verdict)
		}
	}
}

// TestCompareTabletTypes: where nobody knows what a query asks, the type of tablet
// whose rules make it worst counts.
func TestCompareTabletTypes(t *testing.T) {
	after := shop()
	after.RoutingRules = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{
		{FromTable: "commerce.orders@rdonly", ToTables: []string{"customer.orders"}},
		{FromTable: "customer.orders@replica", ToTables: []string{"commerce.orders"}},
	}}
	for _, tt := range []struct {
		query   impact.Query
		verdict impact.Verdict
		tablet  string
	}{
		{impact.Query{SQL: "select total from orders", Keyspace: "commerce"}, impact.Dearer, "rdonly"},
		{impact.Query{SQL: "select total from orders", Keyspace: "commerce", TabletType: "replica"}, impact.Same, ""},
		{impact.Query{SQL: "select total from orders", Keyspace: "customer"}, impact.Same, ""},
		{impact.Query{SQL: "select total from orders", Keyspace: "customer", TabletType: "replica"}, impact.Cheaper, ""},
		{impact.Query{SQL: "select total from orders", Keyspace: "customer", TabletType: "primary"}, impact.Same, ""},
		{impact.Query{SQL: "select name from customer", Keyspace: "customer"}, impact.Same, ""},
		{impact.Query{SQL: "update orders set total = 1", Keyspace: "commerce"}, impact.Same, ""},
		{impact.Query{SQL: "insert into orders (id) values (1)", Keyspace: "commerce"}, impact.Same, ""},
		{impact.Query{SQL: "delete from orders", Keyspace: "commerce"}, impact.Same, ""},
		{impact.Query{SQL: "replace into orders (id) values (1)", Keyspace: "commerce"}, impact.Same, ""},
	} {
		results, err := Compare(t.Context(), side(t, shop()), side(t, after), []impact.Query{tt.query})
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Verdict != tt.verdict || r.TabletType != tt.query.TabletType || r.IfTabletType != tt.tablet {
			t.Errorf("%+v: %s for %q, if %q, want %s if %q", tt.query, r.Verdict, r.TabletType, r.IfTabletType, tt.verdict, tt.tablet)
		}
	}
}

// TestCompareWorstTabletType: what one type of tablet loses is not hidden by a
// primary that becomes dearer, too.
func TestCompareWorstTabletType(t *testing.T) {
	rule := func(from, to string) *vschemapb.RoutingRule {
		return &vschemapb.RoutingRule{FromTable: from, ToTables: []string{to}}
	}
	list := rule("commerce.orders", "customer.orders")
	scatter := rule("commerce.orders@replica", "customer.customer")
	nowhere := rule("commerce.orders@rdonly", "customer.none")
	for name, tt := range map[string]struct {
		rules   []*vschemapb.RoutingRule
		verdict impact.Verdict
		scatter bool
		tablet  string
	}{
		"all the same":  {[]*vschemapb.RoutingRule{list}, impact.Dearer, false, ""},
		"a scatter":     {[]*vschemapb.RoutingRule{list, scatter}, impact.Dearer, true, "replica"},
		"breaks":        {[]*vschemapb.RoutingRule{list, scatter, nowhere}, impact.Breaks, false, "rdonly"},
		"both scatter":  {[]*vschemapb.RoutingRule{rule("commerce.orders", "customer.customer"), scatter}, impact.Dearer, true, ""},
		"breaks for it": {[]*vschemapb.RoutingRule{rule("commerce.orders", "customer.none"), scatter}, impact.Breaks, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			after := shop()
			after.RoutingRules = &vschema.RoutingRules{Rules: tt.rules}
			query := impact.Query{SQL: "select total from orders where customer_id in (1, 2)", Keyspace: "commerce"}
			results, err := Compare(t.Context(), side(t, shop()), side(t, after), []impact.Query{query})
			if err != nil {
				t.Fatal(err)
			}
			if r := results[0]; r.Verdict != tt.verdict || r.NewScatter() != tt.scatter || r.TabletType != "" || r.IfTabletType != tt.tablet {
				t.Errorf("%s for %q, new scatter %t (%v); want %s for %q, %t", r.Verdict, r.IfTabletType, r.NewScatter(), r.Reasons, tt.verdict, tt.tablet, tt.scatter)
			}
		})
	}
}

func TestCompareStops(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	one := side(t, shop())
	results, err := Compare(ctx, one, one, slices.Repeat([]impact.Query{{SQL: "select id from customer"}}, 100))
	if results != nil || !errors.Is(err, enough) {
		t.Errorf("got %d results and %v, want none and its cause", len(results), err)
	}
}
