package lint

import "fmt"

var badColumns = Rule{
	Code: "VS207", Name: "column vindex whose columns vtgate refuses", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachColumnVindex(func(use columnVindex) {
			finding := use.finding()
			columns := use.cv.GetColumns()
			switch {
			case use.cv.GetColumn() != "" && len(columns) > 0:
				finding = use.finding("columns")
				finding.Message = fmt.Sprintf("column vindex %s of table %s has both column and columns", use.cv.GetName(), use.table)
				finding.Next = "keep columns, with all columns in it"
			case use.cv.GetColumn() == "" && len(columns) == 0:
				finding.Message = fmt.Sprintf("column vindex %s of table %s names no column", use.cv.GetName(), use.table)
				finding.Next = "name the column"
			case use.index > 0 && use.multiColumn():
				finding = use.finding("name")
				finding.Message = fmt.Sprintf("vindex %s of type %s takes several columns, and is not the first of table %s", use.cv.GetName(), use.vindex.Type, use.table)
				finding.Next = "put it first, as the primary vindex, or take it out"
			default:
				return
			}
			finding.Harm = stopsBuild(use.ks)
			out = append(out, finding)
		})
		return out
	},
}
