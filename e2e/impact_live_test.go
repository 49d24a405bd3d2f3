package e2e

import (
	"context"
	"errors"
	"maps"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/internal/vschema"
)

// exceptions are the statements whose plans differ, and why.
var exceptions = map[string]string{
	"select * from (values row(1, 2)) t": "the text of the error holds addresses of the vtgate's memory",
	"select database()":                  "below VEXPLAIN alone vtgate leaves database() as it is",

	"select group_concat(name order by name separator ';') from customer": literal,
	"select 'a' as a, count(*) from customer group by 'a'":                literal,
	"select id from customer where id = 18446744073709551615":             literal,
}

const literal = "vtgate leaves this literal in the text, and vtsync keeps none: no route differs"

// TestImpactAgreesWithVTGate compares vtsync's plans of several hundred statements
// with those that a real vtgate has for the same VSchema, read from its cell: of
// the statements as they stand, and in the normalised form in which vtsync knows
// them. Of that form, the vtgate is asked as vtsync asks, too.
func TestImpactAgreesWithVTGate(t *testing.T) {
	t.Parallel()
	in := readLive(t)
	p := newPlanners(t)
	p.create(in)
	planner := p.planner(p.srv("zone1"))
	reader := p.reader()

	var refused, known int
	agree := maps.Clone(exceptions)
	for _, q := range in.queries {
		theirs, ours := p.ask(q), planner.Plan(t.Context(), q)
		problems := []string{samePlan(theirs, ours)}
		if theirs.Err != nil {
			refused++
		}
		if form, ok := collected(q); ok {
			known++
			ours := planner.Plan(t.Context(), form)
			asked, err := reader.Explain(t.Context(), form)
			if err != nil {
				t.Errorf("%s: %v", form.SQL, err)
			}
			problems = append(problems, samePlan(theirs, ours), samePlan(asked, ours))
		}
		problem := strings.TrimSpace(strings.Join(problems, "\n"))
		if _, excepted := exceptions[q.SQL]; excepted && problem != "" {
			delete(agree, q.SQL)
		} else if problem != "" {
			t.Errorf("%s@%s: %s\n%s", q.Keyspace, q.TabletType, q.SQL, problem)
		}
	}
	t.Logf("%d statements, %d of them collected: %d errors of the vtgate's, %d exceptions", len(in.queries), known, refused, len(exceptions))
	if len(in.queries) < 300 || len(exceptions)*100 > len(in.queries) {
		t.Errorf("%d exceptions of %d statements, want at most 1 %% of at least 300", len(exceptions), len(in.queries))
	}
	for sql := range agree {
		t.Errorf("%s is an exception, and does not differ", sql)
	}
}

// collected is a statement as vtsync knows it; false for those that it leaves out.
func collected(q impact.Query) (impact.Query, bool) {
	corpus := queries.NewCorpus()
	if err := corpus.Add(q); err != nil || len(corpus.Queries()) == 0 {
		return impact.Query{}, false
	}
	return corpus.Queries()[0], true
}

// live is what stands in testdata/impact/live.txtar.
type live struct {
	shards  map[string][]string
	files   map[string][]byte
	routing *vschema.SrvVSchema
	queries []impact.Query
}

func readLive(t *testing.T) live {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/impact/live.txtar")
	if err != nil {
		t.Fatal(err)
	}
	out := live{
		shards: map[string][]string{}, files: map[string][]byte{},
		routing: &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}},
	}
	folder := fstest.MapFS{}
	for _, f := range archive.Files {
		switch {
		case f.Name == "shards":
			for line := range strings.Lines(strings.TrimSpace(string(f.Data))) {
				words := strings.Fields(line)
				out.shards[words[0]] = words[1:]
			}
		case path.Dir(f.Name) == "queries":
			out.queries = append(out.queries, statements(string(f.Data))...)
		default:
			folder[f.Name] = &fstest.MapFile{Data: f.Data}
			out.files[f.Name] = f.Data
		}
	}
	tree, err := desired.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, ks := range tree.Keyspaces {
		out.routing.Keyspaces[name] = ks.VSchema
	}
	for kind, rules := range tree.Rules {
		vschema.SetRules(out.routing, kind, rules.Value)
	}
	return out
}

// statements are a file's, one per line; "use" chooses the session of those below.
func statements(text string) []impact.Query {
	var out []impact.Query
	var q impact.Query
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimSpace(line)
		if target, ok := strings.CutPrefix(line+" ", "use "); ok {
			q.Keyspace, q.TabletType, _ = strings.Cut(strings.TrimSpace(target), "@")
			continue
		}
		q.SQL, q.Executions = line, 1
		out = append(out, q)
	}
	return out
}

// create makes the keyspaces and has Vitess's own tools write their VSchemas and
// the rules; there is none for mirror rules.
func (p *planners) create(in live) {
	p.t.Helper()
	group, ctx := errgroup.WithContext(p.t.Context())
	for name, shards := range in.shards {
		group.Go(func() error { return p.CreateKeyspace(ctx, name, shards...) })
	}
	if err := group.Wait(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.apply(p.t.Context(), in); err != nil {
		p.t.Fatal(err)
	}
	p.eventually("the cell holds it all", func() error {
		if !sameRouting(p.srv("zone1"), in.routing) {
			return errors.New("it is not what was written")
		}
		return nil
	})
	p.eventually("the vtgate serves it", func() error {
		return p.ServesTable(p.t.Context(), p.gate, "archive", "report")
	})
}

func (p *planners) apply(ctx context.Context, in live) error {
	for name := range in.shards {
		text := string(in.files["keyspaces/"+name+"/vschema.json"])
		if err := p.ApplyVSchema(ctx, name, text, "--skip-rebuild"); err != nil {
			return err
		}
	}
	if err := p.ApplyRoutingRules(ctx, string(in.files["routing_rules.json"]), "--skip-rebuild"); err != nil {
		return err
	}
	rules := string(in.files["keyspace_routing_rules.json"])
	if _, err := p.VTCtldClient(ctx, "ApplyKeyspaceRoutingRules", "--rules", rules, "--skip-rebuild"); err != nil {
		return err
	}
	mirrors, err := proto.Marshal(in.routing.MirrorRules)
	if err != nil {
		return err
	}
	p.put("global", "/vitess/global/MirrorRules", string(mirrors))
	return p.RebuildVSchemaGraph(ctx)
}

// sameRouting compares two routings as vtgate reads them.
func sameRouting(a, b *vschema.SrvVSchema) bool {
	if len(a.Keyspaces) != len(b.Keyspaces) {
		return false
	}
	for name, ks := range a.Keyspaces {
		if !vschema.Equal(ks, b.Keyspaces[name]) {
			return false
		}
	}
	for _, kind := range vschema.RuleKinds {
		if !vschema.EqualRules(kind, vschema.RulesOf(a, kind), vschema.RulesOf(b, kind)) {
			return false
		}
	}
	return true
}
