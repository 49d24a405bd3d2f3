package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var selfLookup = Rule{
	Code: "VS413", Name: "lookup table that is the table itself, or a sequence", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachUsedLookup(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			to, ok := f.lookupTarget(ks, v)
			if !ok {
				return // VS401
			}
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "params", "table"},
				Next:     "name a table of its own, with the columns of \"from\" and \"to\"",
			}
			itself := slices.ContainsFunc(uses, func(u columnVindex) bool {
				// By another column the table may well be looked up in itself.
				return to.keyspace == ks && to.name == u.table &&
					(u.owned() || len(u.columns()) > 0 && strings.EqualFold(u.columns()[0], fromColumns(v)[0]))
			})
			switch {
			case itself:
				finding.Message = fmt.Sprintf("lookup table %s of vindex %s is the table that the vindex is on", v.GetParams()["table"], name)
				finding.Harm = fmt.Sprintf("to look a value up, vtgate asks %s through the same vindex, and so on without end: one select by it kills the vtgate with \"stack overflow\"", to.name)
				if v.Owner == to.name {
					finding.Harm += fmt.Sprintf("; an insert would write its lookup row into %s too, and fails or does not end: \"could not map [NULL] to a keyspace id\"", to.name)
				}
			case isSequence(to.table):
				finding.Severity = Warning
				finding.Message = fmt.Sprintf("lookup table %s of vindex %s is a sequence", v.GetParams()["table"], name)
				finding.Harm = "a sequence has other columns: lookups and inserts fail with \"Unknown column\""
			default:
				return
			}
			out = append(out, finding)
		})
		return out
	},
}
