package compile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"vitess.io/vitess/go/vt/graph"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// corpus is all queries of Vitess's case files that are made for its main VSchema.
func corpus(t testing.TB) (*vschema.SrvVSchema, []impact.Query) {
	t.Helper()
	srv, err := vindexes.LoadFormal(testdata(t, "vschemas/schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var queries []impact.Query
	for _, g := range goldens {
		if g.vschema != "" {
			continue
		}
		for _, file := range g.files {
			for _, c := range readCases(t, file) {
				if c.Query != "" {
					queries = append(queries, impact.Query{SQL: c.Query, Keyspace: g.keyspace, Executions: 1})
				}
			}
		}
	}
	return srv, queries
}

// some is every fifth query, enough for the race detector and for the fuzzer.
func some(queries []impact.Query) (out []impact.Query) {
	for chunk := range slices.Chunk(queries, 5) {
		out = append(out, chunk[0])
	}
	return out
}

// TestDeterminism: of one input the plans are the same always, whoever else plans
// at the same time.
func TestDeterminism(t *testing.T) {
	srv, queries := corpus(t)
	if testing.Short() {
		queries = some(queries)
	}
	one, other := planner(t, Input{Routing: srv}), planner(t, Input{Routing: srv})
	want := make([]string, len(queries))
	for i, q := range queries {
		want[i] = text(t, one.Plan(t.Context(), q))
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range queries {
				i = (i + worker*len(queries)/4) % len(queries)
				if got := text(t, other.Plan(t.Context(), queries[i])); got != want[i] {
					t.Errorf("%s\n got %s\nwant %s", queries[i].SQL, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

// TestDeterminismOfErrors: where vtgate has several reasons to refuse a query, or
// refuses it at some starts only, the answer here is always the same one.
func TestDeterminismOfErrors(t *testing.T) {
	managed := func(change func(*vschema.SrvVSchema)) *vschema.SrvVSchema {
		srv := shop()
		srv.Keyspaces["customer"].ForeignKeyMode = vschemapb.Keyspace_managed
		change(srv)
		return srv
	}
	circle := func(a, b string) []string {
		return []string{
			fmt.Sprintf("create table %s (id bigint primary key, other bigint, foreign key (other) references %s (other) on update cascade)", a, b),
			fmt.Sprintf("create table %s (id bigint primary key, other bigint, foreign key (other) references %s (other) on update cascade)", b, a),
		}
	}
	for _, tt := range []struct {
		name, sql, want string
		routing         *vschema.SrvVSchema
		schemas         map[string]Schema
	}{
		{
			"several circles of foreign keys", "delete from customer where id = 1",
			"VT09019 keyspace 'customer' has cyclic foreign keys. Cycle exists between [customer.customer.other customer.orders.other customer.customer.other]",
			managed(func(*vschema.SrvVSchema) {}),
			schemas(tables(append(circle("orders", "customer"), circle("x", "y")...)...)),
		},
		{
			"several sequences that are not there", "delete from orders where customer_id = 1",
			"error vtgate cannot build all of keyspace customer, whose foreign keys it manages",
			managed(func(srv *vschema.SrvVSchema) {
				for _, name := range []string{"a", "b", "c"} {
					srv.Keyspaces["customer"].Tables[name] = &vschema.Table{ColumnVindexes: by("id"), AutoIncrement: &vschemapb.AutoIncrement{Column: "id", Sequence: "gone." + name}}
				}
			}), nil,
		},
		{
			"several sources that are not there", "delete from orders where customer_id = 1",
			"error vtgate cannot build all of keyspace customer, whose foreign keys it manages",
			managed(func(srv *vschema.SrvVSchema) {
				for _, name := range []string{"a", "b", "c"} {
					srv.Keyspaces["customer"].Tables[name] = &vschema.Table{Type: "reference", Source: "commerce." + name}
				}
			}), nil,
		},
		{
			"a reference table that is named like another one's table", "select id from zone",
			"error ambiguous table reference: zone",
			managed(func(srv *vschema.SrvVSchema) {
				srv.Keyspaces["commerce"].Tables["zone"], srv.Keyspaces["commerce"].Tables["area"] = &vschema.Table{}, &vschema.Table{}
				srv.Keyspaces["customer"].Tables["zone"] = &vschema.Table{Type: "reference", Source: "commerce.area"}
			}), nil,
		},
		{
			"several updates of what another one reads",
			"update customer c join orders o on c.a = o.a join third t on t.a = o.b set c.a = 1, o.b = c.a + 1, t.b = c.a + 2",
			"VT12001 unsupported: 'c.a' column referenced in update expression is itself updated",
			managed(func(srv *vschema.SrvVSchema) {
				srv.Keyspaces["customer"].Tables["third"] = &vschema.Table{ColumnVindexes: by("id")}
			}),
			schemas(tables(
				"create table customer (id bigint primary key, a int, b int)", "create table third (id bigint primary key, a int, b int)",
				"create table orders (id bigint primary key, customer_id bigint, a int, b int)",
			)),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			notes := planner(t, Input{Routing: tt.routing, Schemas: tt.schemas}).Notes()
			for range 30 {
				p := planner(t, Input{Routing: tt.routing, Schemas: tt.schemas})
				if got := said(p.Plan(t.Context(), impact.Query{SQL: tt.sql})); got != tt.want {
					t.Fatalf("got  %s\nwant %s", got, tt.want)
				}
				if !slices.Equal(p.Notes(), notes) {
					t.Fatalf("notes %q, and then %q", notes, p.Notes())
				}
			}
		})
	}
}

// TestCycle: a circle is found where Vitess finds one, and is one.
func TestCycle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	counts := map[bool]int{}
	for range 2000 {
		ours, theirs := edges{}, graph.NewGraph[string]()
		for range random.IntN(12) {
			from, to := fmt.Sprint(random.IntN(8)), fmt.Sprint(random.IntN(8))
			ours.add(from, to)
			theirs.AddEdge(from, to)
		}
		cycle := ours.cycle()
		want, _ := theirs.HasCycles()
		counts[want]++
		if got := cycle != nil; got != want {
			t.Fatalf("%v: a circle: %t, want %t", ours, got, want)
		}
		for i := range max(0, len(cycle)-1) {
			if !slices.Contains(ours[cycle[i]], cycle[i+1]) {
				t.Fatalf("%v: nothing leads from %s to %s, of %v", ours, cycle[i], cycle[i+1], cycle)
			}
		}
		if want && (cycle[0] != cycle[len(cycle)-1] || cycle[0] != slices.Min(cycle)) {
			t.Fatalf("%v: %v does not begin and end at its least", ours, cycle)
		}
	}
	if counts[true] < 200 || counts[false] < 200 {
		t.Errorf("too few of one kind: %v", counts)
	}
}

// TestCompareAlone: what Compare makes of a statement that it parses once is what
// each side makes of it alone.
func TestCompareAlone(t *testing.T) {
	srv, queries := corpus(t)
	after := vschema.Shallow(srv)
	for name, table := range after.Keyspaces["user"].Tables {
		after.Keyspaces["user"].Tables[name] = vschema.CopyFields(table)
		after.Keyspaces["user"].Tables[name].ColumnVindexes = table.ColumnVindexes[:min(1, len(table.ColumnVindexes))]
	}
	was, is := side(t, srv), side(t, after)
	results, err := Compare(t.Context(), was, is, queries)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[impact.Verdict]int{}
	for i, q := range queries {
		want := impact.Judge(q, was.Planner.Plan(t.Context(), q), is.Planner.Plan(t.Context(), q), was.Ground, is.Ground)
		counts[want.Verdict]++
		if got := results[i]; got.Verdict != want.Verdict || got.Before.Class != want.Before.Class || got.After.Class != want.After.Class {
			t.Errorf("%s: %s %s %s, alone %s %s %s", q.SQL, got.Verdict, got.Before.Class, got.After.Class, want.Verdict, want.Before.Class, want.After.Class)
		}
	}
	t.Log(counts)
	if counts[impact.Dearer] < 20 || counts[impact.Same] < 1000 {
		t.Errorf("the change does not tell: %v", counts)
	}
}

// FuzzPlan: whatever a query is, planning it ends, twice in the same way.
func FuzzPlan(f *testing.F) {
	_, queries := corpus(f)
	for _, q := range some(queries) {
		f.Add(q.SQL, q.Keyspace)
	}
	for _, sql := range others {
		f.Add(sql, "customer")
	}
	srv := shop()
	schemas := schemas(tables(createCustomer, child))
	one, other := planner(f, Input{Routing: srv, Schemas: schemas}), planner(f, Input{Routing: srv, Schemas: schemas})
	f.Fuzz(func(t *testing.T, sql, keyspace string) {
		q := impact.Query{SQL: sql, Keyspace: keyspace}
		if a, b := text(t, one.Plan(t.Context(), q)), text(t, other.Plan(t.Context(), q)); a != b {
			t.Errorf("%q in %q\n got %s\n and %s", sql, keyspace, a, b)
		}
	})
}
