package queries

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
)

// TestBounds: whatever is read, no more is kept than there is room for, and the
// rest is told.
func TestBounds(t *testing.T) {
	var source strings.Builder
	for round := range 2 {
		for i := range 20 {
			fmt.Fprintf(&source, "select c%d from t;\n", i)
		}
		fmt.Fprintf(&source, "select c%d from t; select '%s';\n", round, strings.Repeat("x", 2000))
	}
	c := NewCorpus()
	c.limits = limits{queries: 7, text: maxText, seen: 3, line: 1000}
	if err := c.Read("source", strings.NewReader(source.String())); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"source: 2 lines longer than 0 MiB skipped",
		"there are more distinct queries than are kept (7, or 64 MiB of text), so the most executed are: 35 executions not counted, at most 5 of each query",
	}
	if got := c.Notes(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("notes %q, want %q", got, want)
	}
	var total int64
	for _, q := range c.Queries() {
		total += q.Executions
	}
	if len(c.Queries()) != 7 || total != 7 || len(c.seen) > 3 {
		t.Errorf("%d queries, %d executions, %d remembered", len(c.Queries()), total, len(c.seen))
	}

	c = NewCorpus()
	c.limits.text = 40
	if err := c.Read("source", strings.NewReader("select a from t; select b from t; select c from t;")); err != nil {
		t.Fatal(err)
	}
	if len(c.Queries()) != 2 || c.text > 40 {
		t.Errorf("%d queries of %d bytes", len(c.Queries()), c.text)
	}
}

// TestMergeBounds: what is written is read again, all of it.
func TestMergeBounds(t *testing.T) {
	numbered := func(from, to int) []impact.Query {
		var out []impact.Query
		for i := from; i < to; i++ {
			out = append(out, impact.Query{SQL: fmt.Sprintf("select c%d from t", i), Executions: int64(i)})
		}
		return out
	}
	const note = "together these are more distinct queries than a file keeps "
	for _, tt := range []struct {
		name       string
		room       limits
		queries    int
		fresh, old int
		note       string
	}{
		{"room for all", limits{queries: 30, text: maxText}, 30, 10, 10, ""},
		{"for one less", limits{queries: 29, text: maxText}, 29, 10, 9, note + "(29, or 64 MiB of text), so the most executed are written: 1 query is left out, of at most 10 executions each"},
		{"for few", limits{queries: 16, text: maxText}, 16, 10, 0, note + "(16, or 64 MiB of text), so the most executed are written: 14 queries are left out, of at most 23 executions each"},
		{"for little text", limits{queries: 30, text: 100}, 5, 5, 0, note + "(30, or 0 MiB of text), so the most executed are written: 25 queries are left out, of at most 34 executions each"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := merge(numbered(10, 30), numbered(20, 40), tt.room)
			if len(got.Queries) != tt.queries || got.New != tt.fresh || got.Kept != tt.old || got.Note != tt.note {
				t.Errorf("%d queries, %d new, %d kept, note %q, want %q", len(got.Queries), got.New, got.Kept, got.Note, tt.note)
			}
			c := NewCorpus()
			c.limits.queries, c.limits.text = tt.room.queries, tt.room.text
			if err := c.Read("file", strings.NewReader(string(Encode(got.Queries)))); err != nil {
				t.Fatal(err)
			}
			if again := c.Queries(); !slices.Equal(again, got.Queries) || len(c.Notes()) > 0 || again[0].Executions != 39 {
				t.Errorf("read again %d of %d queries, notes %q", len(again), len(got.Queries), c.Notes())
			}
		})
	}
}

// TestHottestAreKept: wherever in a source the hot queries stand, and among however
// many others, they are kept, and what is said of the rest is true.
func TestHottestAreKept(t *testing.T) {
	const room = 64
	for name, rank := range map[string]func(r *rand.Rand, i int) int{
		"at the beginning": func(_ *rand.Rand, i int) int { return i },
		"at the end":       func(_ *rand.Rand, i int) int { return -i },
		"anywhere":         func(r *rand.Rand, _ int) int { return r.IntN(1 << 30) },
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			truth := map[string]int64{}
			type one struct {
				sql  string
				rank int
			}
			var runs []one
			for i := range 2000 {
				sql := fmt.Sprintf("select c%d from t", i)
				times := 1 + 400/(i+1) // hot ones, and a long tail of those that ran once
				truth[sql] = int64(times)
				for range times {
					runs = append(runs, one{sql, rank(r, i)})
				}
			}
			slices.SortStableFunc(runs, func(a, b one) int { return a.rank - b.rank })
			var source strings.Builder
			for _, run := range runs {
				source.WriteString(run.sql + ";\n")
			}
			var first []impact.Query
			for range 2 {
				c := NewCorpus()
				c.limits.queries = room
				if err := c.Read("source", strings.NewReader(source.String())); err != nil {
					t.Fatal(err)
				}
				got := c.Queries()
				wantHottest(t, c, truth, int64(len(runs)))
				if first != nil && !slices.Equal(first, got) {
					t.Errorf("another time others are kept")
				}
				first = got
			}
			for i := range 5 {
				if sql := fmt.Sprintf("select c%d from t", i); first[i].SQL != sql {
					t.Errorf("number %d is %s of %d executions, want %s of %d", i, first[i].SQL, first[i].Executions, sql, truth[sql])
				}
			}
		})
	}
}

// wantHottest checks that no query misses more executions than are told.
func wantHottest(t *testing.T, c *Corpus, truth map[string]int64, runs int64) {
	t.Helper()
	var total int64
	counted := map[string]int64{}
	for _, q := range c.Queries() {
		counted[q.SQL] = q.Executions
		total += q.Executions
	}
	for sql, times := range truth {
		if missed := times - counted[sql]; missed < 0 || missed > c.floor {
			t.Errorf("%s: ran %d times, counted %d: at most %d may be missing", sql, times, counted[sql], c.floor)
		}
	}
	if len(counted) > c.limits.queries || total+c.beyond != runs || c.floor > runs/int64(c.limits.queries)*2 {
		t.Errorf("%d queries, %d executions and %d not counted, of %d; at most %d of each", len(counted), total, c.beyond, runs, c.floor)
	}
}

const million = 1 << 20

// endless gives one text again and again, up to a size, and watches the memory.
type endless struct {
	start, again, end string
	left              int
	pending           string
	peak              uint64
	reads             int
}

func (e *endless) Read(b []byte) (int, error) {
	if e.reads++; e.reads%256 == 1 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		e.peak = max(e.peak, m.HeapAlloc)
	}
	if e.pending == "" {
		switch {
		case e.start != "":
			e.pending, e.start = e.start, ""
		case e.left > 0:
			e.pending = strings.Repeat(e.again, 1+(64<<10)/len(e.again))
			e.left -= len(e.pending)
		case e.end != "":
			e.pending, e.end = e.end, ""
		default:
			return 0, io.EOF
		}
	}
	n := copy(b, e.pending)
	e.pending = e.pending[n:]
	return n, nil
}

// TestMemory: 64 MB (20 in short tests) of any form are read in little memory, be it lines without
// number or one line.
func TestMemory(t *testing.T) {
	line := benchLine("text", "select a from t where id = :id /* INT64 */")
	tests := map[string]endless{
		"a log":                   {again: line},
		"a JSON log":              {again: benchLine("json", "select a from t where id = :id /* INT64 */")},
		"plain SQL":               {again: "select a from t where id = 5;\n"},
		"a plan cache":            {start: "{", again: `"select a from t": {"Type": "x", "QueryType": "SELECT", "ExecCount": 5},` + "\n", end: `"begin": {}}`},
		"one line of a log":       {start: line, again: "x", end: "\n" + line},
		"one statement":           {start: "select a from t where id = 5; select '", again: "x", end: "'; select a from t where id = 6;"},
		"one comment":             {start: "select a from t where id = 5; /* ", again: "x", end: "*/; select a from t where id = 6;"},
		"one entry of a slow log": {start: "# Time: 2026\n# Query_time: 1\nselect a from t where id = 5;\n# Time: 2026\nselect '", again: "x\n", end: "';\n# Time: 2026\nselect a from t where id = 5;\n"},
		"one plan":                {start: `{"select a from t": {"Type": "x", "QueryType": "SELECT", "Instructions": "`, again: "x", end: `"}}`},
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			source.left = 64 * million
			if testing.Short() {
				source.left = 20 * million // above what is held of one line
			}
			c := NewCorpus()
			err := c.Read("source", &source)
			if name != "one plan" && (err != nil || len(c.Queries()) != 1) {
				t.Fatalf("%v, %d queries, notes %q", err, len(c.Queries()), c.Notes())
			}
			if name == "one plan" && (err == nil || !strings.Contains(err.Error(), "longer than 16 MiB")) {
				t.Fatalf("got %v", err)
			}
			if used := int64(source.peak) - int64(before.HeapAlloc); used > 128*million {
				t.Errorf("%d MB of memory", used/million)
			} else {
				t.Logf("%d MB of memory", used/million)
			}
		})
	}
}

func benchLine(form, sql string) string {
	if form == "json" {
		return `{"Method": "Execute", "RemoteAddr": "127.0.0.1:52711", "Username": "app", "ImmediateCaller": "userData1", "Effective Caller": "", ` +
			`"Start": "2026-11-20 10:11:12.123456", "End": "2026-11-20 10:11:12.124012", "TotalTime": 0.000556, "PlanTime": 0.000012, "ExecuteTime": 0.000501, "CommitTime": 0.000000, "StmtType": "SELECT", ` +
			`"SQL": ` + strconv.Quote(sql) + `, "BindVars": {"vtg1": {"type": "INT64", "value": 7}}, "ShardQueries": 1, "RowsAffected": 0, "Error": "", "TabletType": "PRIMARY", ` +
			`"SessionUUID": "7b1f0e9c-0000-11f0-8000-0242ac110002", "Cached Plan": true, "TablesUsed": ["shop.orders"], "ActiveKeyspace": "shop", ` +
			`"MirrorSourceExecuteTime": 0.000000, "MirrorTargetExecuteTime": 0.000000, "MirrorTargetError": "", "EmitReason": ""}` + "\n"
	}
	return "Execute\t127.0.0.1:52711\tapp\t'userData1'\t''\t2026-11-20 10:11:12.123456\t2026-11-20 10:11:12.124012\t0.000556\t0.000012\t0.000501\t0.000000\tSELECT\t" + strconv.Quote(sql) + "\t" +
		`{"vtg1": {"type": "INT64", "value": 7}}` + "\t1\t0\t\"\"\t\"PRIMARY\"\t\"7b1f0e9c-0000-11f0-8000-0242ac110002\"\ttrue\t[\"shop.orders\"]\t\"shop\"\t0.000000\t0.000000\t\"\"\t\"\"\n"
}

// BenchmarkLog reads logs of 2,000 distinct queries; raw is a file of plain SQL in
// which each statement has its own literals.
func BenchmarkLog(b *testing.B) {
	const distinct = 2000
	for _, form := range []string{"text", "json", "raw"} {
		b.Run(form, func(b *testing.B) {
			var block strings.Builder
			for i := range distinct {
				sql := fmt.Sprintf("select o.id, o.state, c.name, c.email from orders as o join customers as c on c.id = o.customer_id where o.c%d = :c /* INT64 */ and o.state in ::vtg1 order by o.id desc limit :vtg2 /* INT64 */", i)
				if form == "raw" {
					block.WriteString(strings.NewReplacer(":c /* INT64 */", strconv.Itoa(i), "::vtg1", "('a', 'b')", ":vtg2 /* INT64 */", "10").Replace(sql) + ";\n")
				} else {
					block.WriteString(benchLine(form, sql))
				}
			}
			b.SetBytes(int64(block.Len() / distinct))
			b.ReportAllocs()
			source := endless{again: block.String(), left: max(1, b.N/distinct*block.Len())}
			c := NewCorpus()
			if form == "raw" {
				c.limits.seen = 1
			}
			if err := c.Read("source", &source); err != nil {
				b.Fatal(err)
			}
		})
	}
}
