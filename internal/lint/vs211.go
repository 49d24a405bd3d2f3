package lint

import "fmt"

var moreColumns = Rule{
	Code: "VS211", Name: "columns that a single-column vindex does not use", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachColumnVindex(func(use columnVindex) {
			columns := use.columns()
			if len(columns) < 2 || !f.computes(use) || use.multiColumn() {
				return
			}
			finding := use.finding("columns")
			finding.Message = fmt.Sprintf("vindex %s of type %s uses column %s of table %s alone, and not %s", use.cv.Name, use.vindex.Type, columns[0], use.table, list(columns[1:]))
			finding.Harm = fmt.Sprintf("rows are placed and found by %s alone: rows with the same %s all lie in one shard", columns[0], columns[0])
			finding.Next = "name one column, or use a vindex of type multicol"
			out = append(out, finding)
		})
		return out
	},
}
