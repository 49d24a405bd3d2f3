package lint

import "fmt"

var namelessColumn = Rule{
	Code: "VS215", Name: "column vindex with a column that has no name", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachRouting(func(use columnVindex) {
			use.each(func(column string, field ...string) {
				if column != "" {
					return
				}
				finding := use.finding(field...)
				finding.Message = fmt.Sprintf("column vindex %s of table %s has a column without a name", use.cv.GetName(), use.table)
				finding.Harm = fmt.Sprintf("no query is routed by it, and vtgate adds a column without a name to every insert into %s, which is a syntax error to MySQL", use.table)
				finding.Next = "name the column, or take it out"
				out = append(out, finding)
			})
		})
		return out
	},
}
