package lint

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

var badVindex = Rule{
	Code: "VS201", Name: "vindex that vtgate cannot build", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range sortedKeys(f.bad) {
			for _, name := range sortedKeys(f.bad[ks].vindexes) {
				finding := Finding{
					Keyspace: ks,
					Message:  fmt.Sprintf("vindex %s cannot be built: %s", name, f.bad[ks].vindexes[name]),
					Harm:     f.stopsTables(ks),
					Next:     "correct the params to what this type takes",
				}
				v := f.srv.Keyspaces[ks].Vindexes[name]
				if slices.Contains(vindexTypes, v.Type) {
					finding.Path, finding.Near = f.badParam(v)
				} else {
					finding.Path, finding.Near = []string{"type"}, near.Name(v.Type, vindexTypes)
					finding.Next = "if your vtgates have this vindex type built in, declare it under vindex_types in vtsync.yaml"
				}
				finding.Path = append([]string{"vindexes", name}, finding.Path...)
				out = append(out, finding)
			}
		}
		return out
	},
}

// paramWords and paramValues are values that some param of some type takes.
// Only words can be misspelled.
var (
	paramWords  = append([]string{"true", "false", "exclusive", "shared", "none", "md5", "xxhash64"}, vindexTypes...)
	paramValues = append([]string{"1", "2", "[1]", "{}"}, paramWords...)
)

// badParam finds the param of a vindex that keeps it from being built: with
// another value of it, or at least without it, it builds. It gives the word
// most likely meant, too.
func (f *Facts) badParam(v *vschema.Vindex) (path []string, meant string) {
	names := sortedKeys(v.Params)
	for _, name := range names {
		good := slices.DeleteFunc(slices.Clone(paramValues), func(value string) bool {
			changed := proto.Clone(v).(*vschema.Vindex)
			changed.Params[name] = value
			return !f.builds(changed)
		})
		if len(good) > 0 {
			good = slices.DeleteFunc(good, func(value string) bool { return !slices.Contains(paramWords, value) })
			return []string{"params", name}, near.Name(v.Params[name], good)
		}
	}
	for _, name := range names {
		changed := proto.Clone(v).(*vschema.Vindex)
		delete(changed.Params, name)
		if f.builds(changed) {
			return []string{"params", name}, ""
		}
	}
	return []string{"params"}, ""
}

// builds asks vtgate whether it can build the vindex.
func (f *Facts) builds(v *vschema.Vindex) bool {
	ks := &vschema.Keyspace{Vindexes: map[string]*vschema.Vindex{"v": vschema.StandIn(v, f.opaque)}}
	return buildError("", ks, f.parser) == ""
}
