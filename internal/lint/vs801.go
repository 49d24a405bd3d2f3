package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/near"
)

var unbuildable = Rule{
	Code: "VS801", Name: "vindex or table that vtgate cannot build", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range sortedKeys(f.bad) {
			bad := f.bad[ks]
			harm := fmt.Sprintf("vtgate stops building keyspace %s at the first error, in no fixed order: which of its tables are left differs from vtgate to vtgate and from reload to reload", ks)
			for _, name := range sortedKeys(bad.vindexes) {
				out = append(out, f.badVindex(ks, name, bad.vindexes[name], harm))
			}
			for _, name := range sortedKeys(bad.tables) {
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"tables", name},
					Message:  fmt.Sprintf("table %s.%s cannot be built: %s", ks, name, bad.tables[name]),
					Near:     f.nearVindex(ks, name),
					Harm:     harm,
				})
			}
		}
		return out
	},
}

// badVindex is the finding of one vindex; an unknown type gets the nearest one.
func (f *Facts) badVindex(ks, name, why, harm string) Finding {
	finding := Finding{
		Keyspace: ks,
		Path:     []string{"vindexes", name},
		Message:  fmt.Sprintf("vindex %s.%s cannot be built: %s", ks, name, why),
		Harm:     harm,
	}
	if typ := f.srv.Keyspaces[ks].Vindexes[name].GetType(); !slices.Contains(vindexTypes, typ) {
		finding.Path = append(finding.Path, "type")
		finding.Near = near.Name(typ, vindexTypes)
		finding.Next = "if your vtgates have this vindex type built in, declare it under vindex_types in vtsync.yaml"
	} else if strings.Contains(why, "param") {
		finding.Path = append(finding.Path, "params")
	}
	return finding
}

// nearVindex gives the name that a table's undefined column vindex most likely
// means.
func (f *Facts) nearVindex(ks, table string) string {
	vs := f.srv.Keyspaces[ks]
	for _, cv := range vs.GetTables()[table].GetColumnVindexes() {
		if _, ok := vs.GetVindexes()[cv.GetName()]; !ok {
			return near.Name(cv.GetName(), sortedKeys(vs.GetVindexes()))
		}
	}
	return ""
}
