package lint

import "fmt"

var lookupPrimary = Rule{
	Code: "VS206", Name: "primary vindex that reads a lookup table", Severity: Info,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachColumnVindex(func(use columnVindex) {
			if !use.routes || use.index != 0 || !use.unique() || !use.lookup() || use.owned() {
				return
			}
			finding := use.finding("name")
			finding.Message = fmt.Sprintf("the primary vindex of table %s, %s, is a lookup vindex", use.table, use.cv.Name)
			finding.Harm = fmt.Sprintf("every access to %s by its sharding column asks the lookup table first, and an insert fails until another table has written the lookup row", use.table)
			finding.Next = "use a vindex that computes the keyspace id, such as xxhash, if the table's rows need not lie beside those of the owner"
			out = append(out, finding)
		})
		return out
	},
}
