package lint

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/vschema"
)

var ignoredOwner = Rule{
	Code: "VS406", Name: "owner of a vindex that is no lookup", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range f.keyspaces() {
			all := f.srv.Keyspaces[ks].GetVindexes()
			for _, name := range sortedKeys(all) {
				v := all[name]
				// A type that this build does not know may be a lookup.
				if v.Owner == "" || vschema.IsLookup(v.Type) || !slices.Contains(vindexTypes, v.Type) {
					continue
				}
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"vindexes", name, "owner"},
					Message:  fmt.Sprintf("vindex %s is of type %s, which has no rows that a table could own", name, v.Type),
					Harm:     "vtgate ignores the owner",
					Next:     "remove the owner, or give the vindex a lookup type",
				})
			}
		}
		return out
	},
}
