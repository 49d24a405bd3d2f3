package lint

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Across keyspaces a shared lookup table is how a table is moved; within one it
// works as long as the owners have no value in common.
var sharedLookupTable = Rule{
	Code: "VS409", Name: "tables that share a lookup table", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		first := make(map[string]string) // keyspace and lookup table -> vindex
		f.eachOwned(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			to, ok := f.lookupTarget(ks, v)
			if !ok || !slices.ContainsFunc(uses, func(u columnVindex) bool { return u.table == v.Owner }) {
				return
			}
			key := ks + "\x00" + to.String()
			other, again := first[key]
			if !again {
				first[key] = name
				return
			}
			owner := f.srv.Keyspaces[ks].Vindexes[other].Owner
			if owner == v.Owner {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "params", "table"},
				Message:  fmt.Sprintf("lookup table %s of vindex %s, which table %s owns, is that of vindex %s too, which table %s owns", to, name, v.Owner, other, owner),
				Harm:     "where both hold the same value, a delete or an insert in one takes the lookup row away from the other, whose row queries no longer find, or fails with a duplicate entry",
				Next:     "give each vindex a lookup table of its own",
			})
		})
		return out
	},
}
