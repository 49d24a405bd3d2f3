package lint

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// A consistent lookup with this mistake stops the build of its keyspace.
var lookupColumnCount = Rule{
	Code: "VS408", Name: "owner gives a lookup vindex another number of columns than its table has", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachOwned(func(ks, name string, v *vschema.Vindex, uses []vindexUse) {
			if v.GetParams()["from"] == "" {
				return // VS403 speaks
			}
			from := fromColumns(v)
			for _, use := range uses {
				// A table that does not own the vindex only reads, by the first column.
				if use.table != v.Owner || len(use.columns) == 0 || len(use.columns) == len(from) {
					continue
				}
				harm := fmt.Sprintf("the VSchema loads, and every insert into %s fails: \"VT03030: lookup column count does not match value count\"", use.table)
				if strings.HasPrefix(v.Type, "consistent_lookup") {
					harm = "ApplyVSchema refuses it: \"VT03029: column count does not match value count\""
				}
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"tables", use.table, "column_vindexes", strconv.Itoa(use.index)},
					Message: fmt.Sprintf("lookup vindex %s has %s in \"from\" (%s), and its owner %s gives it %s (%s)",
						name, count(len(from), "column"), list(from), use.table, count(len(use.columns), "column"), list(use.columns)),
					Harm: harm,
					Next: "name as many columns in the column vindex as the param \"from\" has, in its order",
				})
			}
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
