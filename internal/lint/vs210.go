package lint

import (
	"fmt"
	"strconv"
)

var columnCount = Rule{
	Code: "VS210", Name: "number of columns that a multi-column vindex does not take", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachColumnVindex(func(use columnVindex) {
			takes, ok := use.takes()
			if !ok || !use.routes || use.index > 0 || len(use.columns()) == 0 || len(use.columns()) == takes {
				return
			}
			finding := use.finding("columns")
			finding.Message = fmt.Sprintf("vindex %s takes %d columns, and table %s gives it %d (%s)", use.cv.Name, takes, use.table, len(use.columns()), list(use.columns()))
			finding.Harm = "vtgate cannot compute a row's keyspace id: every insert fails"
			finding.Next = "name exactly the columns that the vindex takes"
			if use.vindex.Type == "multicol" {
				finding.Next += ", or set its param column_count"
			}
			out = append(out, finding)
		})
		return out
	},
}

// takes is the number of columns of which a multi-column vindex makes a full
// keyspace id.
func (u columnVindex) takes() (int, bool) {
	if !u.multiColumn() {
		return 0, false
	}
	if u.vindex.Type != "multicol" {
		return 2, true // a region, and what is hashed
	}
	n, err := strconv.Atoi(u.vindex.Params["column_count"])
	return n, err == nil
}
