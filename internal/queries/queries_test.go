package queries_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
)

// read reads one source into a corpus of its own.
func read(t testing.TB, source string) *queries.Corpus {
	t.Helper()
	c := queries.NewCorpus()
	if err := c.Read("source", strings.NewReader(source)); err != nil {
		t.Fatalf("read: %v", err)
	}
	return c
}

// textLog and jsonLog are lines of vtgate 24's query log.
func textLog(method, sql, keyspace, tabletType, problem string) string {
	return method + "\t127.0.0.1:5\tapp\t'user'\t'o'brien'\t2026-11-20 10:11:12.123456\t2026-11-20 10:11:12.124012\t0.000556\t0.000012\t0.000501\t0.000000\tSELECT\t" +
		strconv.Quote(sql) + "\t" + `{"SQL": {"type": "VARCHAR", "value": "\tActiveKeyspace"}}` + "\t1\t0\t" + strconv.Quote(problem) + "\t" + strconv.Quote(tabletType) +
		"\t\"7b1f\"\ttrue\t[\"shop.orders\"]\t" + strconv.Quote(keyspace) + "\t0.000000\t0.000000\t\"\"\t\"\"\n"
}

func jsonLog(method, sql, keyspace, tabletType, problem string) string {
	return fmt.Sprintf(`{"Method": %q, "RemoteAddr": "", "Username": "\"SQL\": \"x\"", "ImmediateCaller": "", "Effective Caller": "", `+
		`"Start": "2026-11-20 10:11:12.123456", "End": "2026-11-20 10:11:12.124012", "TotalTime": 0.000556, "PlanTime": 0.000012, "ExecuteTime": 0.000501, "CommitTime": 0.000000, "StmtType": "SELECT", `+
		`"SQL": %s, "BindVars": {"SQL": {"type": "VARCHAR", "value": "7 bytes"}, "ActiveKeyspace": {"type": "INT64", "value": 7}}, "ShardQueries": 1, "RowsAffected": 0, "Error": %s, "TabletType": %q, `+
		`"SessionUUID": "7b1f", "Cached Plan": true, "TablesUsed": ["shop.orders"], "ActiveKeyspace": %q, `+
		`"MirrorSourceExecuteTime": 0.000000, "MirrorTargetExecuteTime": 0.000000, "MirrorTargetError": "", "EmitReason": ""}`+"\n",
		method, strconv.Quote(sql), strconv.Quote(problem), tabletType, keyspace)
}

const byID = "select a from t where id = :id /* INT64 */"

func TestForms(t *testing.T) {
	type q = impact.Query
	tests := map[string]struct {
		source string
		want   []impact.Query
		notes  []string
	}{
		"plain SQL": {
			source: "-- a comment; with a semicolon\n--error 1146\nUSE shop;\nselect a from t where id = 5;\nSELECT a\n  FROM t /* why; */ WHERE id=6; # more; of it\nuse `shop@replica`; select a from t where id = 7;\nbegin; set names utf8; insert into t(a, b) values (1, 'x;y'), (2, 'z\\';')",
			want: []q{
				{SQL: byID, Keyspace: "shop", Executions: 2},
				{SQL: "insert into t(a, b) values (:vtg1 /* INT64 */, :vtg2 /* VARCHAR */), (:vtg3 /* INT64 */, :vtg4 /* VARCHAR */)", Keyspace: "shop", TabletType: "replica", Executions: 1},
				{SQL: byID, Keyspace: "shop", TabletType: "replica", Executions: 1},
			},
			notes: []string{
				"source: 4 statements left out, since the VSchema decides nothing for them: 1 BEGIN, 1 SET, 2 USE",
				"1 query is known with and without a tablet type (of a log and a plan cache?): both count",
			},
		},
		"SQL for one shard": {
			source: "use `shop/-80`; select a from t where id = 5; use shop; select a from t where id = 5;",
			want:   []q{{SQL: byID, Keyspace: "shop", Executions: 1}},
			notes:  []string{"source: 3 statements left out, since the VSchema decides nothing for them: 2 USE, 1 sent to a shard by name"},
		},
		"vtgate's log as text": {
			source: textLog("Execute", byID, "shop", "PRIMARY", "") + textLog("Execute", byID, "shop", "PRIMARY", "VT05004: table t does not exist") +
				textLog("Prepare", byID, "shop", "PRIMARY", "") + textLog("Execute", "commit", "shop", "PRIMARY", "") + textLog("StreamExecute", "/* app */ "+byID, "", "RDONLY", "") + "Execute\t127",
			want:  []q{{SQL: byID, Keyspace: "shop", TabletType: "primary", Executions: 2}, {SQL: byID, TabletType: "rdonly", Executions: 1}},
			notes: []string{"source: 2 statements left out, since the VSchema decides nothing for them: 1 COMMIT, 1 PREPARE or EXECUTE", "source: its last line is cut off"},
		},
		"vtgate's log as JSON": {
			source: jsonLog("Execute", byID, "shop", "PRIMARY", "") + jsonLog("Execute", byID, "shop", "PRIMARY", `near "x": \`) +
				jsonLog("Execute", "select a from t where b = '\a\x80\\\\'", "shop", "REPLICA", "") + jsonLog("Execute", "select a from t where b = \"\\\\\"", "shop", "REPLICA", "") + "not one\n" + `{"SQL":"select a from t where id = 5","ActiveKeyspace":"shop","TabletType":"PRIMARY"}` + "\n",
			want: []q{
				{SQL: byID, Keyspace: "shop", TabletType: "primary", Executions: 3},
				{SQL: "select a from t where b = :b /* VARCHAR */", Keyspace: "shop", TabletType: "replica", Executions: 2},
			},
			notes: []string{"source: 1 line cannot be read, the first is line 5"},
		},
		"a log cut at its beginning": {
			source: "te\": 7}, \"x\": 1}\n" + jsonLog("Execute", byID, "shop", "PRIMARY", ""),
			want:   []q{{SQL: byID, Keyspace: "shop", TabletType: "primary", Executions: 1}},
			notes:  []string{"source: 1 line cannot be read, the first is line 1"},
		},
		"the plan cache": {
			source: "{\n \"" + byID + "\": {\n  \"Type\": \"Lookup\", \"QueryType\": \"SELECT\", \"Original\": \"x\", \"Instructions\": {\"OperatorType\": \"Route\"}, \"ExecCount\": 41, \"TablesUsed\": [\"shop.t\"]\n },\n" +
				" \"select x from a, b\": {\"Type\": \"Join\", \"QueryType\": \"SELECT\", \"TablesUsed\": [\"shop.a\", \"users.b\"]},\n \"begin\": {\"Type\": \"Transaction\", \"QueryType\": \"BEGIN\"}\n}",
			want:  []q{{SQL: byID, Keyspace: "shop", Executions: 41}, {SQL: "select x from a, b", Executions: 1}},
			notes: []string{"source: 1 statement left out, since the VSchema decides nothing for them: 1 BEGIN"},
		},
		"an empty plan cache": {source: "{}", notes: []string{"source: it has no queries"}},
		"vt keys": {
			source: `{"fileType": "keys", "queries": [{"queryStructure": "SELECT ` + "`a` FROM `t` WHERE `id` = :id /* INT64 */" + `", "usageCount": 7, "lineNumbers": [1]}], "failed": [{"query": "selec 'secret'", "lineNumber": 3, "error": "near 'secret'"}]}`,
			want:   []q{{SQL: byID, Executions: 7}},
			notes:  []string{"source: 1 statement that vt keys could not read"},
		},
		"MySQL's slow log": {
			source: "/usr/sbin/mysqld, Version: 8.0.30 (MySQL Community). started with:\nTcp port: 3306  Unix socket: /tmp/mysql.sock\nTime                 Id Command    Argument\n" +
				"# Time: 2026-11-20T10:11:12.000000Z\n# User@Host: app[app] @ localhost []  Id: 9\n# Query_time: 0.5  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 5\nuse shop;\nSET timestamp=1700000000;\nselect a\nfrom t where id = 5;\n" +
				"# Time: 2026-11-20T10:11:13.000000Z\n# User@Host: app[app] @ localhost []  Id: 9\n# Query_time: 0.5  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 5\nSET timestamp=1700000001;\n# administrator command: Prepare;\n" +
				"# Time: 2026-11-20T10:11:13.000000Z\n# Query_time: 0.5  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 5\nSET timestamp=1700000001;\nselect a from t where id = 6;\n",
			want: []q{{SQL: byID, Keyspace: "shop", Executions: 2}},
		},
		"MySQL's general log": {
			source: "/usr/sbin/mysqld, Version: 8.0.30 (MySQL Community). started with:\nTcp port: 3306  Unix socket: /tmp/mysql.sock\nTime                 Id Command    Argument\n" +
				"2026-11-20T10:11:12.000000Z\t    8 Connect\tapp@localhost on shop using Socket\n2026-11-20T10:11:12.000000Z\t    9 Connect\tapp@localhost on  using Socket\n" +
				"2026-11-20T10:11:12.000000Z\t    8 Query\tselect a\nfrom t where id = 5\n2026-11-20T10:11:12.000000Z\t    9 Query\tselect a from t where id = 5\n2026-11-20T10:11:12.000000Z\t    8 Quit\t\n",
			want: []q{{SQL: byID, Executions: 1}, {SQL: byID, Keyspace: "shop", Executions: 1}},
		},
		"vtsync's own file": {
			source: string(queries.Encode([]impact.Query{{SQL: byID, Keyspace: "shop", TabletType: "rdonly", Executions: 9}})),
			want:   []q{{SQL: byID, Keyspace: "shop", TabletType: "rdonly", Executions: 9}},
		},
		"an empty file": {notes: []string{"source: it has no queries"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for how, source := range map[string]string{
				"plain": tt.source, "gzip": gzipped(t, tt.source), "byte order mark": "\xef\xbb\xbf" + tt.source, "CRLF": strings.ReplaceAll(tt.source, "\n", "\r\n"),
			} {
				c := read(t, source)
				if diff := cmp.Diff(tt.want, c.Queries()); diff != "" && (tt.want != nil || len(c.Queries()) > 0) {
					t.Errorf("%s: queries (-want +got):\n%s", how, diff)
				}
				if diff := cmp.Diff(tt.notes, c.Notes()); diff != "" {
					t.Errorf("%s: notes (-want +got):\n%s", how, diff)
				}
			}
		})
	}
}

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestMerge: a query of both files gets the larger count, and one that only one
// of them has stays.
func TestMerge(t *testing.T) {
	older := []impact.Query{{SQL: "a", Executions: 5}, {SQL: "b", Executions: 1}, {SQL: "b", Keyspace: "shop", Executions: 9}}
	newer := []impact.Query{{SQL: "a", Executions: 3}, {SQL: "b", Executions: 7}, {SQL: "c", Executions: 7}}
	want := []impact.Query{{SQL: "b", Keyspace: "shop", Executions: 9}, {SQL: "b", Executions: 7}, {SQL: "c", Executions: 7}, {SQL: "a", Executions: 5}}
	got := queries.Merge(older, newer)
	if diff := cmp.Diff(queries.Merged{Queries: want, New: 1, Kept: 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDoubled: what a log and a plan cache have of the same traffic counts twice, and
// that is told; a query of two files with the same key is one, and their counts add up.
func TestDoubled(t *testing.T) {
	c := queries.NewCorpus()
	other := "delete from t where id = :id /* INT64 */"
	for _, source := range []string{
		textLog("Execute", byID, "shop", "PRIMARY", "") + textLog("Execute", byID, "shop", "REPLICA", "") + textLog("Execute", other, "shop", "PRIMARY", ""),
		textLog("Execute", byID, "shop", "PRIMARY", ""),
		`{"format":1,"queries":[{"sql":"` + byID + `","keyspace":"shop","executions":5},{"sql":"` + byID + `","executions":7}]}`,
	} {
		if err := c.Read("source", strings.NewReader(source)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(impact.Query{SQL: byID, Keyspace: "shop", TabletType: "primary", Executions: 2}, c.Queries()[2]); diff != "" {
		t.Errorf("two logs (-want +got):\n%s", diff)
	}
	want := []string{"1 query is known with and without a tablet type (of a log and a plan cache?): both count"}
	if diff := cmp.Diff(want, c.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if err := c.Add(impact.Query{SQL: other, Keyspace: "shop", Executions: 1}); err != nil {
		t.Fatal(err)
	}
	want[0] = "2 queries are known with and without a tablet type (of a log and a plan cache?): both count"
	if diff := cmp.Diff(want, c.Notes()); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}
