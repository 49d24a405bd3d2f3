package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var ignoredOwner = Rule{
	Code: "VS406", Name: "owner of a vindex that is no lookup", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachVindex(func(ks, name string, v *vschema.Vindex, built vindexes.Vindex) {
			if _, lookup := built.(vindexes.Lookup); v.Owner == "" || built == nil || lookup {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "owner"},
				Message:  fmt.Sprintf("vindex %s is of type %s, which has no rows that a table could own", name, v.Type),
				Harm:     "vtgate ignores the owner",
				Next:     "remove the owner, or give the vindex a lookup type",
			})
		})
		return out
	},
}
