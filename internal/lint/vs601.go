package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/near"
)

var unlistedVindexColumn = Rule{
	Code: "VS601", Name: "vindex column that the table's column list lacks", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachRouting(func(use columnVindex) {
			t := f.srv.Keyspaces[use.ks].Tables[use.table]
			if !listed(t) || f.mysqlTable(use.ks, use.table) != nil {
				return // what MySQL has, VS611 and VS617 compare with both
			}
			use.each(func(column string, field ...string) {
				if column == "" || listColumn(t, column) != nil { // VS215
					return
				}
				finding := use.finding(field...)
				finding.Message = fmt.Sprintf("column %s of vindex %s is not in the column list of table %s", column, use.cv.GetName(), use.table)
				finding.Near = near.Name(column, listNames(t))
				finding.Harm = fmt.Sprintf("the list is authoritative: queries that name the column fail (\"column '%s' not found in table '%s'\"), the others are not routed by the vindex, and inserts are placed by NULL", column, use.table)
				finding.Next = "name a column of the list, or add this one to it"
				out = append(out, finding)
			})
		})
		return out
	},
}
