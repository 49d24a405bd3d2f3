package app

import (
	"fmt"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/impact"
)

// needsColumns is Vitess's code for a query that cannot be planned without the
// columns of its tables.
const needsColumns = "VT09015"

// maxMissing is how many tables a note names.
const maxMissing = 10

// missingColumns names the tables whose columns nobody knows and without which
// queries have no plan after the change; empty where there are none.
func (r *impactRun) missingColumns(results []impact.Result) string {
	parser, err := sqlparser.New(sqlparser.Options{})
	if err != nil {
		return ""
	}
	tables, n := map[string]bool{}, 0
	for _, res := range results {
		if res.After.Error == nil || res.After.Error.Code != needsColumns {
			continue
		}
		n++
		for _, name := range tablesIn(parser, res.SQL) {
			if table := r.unknownTable(name, res.Keyspace); table != "" {
				tables[table] = true
			}
		}
	}
	if len(tables) == 0 {
		return ""
	}
	names := sortedKeys(tables)
	named := strings.Join(names[:min(maxMissing, len(names))], ", ")
	if more := len(names) - maxMissing; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s no plan, since the columns of these tables are not known (%s): %s", counted(n), needsColumns, named)
}

func counted(n int) string {
	if n == 1 {
		return "1 query has"
	}
	return fmt.Sprintf("%d queries have", n)
}

// tablesIn gives the tables that a query names.
func tablesIn(parser *sqlparser.Parser, sql string) []sqlparser.TableName {
	stmt, err := parser.Parse(sql)
	if err != nil {
		return nil
	}
	var out []sqlparser.TableName
	local := map[string]bool{}
	_ = sqlparser.Walk(func(node sqlparser.SQLNode) (bool, error) {
		switch n := node.(type) {
		case *sqlparser.CommonTableExpr:
			local[n.ID.String()] = true
		case *sqlparser.AliasedTableExpr:
			if name, ok := n.Expr.(sqlparser.TableName); ok {
				out = append(out, name)
			}
		}
		return true, nil
	}, stmt) // the visitor never fails
	return slices.DeleteFunc(out, func(t sqlparser.TableName) bool { return t.Qualifier.IsEmpty() && local[t.Name.String()] })
}

// unknownTable gives the table of the routing that a name leads to, as
// KEYSPACE.TABLE, where its columns are not known; else nothing. A name without a
// keyspace is one of the session's keyspace, or of the only one that has it.
func (r *impactRun) unknownTable(name sqlparser.TableName, session string) string {
	keyspace, table := name.Qualifier.String(), name.Name.String()
	if keyspace == "" {
		keyspace = session
	}
	if keyspace == "" {
		having := slices.DeleteFunc(sortedKeys(r.after.Keyspaces), func(ks string) bool {
			return r.after.Keyspaces[ks].GetTables()[table] == nil
		})
		if len(having) != 1 {
			return ""
		}
		keyspace = having[0]
	}
	known := r.knownAfter[keyspace].Tables[table]
	declared := r.after.Keyspaces[keyspace].GetTables()[table]
	if declared.GetColumnListAuthoritative() || known.Create != "" || len(known.Columns) > 0 {
		return ""
	}
	return keyspace + "." + table
}
