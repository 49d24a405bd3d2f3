package lint

import "fmt"

var badPrimary = Rule{
	Code: "VS205", Name: "vindex that cannot be primary", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachColumnVindex(func(use columnVindex) {
			if use.index != 0 || use.built == nil {
				return
			}
			finding := use.finding("name")
			switch {
			case !use.unique():
				finding.Message = fmt.Sprintf("the primary vindex of table %s, %s, is of type %s, which is not unique", use.table, use.cv.Name, use.vindex.Type)
			case use.owned():
				finding.Message = fmt.Sprintf("the primary vindex of table %s, %s, is a lookup vindex that the table owns", use.table, use.cv.Name)
			default:
				return
			}
			finding.Harm = stopsBuild(use.ks)
			finding.Next = "put a unique vindex first that computes the keyspace id from the column, such as xxhash"
			out = append(out, finding)
		})
		return out
	},
}
