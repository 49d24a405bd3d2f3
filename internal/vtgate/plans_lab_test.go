package vtgate_test

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vtgate"
	"github.com/vtsync/vtsync/lab/cluster"
)

// realPlans holds what a vtgate says of its plans in two ways against each other.
func realPlans(t *testing.T, c *cluster.Cluster) {
	gate := c.VTGates()[0]
	for name, target := range map[string]vtgate.Target{
		"over MySQL": {HTTP: gate.HTTP},
		"over gRPC":  {HTTP: gate.HTTP, MySQL: closedPort(t), GRPC: port(t, gate.GRPC)},
	} {
		t.Run(name, func(t *testing.T) { explains(t, reader(t, target)) })
	}
	t.Run("what it knows of tables", func(t *testing.T) {
		r := reader(t, vtgate.Target{HTTP: gate.HTTP})
		const vs = `{"tables": {"known": {"column_list_authoritative": true,
		  "columns": [{"name": "id", "type": "INT64"}, {"name": "name", "type": "VARCHAR", "size": 40, "nullable": false}]}, "other": {"columns": [{"name": "id"}]}}}`
		if err := c.CreateKeyspace(t.Context(), "columns", "0"); err != nil {
			t.Fatal(err)
		}
		if err := c.ApplyVSchema(t.Context(), "columns", vs); err != nil {
			t.Fatal(err)
		}
		await(t, func() (bool, any) {
			got, err := r.Schemas(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tables := got["columns"].Tables
			known, other := tables["known"].Columns, tables["other"].Columns
			_, sharded := got["customer"].Tables["customer"]
			return len(known) == 2 && known[1].Name == "name" && known[1].Type == "VARCHAR" && known[1].Size == 40 && other == nil && sharded, got
		})
		if version, err := r.Version(t.Context()); err != nil || !strings.HasPrefix(version, "24.") {
			t.Errorf("version %q, %v", version, err)
		}
	})
	t.Run("the cache", func(t *testing.T) {
		r := reader(t, vtgate.Target{HTTP: gate.HTTP})
		for range 3 {
			runs(t, gate, "select email from customer where customer_id in (4711, 4712) and email = 'secret'")
		}
		insert := "insert into customer(customer_id, email) values (4711, 'secret')"
		runs(t, gate, insert) // writes to the lookup table first
		runs(t, gate, insert)
		plans, err := r.QueryPlans(t.Context())
		if err != nil || len(plans) == 0 {
			t.Fatalf("%d plans, %v", len(plans), err)
		}
		for _, p := range plans {
			if strings.Contains(p.SQL, "email_lookup") {
				t.Errorf("%s is vtgate's own", p.SQL)
			}
		}
		for _, p := range plans {
			if !strings.Contains(p.SQL, "email = :email") {
				continue
			}
			if p.ExecCount < 1 || p.Errors != p.ExecCount || strings.Join(p.TablesUsed, " ") != "customer.customer" {
				t.Errorf("got %+v, which failed each time", p)
			}
			// Asked for the text of its own cache, it makes the same plan of it.
			plan, err := r.Explain(t.Context(), impact.Query{SQL: p.SQL, Keyspace: "customer"})
			if err != nil || plan.Tree == nil || p.Instructions == nil || !plan.Tree.Equal(*p.Instructions) {
				t.Errorf("explained %+v, %v; cached %+v", plan.Tree, err, p.Instructions)
			}
			return
		}
		t.Errorf("the query is not among %+v", plans)
	})
}

func explains(t *testing.T, r *vtgate.Reader) {
	ask := func(keyspace, tabletType, sql string) impact.Plan {
		t.Helper()
		plan, err := r.Explain(t.Context(), impact.Query{SQL: sql, Keyspace: keyspace, TabletType: tabletType})
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return plan
	}
	refused := func(p impact.Plan, want impact.Error) {
		t.Helper()
		if p.Tree != nil || p.Err == nil || p.Err.Code != want.Code || !strings.Contains(p.Err.Text, want.Text) {
			t.Errorf("got %+v %+v, want %+v", p.Tree, p.Err, want)
		}
	}
	if p := ask("customer", "", "select email from customer where customer_id in ::vtg1"); p.Tree == nil || p.Tree.Variant != "IN" || p.Tree.Keyspace != "customer" {
		t.Errorf("got %+v %+v, want a Route of IN", p.Tree, p.Err)
	}
	// A session's keyspace is the query's own, whatever the connection asked before.
	refused(ask("", "", "select email from email_lookup, cart where email_lookup.a = cart.b and zzz.c = 1"), impact.Error{Text: "zzz"})
	refused(ask("nowhere", "", "select email from customer"), impact.Error{Code: "VT05003", Text: "nowhere"})
	refused(ask("customer", "", "select email from product"), impact.Error{Text: "product"})
	if p := ask("", "replica", "select sku from product"); p.Tree == nil || p.Tree.Variant != "Unsharded" {
		t.Errorf("without a keyspace: got %+v %+v", p.Tree, p.Err)
	}
	// The planner panics at this one, and over MySQL takes the connection along.
	refused(ask("customer", "", "with recursive c as (select 1 union all select 2) select * from c"), impact.Error{Text: "panic"})
	if p := ask("customer", "rdonly", "select email from customer"); p.Tree == nil || p.Tree.Variant != "Scatter" {
		t.Errorf("after a panic: got %+v %+v", p.Tree, p.Err)
	}
}

// runs runs a query that no tablet of the lab answers.
func runs(t *testing.T, gate cluster.VTGate, sql string) {
	t.Helper()
	if _, err := gate.Query(t.Context(), "customer", sql); err == nil || !strings.Contains(err.Error(), "no healthy tablet") {
		t.Fatalf("%s: %v", sql, err)
	}
}
