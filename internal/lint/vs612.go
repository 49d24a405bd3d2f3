package lint

import (
	"fmt"

	"vitess.io/vitess/go/sqltypes"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

var badAutoIncrementColumn = Rule{
	Code: "VS612", Name: "auto_increment column that MySQL lacks, or that holds no integers", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			column := t.GetAutoIncrement().GetColumn()
			table := f.mysqlTable(ks, name)
			if column == "" || table == nil {
				return // VS304 speaks of no column
			}
			finding := Finding{Keyspace: ks, Path: []string{"tables", name, "auto_increment", "column"}}
			c := table.Column(column)
			switch {
			case c == nil:
				finding.Message = fmt.Sprintf("table %s has no column %s to fill from a sequence", name, column)
				finding.Near = near.Name(column, mysqlNames(table))
				finding.Harm = fmt.Sprintf("vtgate adds the column to each insert, which MySQL refuses: \"Unknown column '%s' in 'field list'\"", column)
				finding.Next = "name the column that takes the sequence's numbers"
			case !sqltypes.IsIntegral(mysqlType(*c)):
				finding.Severity = Warning
				finding.Message = fmt.Sprintf("column %s of table %s is filled from a sequence and is of type %s", column, name, c.Type)
				finding.Harm = "a sequence gives integers up to 2^63-1: other types round them, sort them as text, or refuse them"
				finding.Next = "make the column a bigint, or remove auto_increment"
			default:
				return
			}
			out = append(out, finding)
		})
		return out
	},
}
