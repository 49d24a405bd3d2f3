package compile

import (
	"errors"
	"slices"

	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/semantics"

	"github.com/vtsync/vtsync/internal/impact"
)

// What vtgate says where it needs the columns of a table, and knows none.
const (
	needsColumns      = "VT09015"
	insertsAllColumns = "VT09004"
)

// refused is why a query has no plan: also which tables' columns it lacks. Without
// them each table of a join may have a column that is named without one, which
// vtgate calls ambiguous.
func (p *Planner) refused(c *cursor, sql string, err error) *impact.Error {
	out := failure(err)
	var ambiguous *semantics.AmbiguousColumnError
	if out.Code == needsColumns || out.Code == insertsAllColumns || errors.As(err, &ambiguous) {
		out.Missing = p.missing(c, sql, out.Code == insertsAllColumns)
	}
	return out
}

// missing gives the tables of a query whose columns are not known, or only the one
// that it inserts into, as KEYSPACE.TABLE.
func (p *Planner) missing(c *cursor, sql string, inserted bool) []string {
	s, err := p.read(sql) // anew, as planning changes it
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range tablesIn(s.ast, inserted) {
		t, _, _, _, _, err := c.FindTableOrVindex(name)
		if err == nil && t != nil && t.Keyspace != nil && !t.ColumnListAuthoritative {
			out = append(out, t.Keyspace.Name+"."+t.Name.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// tablesIn gives the tables that a statement names.
func tablesIn(ast sqlparser.Statement, inserted bool) []sqlparser.TableName {
	var out []sqlparser.TableName
	local := map[string]bool{}
	visit := func(node sqlparser.SQLNode) (bool, error) {
		switch n := node.(type) {
		case *sqlparser.CommonTableExpr:
			local[n.ID.String()] = true
		case *sqlparser.AliasedTableExpr:
			if name, ok := n.Expr.(sqlparser.TableName); ok {
				out = append(out, name)
			}
		}
		return true, nil
	}
	var within sqlparser.SQLNode = ast
	if ins, ok := ast.(*sqlparser.Insert); ok && inserted {
		within = ins.Table
	}
	_ = sqlparser.Walk(visit, within) // the visitor never fails
	return slices.DeleteFunc(out, func(t sqlparser.TableName) bool { return t.Qualifier.IsEmpty() && local[t.Name.String()] })
}
