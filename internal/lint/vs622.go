package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var lookupWithUniqueKey = Rule{
	Code: "VS622", Name: "lookup vindex that is not unique and whose table lets a value in once", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			built := f.vindex(ks, name)
			to, ok := f.lookupTarget(ks, v)
			if !ok || built == nil || built.IsUnique() {
				return
			}
			table := f.mysqlTable(to.keyspace, to.name)
			from := fromColumns(v)[0]
			if table == nil || !uniqueWithin(table, []string{from}) {
				return
			}
			out = append(out, Finding{
				Keyspace: to.keyspace,
				Path:     []string{"tables", to.name},
				Pos:      table.Pos,
				Message:  fmt.Sprintf("lookup table %s has a unique key on %s, and vindex %s.%s of type %s is for values that several rows have", to, from, ks, name, v.Type),
				Harm:     fmt.Sprintf("the second row with the same value cannot be inserted: \"Duplicate entry\" for a key of %s", to),
				Next:     fmt.Sprintf("make (%s, %s) the primary key, or use the unique form of the type", from, v.GetParams()["to"]),
			})
		})
		return out
	},
}
