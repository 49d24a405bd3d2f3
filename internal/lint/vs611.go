package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/near"
)

var missingVindexColumn = Rule{
	Code: "VS611", Name: "vindex column that the table does not have", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachRouting(func(use columnVindex) {
			t := f.mysqlTable(use.ks, use.table)
			if t == nil {
				return
			}
			use.each(func(column string, field ...string) {
				if column == "" || t.Column(column) != nil { // VS215
					return
				}
				finding := use.finding(field...)
				finding.Message = fmt.Sprintf("table %s has no column %s, which vindex %s is on", use.table, column, use.cv.GetName())
				finding.Near = near.Name(column, mysqlNames(t))
				finding.Harm = fmt.Sprintf("queries by the column that was meant go to all shards; vtgate adds the column to inserts, which MySQL refuses: \"Unknown column '%s' in 'field list'\"", column)
				finding.Next = "name a column of the table, or add this one to its CREATE TABLE"
				out = append(out, finding)
			})
		})
		return out
	},
}
