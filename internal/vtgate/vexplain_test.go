package vtgate

import (
	"strings"
	"testing"

	"vitess.io/vitess/go/vt/sqlparser"
)

// Whatever is given as a query, what is sent plans one statement and runs none.
func TestVexplainPlanSendsNothingElse(t *testing.T) {
	for sql, want := range map[string]string{
		"select a from t where id = :vtg1 /* INT64 */":  "vexplain plan select a from t where id = 1",
		"select a from t where id in ::vtg1;":           "vexplain plan select a from t where id in ::vtg1",
		"delete from t where id = 1":                    "vexplain plan delete from t where id = 1",
		"replace into t(a) values (:vtg1)":              "vexplain plan replace into t(a) values (:vtg1)",
		"update /*vt+ ALLOW_SCATTER */ t set a = 1":     "vexplain plan update /*vt+ ALLOW_SCATTER */ t set a = 1",
		"select 'a;b', '*/; delete from t' from t":      "vexplain plan select 'a;b', '*/; delete from t' from t",
		"select -- b; delete from t\n a from t":         "vexplain plan select -- b; delete from t\n a from t",
		"select a from t # ; delete from t":             "vexplain plan select a from t",
		"/*!99999 delete from t; */ select a from t":    "vexplain plan select a from t",
		"select `a``; delete from t` from `b;c`":        "vexplain plan select `a``; delete from t` from `b;c`",
		"select a from t union select b from u limit 1": "vexplain plan select a from t union select b from u limit 1",

		"":                                 "",
		"select a from t; delete from t":   "",
		"select a from t /*! ; delete */":  "",
		"select a from t -- b\n; select 1": "",
		"select a\x00; delete from t":      "",
		"delimiter //\nselect a from t //": "",
		"queries select a from t":          "",
		"all select a from t":              "",
		"trace delete from t":              "",
		"vexplain trace delete from t":     "",
		"vexplain all select a from t":     "",
		"vexplain plan select a from t":    "",
		"explain analyze select a from t":  "",
		"prepare s from 'delete from t'":   "",
		"call p()":                         "",
		"drop table t":                     "",
		"begin":                            "",
	} {
		got, err := vexplainPlan(sql)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q:\ngives %q, %v\nwant  %q", sql, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "from") {
			t.Errorf("%q: the error quotes it: %v", sql, err)
		}
	}
}

func FuzzVexplainPlan(f *testing.F) {
	for _, seed := range []string{"select a from t", "select 1 /*! */; delete from t", "insert into t values ('a', :b, ::c)", "trace delete from t", "select -- x\n'\\'' from t"} {
		f.Add(seed)
	}
	parser, err := sqlParser()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		text, err := vexplainPlan(sql)
		if err != nil {
			return
		}
		pieces, err := parser.SplitStatementToPieces(text)
		if err != nil || len(pieces) != 1 {
			t.Fatalf("%q is sent as %d statements: %q", sql, len(pieces), text)
		}
		stmt, err := parser.Parse(text)
		explain, ok := stmt.(*sqlparser.VExplainStmt)
		if err != nil || !ok || explain.Type != sqlparser.PlanVExplainType {
			t.Fatalf("%q is sent as %q", sql, text)
		}
	})
}
