package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	vtlog "vitess.io/vitess/go/vt/log"
	"vitess.io/vitess/go/vt/vtenv"
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
	if r.mutations < 5000 {
		t.Errorf("only %d mistakes", r.mutations)
	}
	used := map[string]bool{}
	for _, o := range r.outcomes {
		for _, code := range o.errors {
			used[code] = used[code] || o.vitess.verdict == clean
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
// other does not is a failure, but for the rules on the list.
func TestFailuresShow(t *testing.T) {
	named := mutant{repository{file: "a.json"}, "as it is"}
	r := &result{outcomes: []outcome{
		{mutant: named, vitess: judgement{rejected, "why"}},
		{mutant: named, vitess: judgement{verdict: damaged}},
		{mutant: named, vitess: judgement{verdict: damaged}, errors: []string{"VS000"}},
		{mutant: named, vitess: judgement{verdict: unplanned}},
		{mutant: named, vitess: judgement{verdict: elsewhere}},
		{mutant: named, vitess: judgement{verdict: clean}},
		{mutant: named, vitess: judgement{verdict: clean}, errors: []string{"VS000"}},
		{mutant: named, vitess: judgement{verdict: clean}, errors: []string{"VS301"}},
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
