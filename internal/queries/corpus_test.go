package queries_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
)

// plannerCases are the queries of Vitess's planner tests.
func plannerCases(t testing.TB) []string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "vitess.io/vitess").Output()
	if err != nil {
		t.Fatalf("find the Vitess module: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "go/vt/vtgate/planbuilder/testdata/*_cases*.json"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d case files (%v)", len(files), err)
	}
	var out []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct{ Query string }
		if err := json.Unmarshal(raw, &cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range cases {
			out = append(out, c.Query)
		}
	}
	return out
}

var written = regexp.MustCompile(`'[^']+'|\b0x|"`)

// TestNormaliseIsIdempotent, over all that Vitess's planner is tested by: what is
// normalised stays as it is, parses, and holds no text.
func TestNormaliseIsIdempotent(t *testing.T) {
	cases := plannerCases(t)
	parser, err := sqlparser.New(sqlparser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, sql := range cases {
		for _, first := range normalised(t, sql) {
			all++
			if again := normalised(t, first); len(again) != 1 || again[0] != first {
				t.Errorf("%s\nbecomes %s\nthen    %q", sql, first, again)
			}
			if _, _, err := queries.Parse(parser, first); err != nil {
				t.Errorf("%s\nbecomes %s\nwhich does not parse: %v", sql, first, err)
			}
			if written.MatchString(strings.ReplaceAll(first, "''", "")) {
				t.Errorf("%s\nbecomes %s\nwhich holds a text", sql, first)
			}
		}
	}
	if all < 1700 {
		t.Errorf("only %d of %d cases were normalised", all, len(cases))
	}
	t.Logf("%d of %d", all, len(cases))
}

// normalised is what becomes of one query: nothing where it is not planned.
func normalised(t testing.TB, sql string) []string {
	t.Helper()
	c := queries.NewCorpus()
	if err := c.Add(impact.Query{SQL: sql, Executions: 1}); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, q := range c.Queries() {
		out = append(out, q.SQL)
	}
	if len(out)+len(c.Notes()) != 1 {
		t.Errorf("%s: %q, notes %q", sql, out, c.Notes())
	}
	if len(out) == 0 && !strings.Contains(c.Notes()[0], "left out") {
		t.Logf("%s: %s", sql, c.Notes()[0])
	}
	return out
}

// TestTypes: a query with literals and the same query as vtgate prints it are one,
// whichever way vtgate prints the type.
func TestTypes(t *testing.T) {
	for literal, want := range map[string]string{
		"5": ":a /* INT64 */", "'x'": ":a /* VARCHAR */", "1.25": ":a /* DECIMAL(3,2) */", "5.": "CAST(:a AS DECIMAL(1, 0))", "1e3": "CAST(:a AS DOUBLE)",
		"date'2020-01-01'": "CAST(:a AS DATE)", "time'10:11:12.5'": "CAST(:a AS TIME(1))", "timestamp'2020-01-01 10:11:12'": "CAST(:a AS DATETIME)", "0x1f": ":a /* HEXNUM */", "?": ":v1",
	} {
		want := []string{"select b from t where a = " + want}
		for _, sql := range []string{"select b from t where a = " + literal, want[0], "/* app */ " + want[0] + " /* trace */;"} {
			if got := normalised(t, sql); len(got) != 1 || got[0] != want[0] {
				t.Errorf("%s: got %q, want %q", sql, got, want)
			}
		}
	}
}
