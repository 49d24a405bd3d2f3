package compile

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"vitess.io/vitess/go/sqltypes"
	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/sysvars"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vtgate/planbuilder/plancontext"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/impact"
)

// golden is a set of Vitess's own case files and how their plans were made
// (planbuilder/plan_test.go).
type golden struct {
	files   []string
	vschema string // schema.json where it says nothing
	// keyspace is the session's, with a destination where it has one.
	keyspace string
	mysql    string // its version
	setup    func(t *testing.T, v *vindexes.VSchema)
	checks   string // the session's foreign_key_checks
	views    bool
	noSysVar bool
}

var goldens = []golden{
	{files: split(`aggr_cases dml_cases from_cases filter_cases postprocess_cases select_cases window_function_cases
		symtab_cases unsupported_cases unknown_schema_cases vindex_func_cases wireup_cases memory_sort_cases use_cases
		set_cases union_cases large_union_cases transaction_cases lock_cases large_cases ddl_cases_no_default_keyspace
		flush_cases_no_default_keyspace show_cases_no_default_keyspace stream_cases info_schema80_cases reference_cases
		vexplain_cases misc_cases cte_cases`), setup: primaryKeys},
	{files: split("foreignkey_cases"), setup: foreignKeys},
	{files: split("foreignkey_checks_on_cases"), setup: foreignKeys, checks: "1"},
	{files: split("foreignkey_checks_off_cases"), setup: foreignKeys, checks: "0"},
	{files: split("info_schema57_cases"), mysql: "5.7.9"},
	{files: split("set_sysvar_disabled_cases"), noSysVar: true},
	{files: split("view_cases"), views: true},
	{files: split("rails_cases"), vschema: "rails_schema.json"},
	{files: split("oltp_cases"), vschema: "oltp_schema.json"},
	{files: split("tpcc_cases"), vschema: "tpcc_schema.json"},
	{files: split("tpch_cases"), vschema: "tpch_schema.json"},
	{files: split("bypass_shard_cases"), keyspace: "main:-80"},
	{files: split("bypass_keyrange_cases"), keyspace: "main[-]"},
	{files: split("alterVschema_cases ddl_cases migration_cases flush_cases show_cases call_cases other_admin_cases"), keyspace: "main"},
	{files: split("unsharded_cases"), vschema: "unsharded_schema.json"},
	{files: split("select_cases_with_default"), keyspace: "second_user"},
	{files: split("select_cases_with_user_as_default dml_cases_with_user_as_default"), keyspace: "user"},
	{files: split("sysschema_default"), keyspace: "information_schema"},
	{files: split("other_read_cases")},
	{files: split("mirror_cases"), vschema: "mirror_schema.json"},
}

func split(s string) []string { return strings.Fields(s) }

// goldenSession answers as the session of Vitess's tests does, which has no real
// one: some keyspace is always chosen, and some statements are prepared.
type goldenSession struct {
	*cursor
}

func (s goldenSession) AnyKeyspace() (*vindexes.Keyspace, error) {
	if main, ok := s.planner.built.Keyspaces["main"]; ok {
		return main.Keyspace, nil
	}
	return s.cursor.AnyKeyspace()
}

func (s goldenSession) SelectedKeyspace() (*vindexes.Keyspace, error)    { return s.AnyKeyspace() }
func (s goldenSession) FirstSortedKeyspace() (*vindexes.Keyspace, error) { return s.AnyKeyspace() }

type goldenCase struct {
	Query string
	Plan  json.RawMessage
}

// exceptions are the cases whose plans differ, by file and query, each with its
// reason: all are answers of the session of Vitess's tests that no vtgate gives.
var exceptions = map[string]string{
	"bypass_keyrange_cases: INSERT INTO USER (ID, NAME) VALUES (42, 'ms X')": "its target is called targetString",
	"show_cases: show databases":                               "it knows of one keyspace only",
	"show_cases: show vschema vindexes":                        "its SrvVSchema is another than its built VSchema",
	"show_cases: show vschema vindexes on user.user":           "its SrvVSchema is another than its built VSchema",
	"sysschema_default: select @@max_allowed_packet from dual": "its cursor has no keyspace where its session has information_schema",
	"sysschema_default: SELECT (SELECT 1 FROM information_schema.schemata WHERE schema_name='MyDatabase' LIMIT 1);": "its cursor has no keyspace where its session has information_schema",
}

// TestGolden holds our plans to those that Vitess's own tests expect.
func TestGolden(t *testing.T) {
	var cases, equal int
	for _, g := range goldens {
		p := g.planner(t)
		for _, file := range g.files {
			all, same, excepted := 0, 0, 0
			for _, c := range readCases(t, file) {
				if c.Query == "" {
					continue
				}
				all++
				q := impact.Query{SQL: c.Query, Keyspace: g.keyspace}
				difference := unlike(t, goldenPlan(t, c.Plan), whole(t.Context(), p, q), p.Plan(t.Context(), q))
				_, listed := exceptions[file+": "+c.Query]
				switch {
				case difference == "":
					same++
					if listed {
						t.Errorf("%s: %s\nis an exception and has become equal", file, c.Query)
					}
				case listed:
					excepted++
				default:
					t.Errorf("%s: %s\n%s", file, c.Query, difference)
				}
			}
			t.Logf("%-34s %4d cases, %4d equal, %d exceptions", file, all, same, excepted)
			cases, equal = cases+all, equal+same
		}
	}
	t.Logf("%d of %d equal (%.2f %%)", equal, cases, 100*float64(equal)/float64(cases))
	if cases < 1980 || equal*100 < cases*99 {
		t.Errorf("%d of %d plans are equal, want 99 %% of at least 1980", equal, cases)
	}
}

// TestGoldenFiles: no file of Vitess's cases is left out.
func TestGoldenFiles(t *testing.T) {
	files, err := filepath.Glob(testdata(t, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, g := range goldens {
		known = append(known, g.files...)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".json"); name != "onecase" && !slices.Contains(known, name) {
			t.Errorf("%s is not among the golden files", name)
		}
	}
}

// expectation is what a case file says of a query.
type expectation struct {
	tree   any
	tables []string
	kind   string // of the plan and of the query
	err    string
}

func goldenPlan(t *testing.T, raw json.RawMessage) expectation {
	t.Helper()
	var out expectation
	if json.Unmarshal(raw, &out.err) == nil {
		return out
	}
	var plan struct {
		Type, QueryType string
		Instructions    any
		TablesUsed      []string
	}
	if err := json.Unmarshal(raw, &plan); err != nil {
		t.Fatal(err)
	}
	return expectation{tree: plan.Instructions, tables: plan.TablesUsed, kind: plan.Type + " " + plan.QueryType}
}

// whole gives what Plan leaves out of a plan or of an error.
func whole(ctx context.Context, p *Planner, q impact.Query) (out expectation) {
	defer func() {
		if r := recover(); r != nil {
			out = expectation{err: panicked(r).Text}
		}
	}()
	s, err := p.read(q.SQL)
	if err != nil {
		return expectation{err: err.Error()}
	}
	c, err := p.cursor(q)
	if err != nil {
		return expectation{err: err.Error()}
	}
	plan, err := p.plan(ctx, c, s, !p.knobs.literals)
	if err != nil {
		return expectation{err: err.Error()}
	}
	return expectation{kind: plan.Type.String() + " " + plan.QueryType.String()}
}

func unlike(t *testing.T, want, all expectation, got impact.Plan) string {
	t.Helper()
	if got.Err != nil || want.err != "" {
		switch {
		case all.err != want.err:
			return fmt.Sprintf("got error  %s\nwant %s%v", all.err, want.err, want.tree)
		case got.Err == nil || withoutQuotes(all.err) != strings.TrimPrefix(got.Err.Code+": ", ": ")+got.Err.Text:
			return fmt.Sprintf("got error  %+v\nwant %s", got.Err, want.err)
		}
		return ""
	}
	var tree any
	if got.Tree != nil {
		b, err := json.Marshal(got.Tree)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &tree); err != nil {
			t.Fatal(err)
		}
	}
	switch {
	case !reflect.DeepEqual(tree, want.tree):
		return fmt.Sprintf("got  %v\nwant %v", tree, want.tree)
	case all.kind != want.kind:
		return fmt.Sprintf("got a plan of the kind %s\nwant %s", all.kind, want.kind)
	case !slices.Equal(got.Tables, want.tables):
		return fmt.Sprintf("got tables %v\nwant %v", got.Tables, want.tables)
	}
	return ""
}

var vitess = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "vitess.io/vitess").Output()
	return strings.TrimSpace(string(out)), err
})

func testdata(t testing.TB, name string) string {
	t.Helper()
	dir, err := vitess()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "go/vt/vtgate/planbuilder/testdata", name)
}

func readCases(t testing.TB, file string) []goldenCase {
	t.Helper()
	b, err := os.ReadFile(testdata(t, file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []goldenCase
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (g golden) planner(t *testing.T) *Planner {
	t.Helper()
	srv, err := vindexes.LoadFormal(testdata(t, "vschemas/"+cmp.Or(g.vschema, "schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Input{Routing: srv})
	if err != nil {
		t.Fatal(err)
	}
	if p.env = vtenv.NewTestEnv(); g.mysql != "" {
		if p.env, err = vtenv.New(vtenv.Options{MySQLServerVersion: g.mysql}); err != nil {
			t.Fatal(err)
		}
	}
	p.config.EnableViews = g.views
	p.knobs = knobs{literals: true, session: func(c *cursor) plancontext.VSchema {
		c.SafeSession.EnableSystemSettings = !g.noSysVar
		if g.checks != "" {
			c.SafeSession.SetSystemVariable(sysvars.ForeignKeyChecks, g.checks)
		}
		prepare(c)
		return goldenSession{c}
	}}
	asTests(t, p.built)
	if g.setup != nil {
		g.setup(t, p.built)
	}
	return p
}

// prepare gives the session the prepared statements that the cases name.
func prepare(c *cursor) {
	for name, sql := range map[string]string{
		"prep_one_param": "select 1 from user where id = :v1",
		"prep_in_param":  "select 1 from user where id in (:v1, :v2)",
		"prep_no_param":  "select 1 from user",
		"prep_delete":    "delete from tbl5 where id = :v1",
	} {
		c.StorePrepareData(name, &vtgatepb.PrepareData{PrepareStatement: sql, ParamsCount: int32(strings.Count(sql, ":v"))})
	}
	c.SafeSession.SetUserDefinedVariable("prep_stmt", sqltypes.StringBindVariable("select * from user where id in (?, ?, ?)"))
}

// asTests adds what Vitess's tests add to every VSchema.
func asTests(t *testing.T, v *vindexes.VSchema) {
	t.Helper()
	for name, ks := range v.Keyspaces {
		if name == "user" {
			if err := v.AddView(name, "user_details_view", "select user.id, user_extra.col from user join user_extra on user.id = user_extra.user_id", sqlparser.NewTestParser()); err != nil {
				t.Fatal(err)
			}
			if err := v.AddUDF(name, "udf_aggr"); err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range ks.Tables {
			for i, col := range table.Columns {
				if sqltypes.IsText(col.Type) && col.CollationName == "" {
					table.Columns[i].CollationName = "latin1_swedish_ci"
				}
			}
		}
	}
}

func primaryKeys(t *testing.T, v *vindexes.VSchema) {
	t.Helper()
	for _, k := range []string{"user.user id", "user.music id", "user.user_extra id user_id", "ordering.order oid region_id", "ordering.order_event oid ename", "main.source_of_ref id"} {
		addKey(t, v, k)
	}
}

func addKey(t *testing.T, v *vindexes.VSchema, key string) {
	t.Helper()
	words := strings.Fields(key)
	ks, table, _ := strings.Cut(words[0], ".")
	if err := v.AddPrimaryKey(ks, table, words[1:]); err != nil {
		t.Fatal(err)
	}
}
