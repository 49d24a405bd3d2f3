package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// fileParams are the params, by type, that name a file.
var fileParams = map[string]string{"region_json": "region_map", "numeric_static_map": "json_path"}

var fileBacked = Rule{
	Code: "VS213", Name: "vindex that reads a file", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachVindex(func(ks, name string, v *vschema.Vindex, built vindexes.Vindex) {
			param := fileParams[v.Type]
			path := v.Params[param]
			if built == nil || path == "" {
				return
			}
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "params", param},
				Message:  fmt.Sprintf("vindex %s reads %s from the local disk of vtctld and of each vtgate", name, path),
				Harm:     fmt.Sprintf("a vtgate without the file stops building keyspace %s at this vindex, and has none of its tables; one with another content of it misroutes", ks),
				Next:     "see that every vtgate has the same file before it starts",
			}
			switch v.Type {
			case "region_json":
				finding.Severity = Info // it takes its map from a file only
			case "numeric_static_map":
				finding.Next = "put the map itself into the param json, or see that every vtgate has the same file before it starts"
			}
			out = append(out, finding)
		})
		return out
	},
}
