package queries_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/queries"
)

// FuzzRead: no source of any form breaks the reading, and what is kept of it is
// read again as it is.
func FuzzRead(f *testing.F) {
	for _, sql := range telling {
		for _, source := range sources(sql) {
			f.Add([]byte(source))
		}
	}
	f.Add([]byte(gzipped(f, "select a from t where id = 1;")))
	f.Fuzz(func(t *testing.T, source []byte) {
		c := queries.NewCorpus()
		if err := c.Read("source", strings.NewReader(string(source))); err != nil && c.Queries() == nil {
			return
		}
		again := queries.NewCorpus()
		if err := again.Read("again", strings.NewReader(string(queries.Encode(c.Queries())))); err != nil {
			t.Fatalf("its own file: %v", err)
		}
		if diff := cmp.Diff(c.Queries(), again.Queries()); diff != "" {
			t.Errorf("(-once +twice):\n%s", diff)
		}
	})
}

// hidden holds a space, so that as a name it has backquotes around it.
const hidden = "s3 cr3t"

var names = regexp.MustCompile("`(?:[^`]|``)*`")

// FuzzSecret: whatever stands around a literal, it is not found again, and every
// form has the same query.
func FuzzSecret(f *testing.F) {
	for _, sql := range telling {
		if before, after, ok := strings.Cut(sql, "'s3cr3t'"); ok {
			f.Add(before, after)
		}
	}
	f.Add("select convert(a using ", ") from t")
	f.Add("select a collate ", " from t")
	f.Fuzz(func(t *testing.T, before, after string) {
		sql := before + "'" + hidden + "'" + after
		if strings.ContainsAny(sql, "`@") || strings.Contains(strings.ToLower(sql), "use") {
			// It may stand in a name, or be one.
			return
		}
		for form, source := range map[string]string{
			"plain SQL": "select 1 from t;\n" + sql, "text log": textLog("Execute", sql, "shop", "PRIMARY", sql), "JSON log": jsonLog("Execute", sql, "shop", "PRIMARY", sql),
			"own file": `{"format": 1, "queries": [{"sql": ` + jsonText(sql) + `, "executions": 1}]}`, "slow log": "# Time: 2026\n# Query_time: 0.5\n" + sql + ";\n",
			"general log": "2026-11-20T10:11:12.000000Z\t    8 Query\t" + sql + "\n", "plan cache": `{` + jsonText(sql) + `: {"Type": "Lookup", "QueryType": "SELECT"}}`,
			"vt keys": `{"queries": [{"queryStructure": ` + jsonText(sql) + `, "usageCount": 1}]}`,
		} {
			c := queries.NewCorpus()
			told := ""
			if err := c.Read("source", strings.NewReader(source)); err != nil {
				told = err.Error()
			}
			for _, q := range c.Queries() {
				told += "\n" + names.ReplaceAllString(q.SQL, "``")
			}
			told += strings.Join(c.Notes(), "\n")
			if strings.Contains(told, hidden) {
				t.Errorf("%s of %q: found again:\n%s", form, sql, told)
			}
		}
	})
}

// jsonText is a text as JSON has it.
func jsonText(text string) string {
	quoted := strconv.Quote(strings.ToValidUTF8(text, "?"))
	return strings.NewReplacer(`\a`, `\u0007`, `\v`, `\u000b`, `\x`, `\u00`).Replace(quoted)
}
