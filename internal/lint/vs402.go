package lint

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/vschema"
)

var wrongOwner = Rule{
	Code: "VS402", Name: "owner of a lookup vindex does not use it", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachOwned(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			if slices.ContainsFunc(uses, func(u columnVindex) bool { return u.table == v.Owner }) {
				return
			}
			tables := f.srv.Keyspaces[ks].GetTables()
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"vindexes", name, "owner"},
				Harm:     "vtgate treats the vindex as unowned, without an error: it stops writing lookup rows, and inserts of new values fail: \"values ... does not map to keyspace ids\"",
			}
			if tables[v.Owner] == nil {
				finding.Message = fmt.Sprintf("owner %s of vindex %s is not a table of keyspace %s", v.Owner, name, ks)
				finding.Near = f.nearOwner(ks, v.Owner, uses)
				finding.Next = "name the table that has the column vindex; case matters"
			} else {
				finding.Message = fmt.Sprintf("owner %s of vindex %s has no column vindex %s", v.Owner, name, name)
				finding.Next = fmt.Sprintf("add the column vindex to table %s, or name the table that has it", v.Owner)
			}
			if len(uses) == 0 {
				finding.Severity = Warning
				finding.Harm = "no table uses the vindex: vtgate writes no lookup rows and reads none"
			}
			out = append(out, finding)
		})
		return out
	},
}

// eachOwned calls fn for every lookup vindex that names an owner, with where it
// is used.
func (f *Facts) eachOwned(fn func(ks, name string, v *vschema.Vindex, uses []columnVindex)) {
	f.eachUsedLookup(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
		if v.Owner != "" {
			fn(ks, name, v, uses)
		}
	})
}

// eachUsedLookup is eachLookup with the column vindexes that use each, which may
// be none.
func (f *Facts) eachUsedLookup(fn func(ks, name string, v *vschema.Vindex, uses []columnVindex)) {
	uses := make(map[tableName][]columnVindex)
	f.eachColumnVindex(func(use columnVindex) {
		if vschema.IsLookup(use.vindex.GetType()) {
			key := tableName{use.ks, use.cv.GetName()}
			uses[key] = append(uses[key], use)
		}
	})
	f.eachLookup(func(ks, name string, v *vschema.Vindex) { fn(ks, name, v, uses[tableName{ks, name}]) })
}

// nearOwner gives the table whose name is nearest to that of a wrong owner,
// among those that could own the vindex if any.
func (f *Facts) nearOwner(ks, owner string, uses []columnVindex) string {
	var users []string
	for _, use := range uses {
		if use.index > 0 { // vtgate refuses an owned primary vindex
			users = append(users, use.table)
		}
	}
	if len(users) == 0 {
		users = sortedKeys(f.srv.Keyspaces[ks].GetTables())
	}
	return f.nearest(owner, users)
}
