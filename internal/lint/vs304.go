package lint

import (
	"fmt"
	"slices"
	"strings"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/near"
)

var autoIncrementColumn = Rule{
	Code: "VS304", Name: "auto_increment on a column that is not there", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachSequenceUse(func(use sequenceUse) {
			t := f.srv.Keyspaces[use.ks].Tables[use.table]
			finding := Finding{Keyspace: use.ks, Path: []string{"tables", use.table, "auto_increment", "column"}}
			switch {
			case use.written == "":
				return // an empty auto_increment: of the sequence speaks another rule
			case use.column == "":
				finding.Message = fmt.Sprintf("auto_increment of table %s names no column", use.table)
				finding.Harm = fmt.Sprintf("vtgate adds a column without a name to every insert into %s, and MySQL refuses it", use.table)
			case f.mysqlTable(use.ks, use.table) != nil:
				return // what MySQL has, VS612 and VS617 compare with both
			case t.ColumnListAuthoritative && !hasColumn(t.Columns, use.column):
				finding.Message = fmt.Sprintf("auto_increment of table %s names column %s, which its list of columns lacks", use.table, use.column)
				finding.Near = near.Name(use.column, columnNames(t.Columns))
				finding.Harm = fmt.Sprintf("vtgate adds the column to every insert into %s, and MySQL refuses it", use.table)
			default:
				return
			}
			finding.Next = "name the column that the sequence fills"
			out = append(out, finding)
		})
		return out
	},
}

func hasColumn(columns []*vschemapb.Column, name string) bool {
	return slices.ContainsFunc(columns, func(c *vschemapb.Column) bool { return strings.EqualFold(c.GetName(), name) })
}

func columnNames(columns []*vschemapb.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.GetName())
	}
	return out
}
