package lint

import (
	"fmt"
	"slices"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

// lookupParams are the params of every lookup vindex.
var lookupParams = []string{"table", "from", "to", "ignore_nulls", "batch_lookup", "read_lock", "write_only"}

// knownParams are the params that a type takes. Vitess tells only which ones it
// does not know.
var knownParams = map[string][]string{
	"cfc":                                {"hash", "offsets"},
	"consistent_lookup":                  lookupParams,
	"consistent_lookup_unique":           lookupParams,
	"lookup":                             with(lookupParams, "autocommit", "multi_shard_autocommit", "no_verify"),
	"lookup_unique":                      with(lookupParams, "autocommit", "multi_shard_autocommit", "no_verify"),
	"lookup_hash":                        with(lookupParams, "autocommit", "multi_shard_autocommit"),
	"lookup_hash_unique":                 with(lookupParams, "autocommit", "multi_shard_autocommit"),
	"lookup_unicodeloosemd5_hash":        with(lookupParams, "autocommit", "multi_shard_autocommit"),
	"lookup_unicodeloosemd5_hash_unique": with(lookupParams, "autocommit", "multi_shard_autocommit"),
	"numeric_static_map":                 {"json", "json_path", "fallback_type"},
	"region_experimental":                {"region_bytes"},
	"region_json":                        {"region_bytes", "region_map"},
}

func with(params []string, more ...string) []string { return append(slices.Clone(params), more...) }

var unknownParam = Rule{
	Code: "VS203", Name: "param that its vindex does not know", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachVindex(func(ks, name string, v *vschema.Vindex, built vindexes.Vindex) {
			validating, ok := built.(vindexes.ParamValidating)
			if !ok {
				return
			}
			for _, param := range validating.UnknownParams() {
				if v.Type == "lookup_cost" && param == "cost" {
					continue // its own, which the type that it is made of does not know
				}
				if finding, ok := unknown(name, v, param); ok {
					finding.Keyspace = ks
					if !f.srv.Keyspaces[ks].Sharded {
						finding.Severity = Warning // nothing is routed by it
					}
					out = append(out, finding)
				}
			}
		})
		return out
	},
}

// unknown judges one param that vtgate ignores. One that must be there and is
// written quite differently is missing: other rules say so.
func unknown(name string, v *vschema.Vindex, param string) (Finding, bool) {
	finding := Finding{
		Severity: Warning,
		Path:     []string{"vindexes", name, "params", param},
		Message:  fmt.Sprintf("vindex %s of type %s knows no param %s", name, v.Type, param),
		Harm:     "vtgate ignores it: the vindex works as if it were not there",
		Next:     "take it out",
	}
	candidates := absent(v)
	meant := near.Name(param, candidates)
	for _, required := range []string{"table", "from", "to"} {
		if slices.Contains(candidates, required) && oneSlip(param, required) {
			meant = required
		}
	}
	switch meant {
	case "":
		return finding, true
	case "table", "from", "to":
		if !oneSlip(param, meant) {
			return Finding{}, false
		}
		finding.Severity = Error
		finding.Harm = "vtgate ignores it and makes its lookup queries without: queries by the vindex's column and inserts fail with \"syntax error at position\""
	case "write_only":
		finding.Severity = Error
		finding.Harm = "vtgate ignores it and reads the lookup table before it is filled: queries by the vindex's column do not find rows that exist"
	case "ignore_nulls":
		finding.Severity = Error
		finding.Harm = "vtgate ignores it: inserts with NULL in the vindex's column fail"
	}
	finding.Message += fmt.Sprintf(" (did you mean %s?)", meant)
	finding.Next = fmt.Sprintf("rename it to %s", meant)
	return finding, true
}

// absent are the params that the vindex could have and has not.
func absent(v *vschema.Vindex) []string {
	return slices.DeleteFunc(slices.Clone(knownParams[v.Type]), func(p string) bool {
		_, ok := v.Params[p]
		return ok
	})
}
