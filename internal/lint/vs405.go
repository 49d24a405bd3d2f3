package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var writeOnlyLookup = Rule{
	Code: "VS405", Name: "lookup vindex is write_only", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			if v.GetParams()["write_only"] != "true" {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "params", "write_only"},
				Message:  fmt.Sprintf("lookup vindex %s is write_only", name),
				Harm:     "vtgate writes its rows and does not read them: queries by its column go to all shards",
				Next:     "keep it while the lookup table is being filled; then run \"vtctldclient LookupVindex externalize\" and pull",
			})
		})
		return out
	},
}
