package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// literals are what vtgate takes out of a query before it logs it.
var literals = regexp.MustCompile(`'[^']*'|\b\d+\b`)

// logged is a query as vtgate's query log has it: bind variables, each with its
// type.
func logged(query string) string {
	n := 0
	return literals.ReplaceAllStringFunc(query, func(literal string) string {
		n++
		kind := "INT64"
		if literal[0] == '\'' {
			kind = "VARCHAR"
		}
		return fmt.Sprintf(":vtg%d /* %s */", n, kind)
	})
}

// logForms are a line of vtgate's query log in its two forms, by what
// --querylog-format calls them. The first %s is the query, quoted, the second its
// keyspace.
var logForms = map[string]string{
	"text": "Execute\t127.0.0.1:52711\tapp\t'userData1'\t''\t2026-11-20 10:11:12.123456\t2026-11-20 10:11:12.124012\t0.000556\t0.000012\t0.000501\t0.000000\tSELECT\t%s\t" +
		`{"vtg1": {"type": "INT64", "value": 7}}` + "\t1\t0\t\"\"\t\"PRIMARY\"\t\"7b1f0e9c-0000-11f0-8000-0242ac110002\"\ttrue\t[\"shop00.orders_00_001\"]\t\"%s\"\t0.000000\t0.000000\t\"\"\t\"\"\n",
	"json": `{"Method": "Execute", "RemoteAddr": "127.0.0.1:52711", "Username": "app", "ImmediateCaller": "userData1", "Effective Caller": "", ` +
		`"Start": "2026-11-20 10:11:12.123456", "End": "2026-11-20 10:11:12.124012", "TotalTime": 0.000556, "PlanTime": 0.000012, "ExecuteTime": 0.000501, "CommitTime": 0.000000, "StmtType": "SELECT", ` +
		`"SQL": %s, "BindVars": {"vtg1": {"type": "INT64", "value": 7}}, "ShardQueries": 1, "RowsAffected": 0, "Error": "", "TabletType": "PRIMARY", ` +
		`"SessionUUID": "7b1f0e9c-0000-11f0-8000-0242ac110002", "Cached Plan": true, "TablesUsed": ["shop00.orders_00_001"], "ActiveKeyspace": "%s", ` +
		`"MirrorSourceExecuteTime": 0.000000, "MirrorTargetExecuteTime": 0.000000, "MirrorTargetError": "", "EmitReason": ""}` + "\n",
}

// writeLog writes a query log of that many lines, each query in its turn.
func writeLog(w io.Writer, form string, queries []string, lines int) error {
	prepared := make([]string, len(queries))
	for i, q := range queries {
		prepared[i] = fmt.Sprintf(logForms[form], strconv.Quote(logged(q)), corpusKeyspace)
	}
	buf := bufio.NewWriterSize(w, 1<<20)
	for i := range lines {
		if _, err := buf.WriteString(prepared[i%len(prepared)]); err != nil {
			return err
		}
	}
	return buf.Flush()
}
