package lint

import "fmt"

var unqualifiedTarget = Rule{
	Code: "VS703", Name: "routing rule whose target does not name its keyspace", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, a := range f.aims() {
			if _, _, ok := splitTarget(a.written); ok {
				continue
			}
			finding := Finding{
				Path:    a.path(),
				Message: fmt.Sprintf("%s: target %q is not written as KEYSPACE.TABLE", a.noun(), a.written),
				Harm:    fmt.Sprintf("every query that the rule matches fails: %q", a.to.err),
				Next:    "write the target as KEYSPACE.TABLE, also where the name is unique",
			}
			if to := f.global(a.written); to.table != nil {
				finding.Near = to.String()
			}
			out = append(out, finding)
		}
		return out
	},
}
