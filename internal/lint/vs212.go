package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var unusedVindex = Rule{
	Code: "VS212", Name: "vindex that no table uses", Severity: Info,
	Check: func(f *Facts) []Finding {
		used := make(map[tableName]bool)
		f.eachColumnVindex(func(use columnVindex) { used[tableName{use.ks, use.cv.GetName()}] = true })
		var out []Finding
		f.eachVindex(func(ks, name string, v *vschema.Vindex, built vindexes.Vindex) {
			// Of an owner that does not use it speaks another rule.
			if built == nil || v.Owner != "" || used[tableName{ks, name}] {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name},
				Message:  fmt.Sprintf("no table of keyspace %s uses vindex %s", ks, name),
				Harm:     "none: it is built and never asked",
				Next:     "take it out, or name it in the table that was meant to have it",
			})
		})
		return out
	},
}
