package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vitess.io/vitess/go/json2"
	vtlog "vitess.io/vitess/go/vt/log"
	"vitess.io/vitess/go/vt/vtenv"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

func TestMain(m *testing.M) {
	vtlog.SwapLogger(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func testCorpus(t *testing.T) []repository {
	t.Helper()
	dir, err := vitessDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := readCorpus(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(corpus) < 80 {
		t.Fatalf("only %d files: is this still where they are?", len(corpus))
	}
	return corpus
}

// TestParity holds lint to Vitess. With -short it makes fewer mistakes, and
// doesn't look at the page.
func TestParity(t *testing.T) {
	corpus := testCorpus(t)
	count := defaultMutations
	if testing.Short() {
		count = 500
	}
	r, err := compare(corpus, mutants(corpus, count, seed))
	if err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + r.text())
	if details := r.details(); details != "" {
		t.Errorf("lint and Vitess disagree:\n%s", details)
	}
	if testing.Short() {
		return
	}
	if n := r.harmful(); n < 5000 {
		t.Errorf("only %d mistakes that do harm", n)
	}
	used := map[string]bool{}
	for _, o := range slices.Concat(r.files, r.mutants) {
		for _, e := range o.errors {
			used[e.code] = used[e.code] || o.vitess.verdict == clean
		}
	}
	for code := range beyondPlans {
		if !used[code] {
			t.Errorf("rule %s needs no excuse", code)
		}
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), beginMark+r.text()+endMark) {
		t.Error("docs/rules.md does not hold these counts: run go run ./parity -write docs/rules.md")
	}
}

// TestMutantsAreTheSame holds the mistakes to being the same in every run, and
// each to being one.
func TestMutantsAreTheSame(t *testing.T) {
	corpus := testCorpus(t)
	was := map[string][]byte{}
	for _, repo := range corpus {
		for _, d := range repo.docs {
			was[repo.file+d.path()] = d.bytes()
		}
	}
	a, b := mutants(corpus, 1000, seed), mutants(testCorpus(t), 1000, seed)
	if len(a) != 1000 || len(b) != 1000 {
		t.Fatalf("%d and %d, want 1000", len(a), len(b))
	}
	for i := range a {
		if a[i].what != b[i].what || !slices.EqualFunc(a[i].docs, b[i].docs, func(x, y document) bool { return bytes.Equal(x.bytes(), y.bytes()) }) {
			t.Fatalf("number %d differs: %s, %s", i, a[i].what, b[i].what)
		}
	}
	other := mutants(corpus, 1000, seed+1)
	if slices.EqualFunc(a, other, func(x, y mutant) bool { return x.what == y.what }) {
		t.Error("another seed makes the same mistakes")
	}
	for _, repo := range corpus {
		for _, d := range repo.docs {
			if !bytes.Equal(d.bytes(), was[repo.file+d.path()]) {
				t.Errorf("%s: the file itself was changed", repo.file)
			}
		}
	}
}

// TestMutators makes each mistake once.
func TestMutators(t *testing.T) {
	const was = `{"sharded":true,"vindexes":{"v":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"column":"id","name":"v"}]}}}`
	for _, c := range []struct{ name, at, old, new string }{
		{"dropped", "tables.t.column_vindexes.0.column", `"column":"id",`, ``},
		{"name without a letter", "sharded", `"sharded"`, `"shaded"`},
		{"name in another case", "tables.t", `"t":`, `"T":`},
		{"given twice", "vindexes.v.type", `"type":"hash"`, `"type":"hash","type":"hash"`},
		{"value without a letter", "vindexes.v.type", `"hash"`, `"hah"`},
		{"value in another case", "vindexes.v.type", `"hash"`, `"Hash"`},
		{"value of another", "tables.t.column_vindexes.0.name", `"name":"v"`, `"name":"other.thing"`},
		{"of another type", "sharded", `true`, `"true"`},
		{"of another type", "vindexes.v.type", `"hash"`, `7`},
		{"of another type", "vindexes.v", `{"type":"hash"}`, `[{"type":"hash"}]`},
		{"emptied", "tables", `"tables":{"t":{"column_vindexes":[{"column":"id","name":"v"}]}}`, `"tables":{}`},
		{"switched", "sharded", `true`, `false`},
	} {
		i := slices.IndexFunc(mutators, func(m mutator) bool { return m.name == c.name })
		r := repo(t, was)
		made := ""
		for _, s := range sitesOf(r, mutators[i]) {
			if r.docs[s.doc].tree.names(s.at) == c.at {
				made = string(strike(r, mutators[i], s).docs[s.doc].bytes())
			}
		}
		if want := strings.Replace(was, c.old, c.new, 1); made != want {
			t.Errorf("%s at %s:\n%s, want\n%s", c.name, c.at, made, want)
		}
	}
}

func repo(t *testing.T, json string) repository {
	t.Helper()
	r := split("vschema.json", []byte(json))
	if len(r.docs) == 0 {
		t.Fatalf("%s has no keyspace", json)
	}
	return r
}

// TestVerdicts pins what each verdict means.
func TestVerdicts(t *testing.T) {
	const hash = `"vindexes": {"hash": {"type": "hash"}}`
	for json, want := range map[string]verdict{
		`{"sharded": 1}`:                         rejected,
		`{"sharded": true, "tables": {"t": {}}}`: rejected,
		`{"Sharded": true, "tables": {}}`:        damaged,
		`{"tables": {"t": {"auto_increment": {"column": "id", "sequence": "no.seq"}}}}`:                                            damaged,
		`{"keyspaces": {"ks": {"tables": {"t": {}}}}, "routing_rules": {"rules": [{"from_table": "t", "to_tables": ["no.t"]}]}}`:   damaged,
		`{"sharded": true, "vindexes": {"r": {"type": "region_json", "params": {"region_bytes": "1", "region_map": "/no/such"}}}}`: elsewhere,
		`{"sharded": true, ` + hash + `, "tables": {"t": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}`:                clean,
		`{"sharded": true, "vindexes": {"hash": {"type": "hash"}, "l": {"type": "lookup", "params": {"table": "no.l", "from": "a", "to": "b"}}},
		  "tables": {"t": {"column_vindexes": [{"column": "id", "name": "hash"}, {"column": "a", "name": "l"}]}}}`: unplanned,
	} {
		env := testEnv(t)
		if got := askVitess(repo(t, json), env); got.verdict != want {
			t.Errorf("%s: %s (%s), want %s", json, got.verdict, got.reason, want)
		}
	}
}

// TestFailuresShow holds the command to its word: what one side minds and the
// other does not is a failure.
func TestFailuresShow(t *testing.T) {
	named := mutant{repository: repository{file: "a.json"}, what: "as it is"}
	other := []said{{code: "VS000", message: "other"}}
	r := &result{files: []outcome{
		{mutant: named, vitess: judgement{verdict: rejected, reason: "why"}},
		{mutant: named, vitess: judgement{verdict: damaged}},
		{mutant: named, vitess: judgement{verdict: damaged}, errors: other},
		{mutant: named, vitess: judgement{verdict: unplanned}},
		{mutant: named, vitess: judgement{verdict: elsewhere}},
		{mutant: named, vitess: judgement{verdict: clean}},
		{mutant: named, vitess: judgement{verdict: clean}, errors: other},
	}}
	if n := len(r.failures()); n != 4 {
		t.Errorf("%d failures, want 4:\n%s", n, r.details())
	}
	for _, want := range []string{"MISSED a.json, as it is\n  Vitess: rejected: why", "TOO MUCH a.json"} {
		if !strings.Contains(r.details(), want) {
			t.Errorf("no %q in\n%s", want, r.details())
		}
	}
}

// TestFound holds a mistake to being found by an error of its own, and to
// proving nothing where the file is broken anyway.
func TestFound(t *testing.T) {
	old := said{code: "VS301", keyspace: "ks", path: []string{"tables", "a"}, message: "old"}
	reworded, moved := old, old
	reworded.message = "reworded"
	moved.path = []string{"tables", "b"}
	fresh := said{code: "VS301", keyspace: "ks", path: []string{"tables", "b"}, message: "fresh"}
	base := func(v verdict) *outcome { return &outcome{vitess: judgement{verdict: v}, errors: []said{old}} }
	unread := base(clean)
	unread.unread = true
	for _, c := range []struct {
		name                  string
		base                  *outcome
		now                   verdict
		errors                []said
		proves, found, missed bool
	}{
		{"by an error of its own", base(clean), rejected, []said{old, fresh}, true, true, false},
		{"only what was there", base(clean), rejected, []said{old}, true, false, true},
		{"what was there in other words", base(clean), rejected, []said{reworded}, true, false, true},
		{"what was there in another place", base(clean), rejected, []said{moved}, true, false, true},
		{"worse than it was", base(damaged), rejected, []said{old, fresh}, true, true, false},
		{"worse than it was, and only what was there", base(unplanned), damaged, []said{old}, true, false, true},
		{"as bad as it was", base(damaged), damaged, []said{old}, false, true, false},
		{"as bad as it was, and nothing is said", base(damaged), damaged, nil, false, false, true},
		{"better than it was", base(rejected), unplanned, []said{old}, false, true, false},
		{"in what cannot be read", unread, rejected, []said{old}, false, true, false},
	} {
		o := outcome{base: c.base, vitess: judgement{verdict: c.now}, errors: c.errors}
		if o.proves() != c.proves || o.found() != c.found || o.missed() != c.missed {
			t.Errorf("%s: proves %t, found %t, missed %t", c.name, o.proves(), o.found(), o.missed())
		}
	}
}

// TestExcuses holds each excuse to the place that it is made for.
func TestExcuses(t *testing.T) {
	const lookup = `{"type": "lookup", "owner": "o", "params": {"table": "no.l", "from": "a", "to": "b"}}`
	sharded := func(vindex, table string) string {
		return `{"sharded": true, "vindexes": {"hash": {"type": "hash"}, "v": ` + vindex + `},
			"tables": {"t": {"column_vindexes": [{"column": "id", "name": "hash"}]` + table + `}}}`
	}
	used := `{"sharded": true, "vindexes": {"hash": {"type": "hash"}, "v": ` + lookup + `},
		"tables": {"t": {"column_vindexes": [{"column": "id", "name": "hash"}, {"column": "a", "name": "v"}]}}}`
	sequence := func(more string) string {
		return `{"tables": {"t": {"auto_increment": {"column": "id", "sequence": "s"}}` + more + `}}`
	}
	for _, c := range []struct {
		code, json, path string
		want             bool
	}{
		{"VS000", used, "vindexes.v", false},
		{"VS104", `{"foreign_key_mode": 7}`, "", true},
		{"VS104", `{"foreign_key_mode": 3}`, "", false},
		{"VS203", sharded(lookup, ""), "vindexes.v.params.x", true},
		{"VS203", sharded(`{"type": "lookup"}`, ""), "vindexes.v.params.x", false},
		{"VS210", sharded(lookup, ""), "tables.t.column_vindexes.0.columns", false},
		{"VS301", sequence(""), "tables.t.auto_increment.sequence", true},
		{"VS301", sequence(`, "s": {}`), "tables.t.auto_increment.sequence", false},
		{"VS302", sequence(`, "s": {}`), "tables.t.auto_increment.sequence", true},
		{"VS302", sequence(`, "s": {"type": "sequence"}`), "tables.t.auto_increment.sequence", false},
		{"VS304", sequence(""), "tables.t.auto_increment.column", false},
		{"VS401", used, "vindexes.v.params.table", true},
		{"VS401", sharded(lookup, ""), "vindexes.v.params.table", false},
		{"VS402", used, "vindexes.v.owner", true},
		{"VS402", sharded(lookup, ""), "vindexes.v.owner", false},
		{"VS404", sharded(lookup, ""), "tables.t.column_vindexes.0", false},
		{"VS408", used, "tables.t.column_vindexes.1", false},
		{"VS503", sharded(lookup, `, "type": "reference"`), "tables.t.column_vindexes", true},
		{"VS503", sharded(lookup, ""), "tables.t.column_vindexes", false},
		{"VS504", sharded(lookup, `, "pinned": "80"`), "tables.t.column_vindexes", true},
		{"VS504", sharded(lookup, ""), "tables.t.column_vindexes", false},
	} {
		in := buildState(t, c.json)
		if got := excused(in, said{code: c.code, keyspace: soleKeyspace, path: strings.Split(c.path, ".")}); got != c.want {
			t.Errorf("%s at %s is excused: %t, want %t, in\n%s", c.code, c.path, got, c.want, c.json)
		}
	}
}

// buildState builds a keyspace whether or not it plans.
func buildState(t *testing.T, text string) state {
	t.Helper()
	ks := &vschema.Keyspace{}
	if err := json2.UnmarshalPB([]byte(text), ks); err != nil {
		t.Fatal(err)
	}
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{soleKeyspace: ks}}
	return state{srv, vindexes.BuildVSchema(srv, testEnv(t).Parser())}
}

func TestInsert(t *testing.T) {
	page := filepath.Join(t.TempDir(), "rules.md")
	if err := os.WriteFile(page, []byte("a\n"+beginMark+"old\n"+endMark+"\nb\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := insert(page, "new\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != "a\n"+beginMark+"new\n"+endMark+"\nb\n" {
		t.Errorf("the page is %q, %v", got, err)
	}
	if err := os.WriteFile(page, []byte("no marks"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := insert(page, "new\n"); err == nil {
		t.Error("a page without its marks was written")
	}
}

func testEnv(t *testing.T) *vtenv.Environment {
	t.Helper()
	env, err := vtenv.New(vtenv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return env
}
