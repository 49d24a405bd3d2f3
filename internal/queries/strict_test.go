package queries_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
)

// TestStrictFile: vtsync's own file is refused where it is not as vtsync writes
// it, with the place.
func TestStrictFile(t *testing.T) {
	entry := func(fields string) string {
		return "{\n  \"format\": 1,\n  \"queries\": [\n    {\"sql\": \"select 1\", \"executions\": 1},\n    {" + fields + "}\n  ]\n}\n"
	}
	tests := map[string]struct{ source, want string }{
		"unknown field":           {"{\n  \"format\": 1,\n  \"querys\": []\n}", `q.json:3:3: unknown field "querys"`},
		"unknown query field":     {entry(`"sql": "select 1", "weight": 4, "executions": 1`), `q.json:5:25: unknown field "weight"`},
		"another format":          {"{\"format\": 2, \"queries\": []}", `q.json:1:12: it has format 2, and this vtsync reads format 1`},
		"no number as format":     {"{\"format\": \"1\"}", `q.json:1:12: the format must be a number`},
		"no format":               {"{\"queries\": []}", `q.json:1:1: the field "format" is missing: this vtsync reads format 1`},
		"two formats":             {"{\"format\": 1, \"format\": 1}", `q.json:1:15: the field "format" stands twice`},
		"no list":                 {"{\"format\": 1, \"queries\": {}}", `q.json:1:26: a list is missing here`},
		"no object":               {"{\"format\": 1, \"queries\": [5]}", `q.json:1:27: a query must be an object`},
		"no sql":                  {entry(`"executions": 1`), `q.json:5:5: the query has no "sql"`},
		"no text":                 {entry(`"executions": 1, "sql": 7`), `q.json:5:23: "sql" must be a text`},
		"never executed":          {entry(`"sql": "select 1"`), `q.json:5:5: "executions" must be at least 1`},
		"executed half":           {entry(`"sql": "select 1", "executions": 0.5`), `q.json:5:25: "executions" must be a whole number`},
		"unknown tablet type":     {entry(`"sql": "select 1", "executions": 1, "tablet_type": "spare"`), `q.json:5:42: the tablet type must be primary, replica or rdonly`},
		"tablet type in capitals": {entry(`"sql": "select 1", "executions": 1, "tablet_type": "PRIMARY"`), `q.json:5:42: the tablet type must be primary, replica or rdonly`},
		"damaged":                 {entry(`"sql": select`), `q.json:5:13: it is not valid JSON here`},
		"cut off":                 {entry("")[:60], `q.json:4:29: it is not valid JSON here`},
		"something behind":        {"{\"format\": 1, \"queries\": []}\n{}", `q.json:1:29: there is something behind its end`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := queries.NewCorpus().Read("q.json", strings.NewReader(tt.source))
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want Invalid", err)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

// TestNoForm: what has no queries in it is refused, with the forms that would do.
func TestNoForm(t *testing.T) {
	for name, source := range map[string]string{
		"prose": "Dear reader,\nthis is no SQL.", "YAML": "keyspace: shop\n", "a list": "[1, 2]", "a VSchema": `{"sharded": true, "tables": {}}`,
		"bytes": "\x00\x01\x02", "vttablet's log": `{"CallInfo": {}, "OriginalSQL": "select 1"}`,
		"damaged gzip": "\x1f\x8b\x00\x00", "a page": "<!DOCTYPE html>\n<html>",
	} {
		t.Run(name, func(t *testing.T) {
			err := queries.NewCorpus().Read("file", strings.NewReader(source))
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) || invalid.Pos.File != "file" {
				t.Fatalf("got %v, want Invalid", err)
			}
		})
	}
	err := queries.NewCorpus().Read("file", strings.NewReader("delete from t;\nDELIMITER //\ncreate procedure"))
	if err == nil || !strings.HasPrefix(err.Error(), "file:2: DELIMITER") {
		t.Errorf("DELIMITER: got %v", err)
	}
	broken := errors.New("the disk is gone")
	if err := queries.NewCorpus().Read("file", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: got %v", err)
	}
}

// TestOddInput: what is odd is left out, and the rest is read.
func TestOddInput(t *testing.T) {
	type odd struct{ source, notes string }
	tests := map[string]odd{
		"invalid UTF-8 and NUL": {"select a from t where b = '\xff\x00';\nselect a from t where id = 1;", ""},
		"statements that do not parse": {
			"select 1 +;\nselect from;\nselect 1 frm t x y;\nselec 1;\nselect a from t where id = 1;\nselect 1 1;\nselect ,;\nselect 2 from;\nselect (;",
			"source: 8 statements cannot be used; the first 5: source:1: syntax error at position 11; source:2: syntax error at position 12; source:3: syntax error at position 15; source:4: syntax error at position 6; source:6: syntax error at position 11",
		},
		"two that do not parse":       {"select 1 +;\nselect a from t where id = 1;\nselec 1;", "source: 2 statements cannot be used: source:1: syntax error at position 11; source:3: syntax error at position 6"},
		"one that stands there twice": {"select 1 +;\nselect a from t where id = 1;\nselect 1 +;", "source: 2 statements cannot be used; the first: source:1: syntax error at position 11"},
		"gzip that ends too early":    {gzipped(t, strings.Repeat("select a from t where id = 1;\n", 10))[:50], "source: its compressed data ends too early: what came before was read"},
		"a text that does not end":    {"select a from t where id = 1;\nselect 'a; b", "source: 1 statement cannot be used: source:2: syntax error at position 13"},
		"only comments":               {"select a from t where id = 1; -- end\n/* end */ ;; # end", "source: 2 statements left out, since the VSchema decides nothing for them: 2 comment"},
		"mysql-test's lines":          {"--echo it's; done\nselect a from t where id = 1;\n--error 5\nselect a from t where id = 1;", ""},
		"a backslash in a name":       {"select `a\\` from t; select a from t where id = 1;", ""},
		"brackets":                    {"(select a from t where id = 1); select a from t where id = 1;", ""},
	}
	if !testing.Short() {
		deep := "select " + strings.Repeat("1+", 1<<19-10) + "1"
		tests["the deepest statement"] = odd{"select a from t where id = 1; " + deep + "; select " + strings.Repeat("(", 1<<19), "source: 1 statement cannot be used: source:1: syntax error at position 524296"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := read(t, tt.source)
			if got := strings.Join(c.Notes(), "\n"); got != tt.notes {
				t.Errorf("notes:\n%s\nwant:\n%s", got, tt.notes)
			}
			found := false
			for _, q := range c.Queries() {
				found = found || strings.HasPrefix(q.SQL, "select a from t where id = :id")
			}
			if !found {
				t.Errorf("the plain query is lost: %v", c.Queries())
			}
		})
	}
}

// TestAdd: a query given is checked and normalised as one that is read.
func TestAdd(t *testing.T) {
	c := queries.NewCorpus()
	for _, q := range []impact.Query{
		{SQL: "select a from t where id = 5", TabletType: "REPLICA", Executions: 3}, {SQL: byID, TabletType: "replica", Executions: 4},
		{SQL: "begin", Executions: 1}, {SQL: "selec 's3cr3t'", Executions: 2},
	} {
		if err := c.Add(q); err != nil {
			t.Errorf("%s: %v", q.SQL, err)
		}
	}
	if got := c.Queries(); len(got) != 1 || got[0] != (impact.Query{SQL: byID, TabletType: "replica", Executions: 7}) {
		t.Errorf("got %+v", got)
	}
	if notes := strings.Join(c.Notes(), "\n"); strings.Contains(notes, "s3cr3t") || !strings.Contains(notes, "1 statement cannot be used") || !strings.Contains(notes, "1 BEGIN") {
		t.Errorf("notes: %s", notes)
	}
	for _, q := range []impact.Query{{SQL: byID}, {SQL: byID, Executions: 1, TabletType: "spare"}} {
		if err := c.Add(q); err == nil {
			t.Errorf("%+v was taken", q)
		}
	}
}
