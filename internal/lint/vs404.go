package lint

import (
	"fmt"
	"slices"
	"strings"

	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var scatteredLookup = Rule{
	Code: "VS404", Name: "lookup table sharded by another column than is looked up", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			to, ok := f.lookupTarget(ks, v)
			if !ok || v.GetParams()["from"] == "" || !f.srv.Keyspaces[to.keyspace].GetSharded() {
				return
			}
			if to.keyspace == ks && to.name == v.GetOwner() {
				return // VS413
			}
			table := f.builtTable(to)
			if table == nil || table.Type == vindexes.TypeReference || table.Pinned != nil || len(table.ColumnVindexes) == 0 {
				return
			}
			from := fromColumns(v)[0]
			finding := Finding{
				Keyspace: to.keyspace,
				Path:     []string{"tables", to.name, "column_vindexes", "0"},
				Message:  fmt.Sprintf("lookup table %s of vindex %s.%s is not sharded by %s, the column that is looked up", to, ks, name, from),
				Next:     fmt.Sprintf("give table %s a primary vindex on column %s; rows that are there already have to move", to, from),
			}
			switch missing := unwritten(table, to.table, v); {
			case v.Owner != "" && missing != "" && !takesNull(table.ColumnVindexes[0].Vindex):
				finding.Message = fmt.Sprintf("lookup table %s of vindex %s.%s is sharded by %s, to which vtgate writes no value", to, ks, name, missing)
				finding.Harm = fmt.Sprintf("every insert into %s fails: \"could not map [NULL] to a keyspace id\"", v.Owner)
			case !routedBy(table, from):
				finding.Severity = Warning
				finding.Harm = "each lookup goes to all shards: a query by the vindex's column costs more than without the vindex"
			default:
				return
			}
			out = append(out, finding)
		})
		return out
	},
}

func (f *Facts) builtTable(t target) *vindexes.BaseTable {
	ks := f.built.Keyspaces[t.keyspace]
	if ks == nil {
		return nil
	}
	return ks.Tables[t.name]
}

// unwritten gives the first column of the lookup table's primary vindex that is
// no column of the lookup and that no sequence fills; "" if there is none.
func unwritten(table *vindexes.BaseTable, t *vschema.Table, v *vschema.Vindex) string {
	written := append(fromColumns(v), strings.TrimSpace(v.GetParams()["to"]), t.GetAutoIncrement().GetColumn())
	for _, column := range table.ColumnVindexes[0].Columns {
		if !slices.ContainsFunc(written, column.EqualString) {
			return column.String()
		}
	}
	return ""
}

// takesNull tells whether the vindex has a keyspace id for NULL, or may have.
func takesNull(v vindexes.Vindex) bool {
	hashing, ok := v.(vindexes.Hashing)
	if !ok {
		return true
	}
	_, err := hashing.Hash(sqltypes.NULL)
	return err == nil
}

// routedBy tells whether a value of that column alone leads to a shard.
func routedBy(table *vindexes.BaseTable, column string) bool {
	return slices.ContainsFunc(table.ColumnVindexes, func(cv *vindexes.ColumnVindex) bool {
		_, multi := cv.Vindex.(vindexes.MultiColumn)
		return cv.Columns[0].EqualString(column) && (!multi || len(cv.Columns) == 1) && !cv.IsBackfilling()
	})
}
