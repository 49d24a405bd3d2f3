package lint

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

var wrongOwner = Rule{
	Code: "VS402", Name: "owner of a lookup vindex does not use it", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			if v.Owner == "" {
				return
			}
			tables := f.srv.Keyspaces[ks].GetTables()
			owner, ok := tables[v.Owner]
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "owner"},
				Harm:     "vtgate treats the vindex as unowned, without an error: it stops writing lookup rows, and inserts of new values fail",
			}
			switch {
			case !ok:
				finding.Message = fmt.Sprintf("owner %s of vindex %s is not a table of keyspace %s", v.Owner, name, ks)
				finding.Near = near.Name(v.Owner, sortedKeys(tables))
				finding.Next = "name the table that has the column vindex; case matters"
			case !slices.ContainsFunc(owner.ColumnVindexes, func(cv *vschema.ColumnVindex) bool { return cv.GetName() == name }):
				finding.Message = fmt.Sprintf("owner %s of vindex %s has no column vindex %s", v.Owner, name, name)
				finding.Next = fmt.Sprintf("add the column vindex to table %s, or name the table that has it", v.Owner)
			default:
				return
			}
			out = append(out, finding)
		})
		return out
	},
}
