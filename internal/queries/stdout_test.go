package queries_test

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
)

// refused are statements that Vitess's normaliser refuses, for most of which it prints to
// standard output.
var refused = []string{
	"select a, b from t where c = date '2020-99-99' and d = 1", "select date 'x', 1 from t", "select timestamp '2020-99-01 00:00:00', 1 from t", "select time 'x', a from t where b = 2",
	"insert into t(a, b) values (date 'x', 1), (2, 3)", "update t set a = date 'x', b = 1 where c = 2", "delete from t where a in (date 'x', 1) and b = 2", "select a from t where b > date 'x' and c = 3 limit 4",
	"select @a := 5, 6", "select found_rows(1), 2 from t", "select row_count(a), b from t", "select a from (select date 'x' as a, 1 as b from t) as d where c = 1",
	"select a from t union select date 'x' from u where b = 1", "with c as (select time 'x' as a from t) select a from c where b = 1",
}

// TestNothingIsPrinted: Vitess's normaliser prints where it refuses, and standard
// output belongs to the answer, which may be JSON.
func TestNothingIsPrinted(t *testing.T) {
	cases := append(plannerCases(t), telling...)
	printed := printedBy(t, func() {
		for _, sql := range append(cases, refused...) {
			_ = queries.NewCorpus().Add(impact.Query{SQL: sql, Executions: 1})
			_ = queries.NewCorpus().Read("source", strings.NewReader(sql))
		}
	})
	if printed != "" {
		t.Errorf("printed %q", printed)
	}
	for _, sql := range refused {
		c := queries.NewCorpus()
		if err := c.Add(impact.Query{SQL: sql, Executions: 1}); err != nil || len(c.Queries()) > 0 || len(c.Notes()) != 1 {
			t.Errorf("%s: %v, %q, %v", sql, c.Queries(), c.Notes(), err)
		}
	}
}

// printedBy gives what f writes to standard output.
func printedBy(t *testing.T, f func()) string {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(out)
		read <- string(all)
	}()
	before := os.Stdout
	os.Stdout = in
	func() {
		defer func() { os.Stdout = before; _ = in.Close() }()
		f()
	}()
	return <-read
}
