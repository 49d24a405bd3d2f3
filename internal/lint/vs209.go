package lint

import "fmt"

var secondFunctional = Rule{
	Code: "VS209", Name: "second vindex that computes the keyspace id, of another column", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachSecondary(func(primary, use columnVindex) {
			// A column under binary holds the row's keyspace id: vtgate fills it in.
			if use.sameColumn(primary) || use.vindex.Type == "binary" {
				return
			}
			finding := use.finding("name")
			finding.Message = fmt.Sprintf("vindex %s (%s) of table %s computes a keyspace id from column %s, and rows lie where %s computes it from %s",
				use.cv.Name, use.vindex.Type, use.table, use.columns()[0], primary.cv.Name, list(primary.columns()))
			finding.Harm = "an insert fails, \"does not map to keyspace ids\", unless both columns of the row lead to the same keyspace id"
			finding.Next = fmt.Sprintf("to find rows by %s, use a lookup vindex", use.columns()[0])
			out = append(out, finding)
		})
		return out
	},
}
