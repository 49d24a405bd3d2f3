package lint

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/vschema"
)

var unownedLookup = Rule{
	Code: "VS407", Name: "lookup vindex in use that no table owns", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachUsedLookup(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			// Of those that shard their table by it VS206 speaks.
			uses = slices.DeleteFunc(slices.Clone(uses), func(u columnVindex) bool { return u.index == 0 })
			// While it is write_only nothing is read from it, nor verified.
			if v.Owner != "" || len(uses) == 0 || v.GetParams()["write_only"] == "true" {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name},
				Message:  fmt.Sprintf("lookup vindex %s is used by table %s and has no owner", name, uses[0].table),
				Harm:     "vtgate does not write its lookup rows; an insert whose value is not in the lookup table yet fails: \"values ... does not map to keyspace ids\"",
				Next:     fmt.Sprintf("set \"owner\": %q, or whichever table has the values first; where something else fills the lookup table, ignore this rule here and say what does", uses[0].table),
			})
		})
		return out
	},
}
