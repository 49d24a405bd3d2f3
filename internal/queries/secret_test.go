package queries_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/queries"
)

// secrets are literals that must not be found again.
var secrets = []string{"s3cr3t", "987654321", "7365637265740a"}

// telling are statements with a literal in every place that has been thought of,
// whole and broken.
var telling = []string{
	"select a from t where b = 's3cr3t' and c = 987654321 and d in ('s3cr3t', 987654321) and e = x'7365637265740a'",
	"select a from t where b = \"s3cr3t\" and c = 0x7365637265740a and d = N's3cr3t' and e = _utf8mb4 's3cr3t' and f = 9.87654321987654321e5",
	"/* s3cr3t */ select /* s3cr3t */ /*vt+ WORKLOAD_NAME=s3cr3t ALLOW_SCATTER */ /*+ SET_VAR(x='s3cr3t') */ a /* s3cr3t */ from t -- s3cr3t",
	"select * from (select 's3cr3t', 987654321 from t where id = 987654321) as d where x = 's3cr3t'",
	"values row(987654321, 's3cr3t'), row(9876543219876543219876543210, 's3cr3t')",
	"select 9876543219876543219876543210, -987654321, a + interval 987654321 day from t group by 's3cr3t' order by 's3cr3t', 987654321 + a limit 987654321",
	"select last_insert_id() + 987654321, database() = 's3cr3t', (select 's3cr3t'), @@sql_mode = 's3cr3t' from t",
	"select :__lastInsertId + 987654321 as `last_insert_id() + 987654321` from t",
	"select group_concat(a order by b separator 's3cr3t'), a->'$.s3cr3t', json_value(a, '$.s3cr3t' default 's3cr3t' on empty) from t",
	"select * from json_table('[987654321]', '$.s3cr3t' columns (a int path '$.s3cr3t' default '987654321' on empty)) as jt",
	"select a from t into outfile 's3cr3t' fields terminated by 's3cr3t'",
	"select a from t where a like 's3cr3t' escape 's3cr3t' and match(a) against ('s3cr3t') and a regexp 's3cr3t'",
	"select exists (select 987654321 from t where a = 's3cr3t') from dual",
	"insert into t(a, b) values (987654321, 's3cr3t') on duplicate key update b = 's3cr3t'",
	"insert into t select 's3cr3t', 987654321 from u", "replace into t set a = 's3cr3t'",
	"update t set a = 's3cr3t', b = 987654321 where c between 's3cr3t' and 987654321", "delete from t where a = 's3cr3t' limit 987654321",
	"select date'2020-01-01', timestamp's3cr3t', b'1' from t", "select @s := 's3cr3t'", "select @s = 's3cr3t'",
	"selec 's3cr3t' from t", "select 's3cr3t from t", "select a from 's3cr3t'", "select a from t where 's3cr3t' 987654321", "select a fro t where b = 987654321 (",
	"set password = 's3cr3t'", "create user 's3cr3t' identified by 's3cr3t'", "alter table t add 's3cr3t'", "create table t (a 's3cr3t'", "call f('s3cr3t')", "show tables like 's3cr3t'",
	"explain select 's3cr3t'", "prepare x from 's3cr3t'", "load data infile 's3cr3t' into table t", "kill 987654321", "s3cr3t 's3cr3t'", "987654321", "with c as (select 's3cr3t' as x) select * from c where y = 987654321",
	"select case 's3cr3t' when 987654321 then 's3cr3t' end, lag(a, 1, 's3cr3t') over (order by 's3cr3t') from t", "select a from t where (a, b) in ((987654321, 's3cr3t'))",
	"select 's3cr3t' 's3cr3t', 's3\\\\'cr3t', 's3cr3t''s3cr3t' from t",
}

// TestNoSecret: no literal is in what is kept, noted or complained of, whatever
// form it came in.
func TestNoSecret(t *testing.T) {
	for _, sql := range telling {
		for name, source := range sources(sql) {
			t.Run(name+" "+sql, func(t *testing.T) { keepsNoSecret(t, source) })
		}
	}
}

// sources are one statement in every form.
func sources(sql string) map[string]string {
	text := strconv.Quote(sql)
	return map[string]string{
		"plain SQL": "select 1 from t;\n" + sql, "a broken start": sql,
		"text log": textLog("Execute", sql, "shop", "PRIMARY", sql), "JSON log": jsonLog("Execute", sql, "shop", "PRIMARY", sql),
		"a cut text log": textLog("Execute", sql, "", "", "") + textLog("Execute", sql, "shop", "PRIMARY", "")[:150],
		"a cut JSON log": jsonLog("Execute", sql, "", "", "") + jsonLog("Execute", sql, "", "", "")[:370],
		"plan cache":     `{` + text + `: {"Type": "Lookup", "QueryType": "SELECT", "Original": ` + text + `}}`,
		"broken cache":   `{` + text + `: {"Type": "Lookup", "QueryType": "SELECT"}, ` + text + `: 987654321, "x" s3cr3t`,
		"vt keys":        `{"queries": [{"queryStructure": ` + text + `, "usageCount": 1}], "failed": [{"query": ` + text + `}]}`,
		"slow log":       "# Time: 2026-11-20T10:11:12.000000Z\n# Query_time: 0.5\nuse s3cr3t;\n" + sql + ";\n",
		"general log":    "2026-11-20T10:11:12.000000Z\t    8 Query\t" + sql + "\n",
		"own file":       `{"format": 1, "queries": [{"sql": ` + text + `, "executions": 1}]}`,
		"wrong type":     `{"format": 1, "queries": [{"sql": ["s3cr3t"], "executions": 987654321.5}]}`,
		"wrong field":    `{"format": 1, "queries": [{"sql": "select 1", "executions": 1, ` + text + `: 1}]}`,
		"wrong format":   `{"format": "s3cr3t", "queries": []}`,
		"wrong JSON":     `{"format": 1, "queries": [{"sql": s3cr3t`,
	}
}

func keepsNoSecret(t testing.TB, source string) {
	c := queries.NewCorpus()
	told := ""
	if err := c.Read("source", strings.NewReader(source)); err != nil {
		told = err.Error()
	}
	told += "\n" + string(queries.Encode(c.Queries())) + "\n" + strings.Join(c.Notes(), "\n")
	for _, secret := range secrets {
		// A keyspace, a column and an alias are names.
		if at := strings.Index(strings.ToLower(strings.ReplaceAll(told, `"keyspace": "s3cr3t"`, "")), secret); at >= 0 {
			t.Errorf("%s is found again:\n%s", secret, told)
			return
		}
	}
}
