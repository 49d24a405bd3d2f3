package lint

import (
	"strconv"
	"strings"

	querypb "vitess.io/vitess/go/vt/proto/query"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

// listed tells that vtgate takes the table's columns in the VSchema for all that
// there are.
func listed(t *vschema.Table) bool {
	return t.GetColumnListAuthoritative() && len(t.GetColumns()) > 0
}

// listColumn gives a column of the VSchema's list; nil where it lacks it.
func listColumn(t *vschema.Table, name string) *vschemapb.Column {
	for _, c := range t.GetColumns() {
		if strings.EqualFold(c.GetName(), name) {
			return c
		}
	}
	return nil
}

// listNames gives the names in the VSchema's list.
func listNames(t *vschema.Table) []string {
	var out []string
	for _, c := range t.GetColumns() {
		out = append(out, c.GetName())
	}
	return out
}

// mysqlTable gives a table as MySQL has it; nil where that is not known, or
// where MySQL has none.
func (f *Facts) mysqlTable(ks, name string) *physical.Table {
	if schema := f.schemas[ks]; schema != nil {
		return schema.Tables[name]
	}
	return nil
}

// mysqlNames gives the names of a table's columns in MySQL.
func mysqlNames(t *physical.Table) []string {
	var out []string
	for _, c := range t.Columns {
		out = append(out, c.Name)
	}
	return out
}

// columnType is what is known of a column's type: from MySQL, else from the
// VSchema. NULL_TYPE says that neither tells.
type columnType struct {
	typ       querypb.Type
	collation string
}

func (f *Facts) columnType(ks, table, column string) columnType {
	if t := f.mysqlTable(ks, table); t != nil {
		if c := t.Column(column); c != nil {
			return columnType{mysqlType(*c), c.Collation}
		}
	}
	c := listColumn(f.srv.Keyspaces[ks].GetTables()[table], column)
	return columnType{c.GetType(), c.GetCollationName()}
}

// mysqlType gives the type of a column in Vitess's terms.
func mysqlType(c physical.Column) querypb.Type {
	return sqlparser.SQLTypeToQueryType(c.Type, c.Unsigned)
}

// eachRouting is eachColumnVindex without those of keyspaces that are not
// sharded, where vtgate asks no vindex.
func (f *Facts) eachRouting(fn func(columnVindex)) {
	f.eachColumnVindex(func(use columnVindex) {
		if f.srv.Keyspaces[use.ks].GetSharded() {
			fn(use)
		}
	})
}

// each calls fn for every column of the column vindex, with the field of the
// VSchema in which it stands.
func (u columnVindex) each(fn func(column string, field ...string)) {
	if u.cv.GetColumn() != "" {
		fn(u.cv.Column, "column")
		return
	}
	for i, column := range u.cv.GetColumns() {
		fn(column, "columns", strconv.Itoa(i))
	}
}
