package compile

import (
	"strings"
	"testing"
	"time"

	"vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/planbuilder"

	"github.com/vtsync/vtsync/internal/impact"
)

// parameters gives the corpus as it is known in practice: read from vtgate's plan
// cache, with bind variables for literals; only what has a plan.
func parameters(t testing.TB) (*Planner, []impact.Query) {
	t.Helper()
	srv, all := corpus(t)
	p := planner(t, Input{Routing: srv})
	var out []impact.Query
	for _, q := range all {
		if strings.ContainsAny(q.Keyspace, ":[") || p.Plan(t.Context(), q).Tree == nil {
			continue
		}
		s, err := p.read(q.SQL)
		if err != nil {
			t.Fatal(err)
		}
		switch s.ast.(type) {
		case *sqlparser.Select, *sqlparser.Union, *sqlparser.Insert, *sqlparser.Update, *sqlparser.Delete:
		default:
			continue
		}
		normal, err := sqlparser.Normalize(s.ast, sqlparser.NewReservedVars("vtg", s.known), map[string]*query.BindVariable{}, true, q.Keyspace, -1, "", nil, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.SQL = sqlparser.String(normal.AST)
		if _, err := p.env.Parser().Parse(q.SQL); err != nil {
			t.Logf("%s\nis not readable once it is normalised: %s", s.text, q.SQL)
			continue
		}
		out = append(out, q)
	}
	return p, out
}

// BenchmarkPlan takes turns with the bare planner, so that both see the same
// machine, and reports how many times as long it takes to plan a query on both
// sides and to judge it.
func BenchmarkPlan(b *testing.B) {
	srv, _ := corpus(b)
	p, queries := parameters(b)
	pair := comparison{before: side(b, srv), after: side(b, srv)}
	var whole, planner time.Duration
	took := func(sum *time.Duration, do func()) {
		begin := time.Now()
		do()
		*sum += time.Since(begin)
	}
	for i := 0; b.Loop(); i++ {
		q := queries[i%len(queries)]
		turns := []func(){
			func() { took(&planner, func() { bare(b, p, q); bare(b, p, q) }) },
			func() { took(&whole, func() { pair.judge(b.Context(), q) }) },
		}
		turns[i/len(queries)%2]() // who comes second finds the caches warm
		turns[1-i/len(queries)%2]()
	}
	b.ReportMetric(float64(whole)/float64(planner), "times-bare")
	b.ReportMetric(float64(2*b.N)/whole.Seconds(), "plans/s")
}

// bare takes the steps of the planner without anything of ours.
func bare(t testing.TB, p *Planner, q impact.Query) {
	stmt, known, err := p.env.Parser().Parse2(q.SQL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.cursor(q)
	if err != nil {
		t.Fatal(err)
	}
	reserved := sqlparser.NewReservedVars("vtg", known)
	normal, err := sqlparser.Normalize(stmt, reserved, map[string]*query.BindVariable{}, true, c.GetKeyspace(), sqlparser.SQLSelectLimitUnset, "", nil, nil, c)
	if err != nil {
		return
	}
	_, _ = planbuilder.BuildFromStmt(t.Context(), sqlparser.String(normal.AST), normal.AST, reserved, c, normal.BindVarNeeds, ddl{})
}

// BenchmarkCompare is both sides and the judgement, where nothing differs.
func BenchmarkCompare(b *testing.B) {
	srv, _ := corpus(b)
	_, queries := parameters(b)
	was, is := side(b, srv), side(b, srv)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compare(b.Context(), was, is, queries); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(2*len(queries)*b.N)/b.Elapsed().Seconds(), "plans/s")
}
