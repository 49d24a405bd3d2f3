package compile

import (
	"slices"
	"sync"
	"testing"

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
