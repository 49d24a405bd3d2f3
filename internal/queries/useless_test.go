package queries_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/queries"
)

// TestNothingOfUse: a source that has something in it, of which nothing can be used,
// is an error with its name; not one that has just nothing to be planned.
func TestNothingOfUse(t *testing.T) {
	for name, tt := range map[string]struct{ source, msg, next string }{
		"SQL without semicolons": {"select a from t where id = 1\nselect b from t where id = 2\n", "1 statement cannot be used: file:1: syntax error at position", "put a semicolon behind each statement"},
		"broken, after BEGIN":    {"begin; select 1 +; selec 2;", "1 statement left out, since the VSchema decides nothing for them: 1 BEGIN; 2 statements cannot be used: ", "put a semicolon"},
		"a redacted log":         {textLog("Execute", "[REDACTED]", "shop", "PRIMARY", ""), "vtgate has left its text out (--redact-debug-ui-queries)", "import --help"},
		"damaged lines":          {strings.Replace(textLog("Execute", byID, "shop", "PRIMARY", ""), "\"PRIMARY\"", "PRIMARY", 1), "1 line cannot be read, the first is line 1", "import --help"},
		"what vt keys left":      {`{"queries": [], "failed": [{"query": "selec 's3cr3t'", "lineNumber": 3}]}`, "1 statement that vt keys could not read", "import --help"},
		"a slow log's lines":     {slowEntry + setTime + "rows of a report\n", "1 statement cannot be used", "import --help"},
		"cut, and broken":        {gzipped(t, strings.Repeat("select 1 +;\n", 10))[:30], "its compressed data ends too early", "put a semicolon"},
	} {
		t.Run(name, func(t *testing.T) {
			err := queries.NewCorpus().Read("file", strings.NewReader(tt.source))
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) || invalid.Pos.File != "file" || !strings.HasPrefix(invalid.Msg, "nothing of it can be used: ") ||
				!strings.Contains(invalid.Msg, tt.msg) || !strings.Contains(invalid.Next, tt.next) {
				t.Errorf("got %v", err)
			}
		})
	}
	for source, empty := range map[string]bool{"": true, "{}": true, `{"format": 1, "queries": []}`: true, "begin; commit": false, "use `shop/-80`; select 1": false} {
		if c := read(t, source); len(c.Queries()) > 0 || c.Empty() != empty || c.Unusable() != nil {
			t.Errorf("%q: %v, empty %t, unusable %q", source, c.Queries(), c.Empty(), c.Unusable())
		}
	}
}

// TestMostlyUnusable: a source of which the larger part is lost is named.
func TestMostlyUnusable(t *testing.T) {
	c := queries.NewCorpus()
	for name, source := range map[string]string{
		"bad.sql":  "begin; select a from t; selec 1; selec 2;",
		"half.sql": "select a from t; selec 1;",
		"keys":     `{"queries": [{"queryStructure": "select a from t", "usageCount": 9}], "failed": [{"query": "x"}]}`,
	} {
		if err := c.Read(name, strings.NewReader(source)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"bad.sql: more than half of it cannot be used: 2 of 3 statements"}
	if diff := cmp.Diff(want, c.Unusable()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
