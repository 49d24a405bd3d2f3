package queries_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
)

const (
	slowUser  = "# User@Host: app[app] @  [10.0.0.1]  Id:     8\n# Query_time: 0.001  Lock_time: 0.000 Rows_sent: 0  Rows_examined: 0\n"
	slowEntry = "# Time: 2026-11-20T10:11:12.000000Z\n" + slowUser
	setTime   = "SET timestamp=1706781600;\n"
	serverUp  = "/usr/sbin/mysqld, Version: 8.0.36 (MySQL Community). started with:\nTcp port: 3306  Unix socket: /tmp/mysql.sock\nTime                 Id Command    Argument\n"
)

// TestSlowLog: the slow logs of servers and of exports from a cloud, which put more
// around a statement than MySQL's own.
func TestSlowLog(t *testing.T) {
	inShop := impact.Query{SQL: byID, Keyspace: "shop", Executions: 2}
	tests := map[string]struct {
		source string
		want   []impact.Query
	}{
		"RDS: the time before each entry": {
			strings.ReplaceAll(slowEntry+setTime+"# administrator command: Ping;\n"+slowEntry+"use shop;\n"+setTime+"select a\nfrom t where id = 5;\n"+slowEntry+setTime+"select a from t where id = 6;\n",
				"# Time", "2023-12-19T18:01:34.672Z # Time"), []impact.Query{inShop},
		},
		"an export with the time before each line": {
			"2023-12-19T18:01:34.672Z " + strings.ReplaceAll(strings.TrimSuffix(slowEntry+"use shop;\n"+setTime+"select a\nfrom t where id = 5;\n"+slowEntry+setTime+"select a from t where id = 6;\n", "\n"), "\n", "\n2023-12-19T18:01:34.672Z ") + "\n",
			[]impact.Query{inShop},
		},
		"an export with the name of the stream": {
			strings.ReplaceAll(slowEntry+"use shop;\n"+setTime+"select a from t where id = 5;\n"+slowEntry+setTime+"select a from t where id = 6;\n",
				"# Time", "2023-12-19T18:01:34.672000+00:00 my-db.1 # Time"), []impact.Query{inShop},
		},
		"numbers that a statement got": {
			slowEntry + "use shop;\nSET insert_id=5,timestamp=1706781600;\nselect a from t where id = 5;\n" +
				slowUser + "SET last_insert_id=7,insert_id=8,timestamp=1706781600;\nselect a from t where id = 6;\n",
			[]impact.Query{inShop},
		},
		"one of many is logged": {
			slowEntry + "# Log_slow_rate_type: query  Log_slow_rate_limit: 500\nuse shop;\n" + setTime + "select a from t where id = 5;\n" +
				slowEntry + setTime + "select a from t where id = 6;\n" +
				"# Time: 2026-11-20T10:11:12.000000Z\n# User@Host: app[app] @  [10.0.0.1]  Id:     8\n# Schema: users  Last_errno: 0  Killed: 0\n# Query_time: 0.001\n# Log_slow_rate_type: session  Log_slow_rate_limit: 3\n" + setTime + "select a from t where id = 5;\n",
			[]impact.Query{{SQL: byID, Keyspace: "shop", Executions: 501}, {SQL: byID, Keyspace: "users", Executions: 3}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { wantQueries(t, tt.source, tt.want) })
	}
}

func wantQueries(t *testing.T, source string, want []impact.Query) {
	t.Helper()
	c := read(t, source)
	if diff := cmp.Diff(want, c.Queries()); diff != "" || len(c.Notes()) > 0 {
		t.Errorf("(-want +got):\n%s\nnotes %q", diff, c.Notes())
	}
}

// TestGeneralLog: whatever command stands on the next line, it is no part of the
// statement before.
func TestGeneralLog(t *testing.T) {
	const at = "2026-11-20T10:11:12.000000Z\t"
	inShop := []impact.Query{{SQL: byID, Keyspace: "shop", Executions: 1}}
	source := serverUp + at + "    8 Connect\tapp@localhost on shop using Socket\n" + at + "    8 Query\tselect a\nfrom t where id = 5\n"
	for _, command := range []string{
		"Binlog Dump\tLog: 'x' Pos: 4", "Binlog Dump GTID\tLog: '' Pos: 4 GTIDs: ''", "Kill\t7", "Processlist\t", "Set option\t", "Set option", "Fetch\t", "Long Data\t", "Debug\t",
		"Refresh\t", "Create DB\tx", "Drop DB\tx", "Shutdown\t", "Sleep\t", "Statistics\t", "Register Slave\t", "Daemon\t", "clone\t", "Group Replication Data Stream subscription\t", "Of a later version\tx",
	} {
		wantQueries(t, source+at+"    9 "+command+"\n", inShop)
	}
	// Without a time, only what older servers say is a command.
	wantQueries(t, source+"\t\t    9 Create DB\tx\n", inShop)
	wantQueries(t, strings.Replace(source, "\nfrom t where id = 5", "\nfrom t where id =\n\t\t5 or id =\n\t\t6 Or id = 7", 1),
		[]impact.Query{{SQL: "select a from t where id = :id /* INT64 */ or id = :id1 /* INT64 */ or id = :id2 /* INT64 */", Keyspace: "shop", Executions: 1}})
	// An export has its own time before the server's.
	wantQueries(t, strings.ReplaceAll(source+at+"    9 Quit\t\n", "2026-11-20", "2026-11-20T10:11:12.001Z 2026-11-20"), inShop)
}

// TestDigest: a report of pt-query-digest begins as SQL's comments do, and is refused
// by its name.
func TestDigest(t *testing.T) {
	overall := "# Overall: 3 total, 1 unique, 0.5 QPS, 0.1x concurrency __________________\n# Time range: 2022-08-29T14:00:00 to 2022-08-29T14:10:00\n"
	query := "# Query 1: 0.5 QPS, 0.1x concurrency, ID 0xABC at byte 100\n# Count        100     412\nSELECT a FROM t WHERE b='s3cr3t'\\G\n"
	for name, source := range map[string]string{
		"whole": "\n# 150ms user time, 10ms system time, 35.09M rss, 95.66M vsz\n# Current date: Mon Aug 29 14:22:11 2022\n" + overall + query,
		"in s":  "# 1.5s user time, 10ms system time, 35.09M rss, 95.66M vsz\n", "without its header": overall + query, "one query": query,
	} {
		t.Run(name, func(t *testing.T) {
			err := queries.NewCorpus().Read("digest.txt", strings.NewReader(source))
			var invalid *errs.Invalid
			if !errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), "digest.txt: it is a report of pt-query-digest") || !strings.Contains(invalid.Next, "the log") {
				t.Errorf("got %v", err)
			}
		})
	}
}
