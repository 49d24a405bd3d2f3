package lint

import (
	"fmt"
	"strings"
)

// With a consistent lookup this mistake stops the build of the keyspace.
var lookupColumnCount = Rule{
	Code: "VS408", Name: "owner gives a lookup vindex another number of columns than its table has", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachColumnVindex(func(use columnVindex) {
			// A table that does not own the vindex reads by the first column alone.
			if !use.owned() || use.vindex.GetParams()["from"] == "" || len(use.columns()) == 0 {
				return
			}
			from := fromColumns(use.vindex)
			if len(use.columns()) == len(from) {
				return
			}
			harm := fmt.Sprintf("the VSchema loads, and every insert into %s fails: \"VT03030: lookup column count does not match value count\"", use.table)
			switch {
			case strings.HasPrefix(use.vindex.Type, "consistent_lookup"):
				harm = "ApplyVSchema refuses it: \"VT03029: column count does not match value count\""
			case !f.srv.Keyspaces[use.ks].GetSharded():
				return // vtgate asks no vindex there
			}
			finding := use.finding()
			finding.Message = fmt.Sprintf("lookup vindex %s has %s in \"from\" (%s), and its owner %s gives it %s (%s)",
				use.cv.Name, count(len(from), "column"), list(from), use.table, count(len(use.columns()), "column"), list(use.columns()))
			finding.Harm = harm
			finding.Next = "name as many columns in the column vindex as the param \"from\" has, in its order"
			out = append(out, finding)
		})
		return out
	},
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
