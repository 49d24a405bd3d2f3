package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var uniqueByFirstColumn = Rule{
	Code: "VS411", Name: "unique lookup vindex with several columns", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachUsedLookup(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			from := fromColumns(v)
			built := f.vindex(ks, name)
			if len(from) < 2 || built == nil || !built.IsUnique() {
				return
			}
			if slices.ContainsFunc(uses, func(u columnVindex) bool { return u.owned() && len(u.columns()) != len(from) }) {
				return // "from" may have too many: VS408
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "params", "from"},
				Message:  fmt.Sprintf("unique lookup vindex %s has several columns (%s), and vtgate reads by the first alone", name, list(from)),
				Harm:     fmt.Sprintf("where a value of %s stands in more than one lookup row, queries by it fail: \"unexpected multiple results from vindex\"", from[0]),
				Next:     fmt.Sprintf("use type %s, or %s alone if it is unique by itself", strings.TrimSuffix(v.Type, "_unique"), from[0]),
			})
		})
		return out
	},
}
