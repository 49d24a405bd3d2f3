package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

var uniqueByBeginning = Rule{
	Code: "VS624", Name: "unique lookup vindex whose table compares only the beginning of a value", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			built := f.vindex(ks, name)
			to, ok := f.lookupTarget(ks, v)
			if !ok || built == nil || !built.IsUnique() {
				return // VS622 speaks of those that are not unique
			}
			table := f.mysqlTable(to.keyspace, to.name)
			if table == nil {
				return
			}
			for _, k := range table.Keys {
				column, length := shortest(table, k)
				if length == 0 || !isUniqueWithin(k, fromColumns(v)) {
					continue
				}
				out = append(out, Finding{
					Keyspace: to.keyspace,
					Path:     []string{"tables", to.name},
					Pos:      table.Pos,
					Message:  fmt.Sprintf("key %s of lookup table %s, of unique vindex %s.%s, goes by the first %d characters of %s", k.Name, to, ks, name, length, column),
					Harm:     "a second value that begins like one which is there cannot be inserted: \"Duplicate entry\"",
					Next:     fmt.Sprintf("make the key one on all of %s, and the column as short as that takes", column),
				})
				return
			}
		})
		return out
	},
}

// shortest gives the column of a key of which it takes the fewest characters,
// and how many; 0 where it takes the whole of each.
func shortest(t *physical.Table, k physical.Key) (column string, length int) {
	for i, prefix := range k.Prefixes {
		c := t.Column(k.Columns[i])
		if prefix == 0 || c == nil || c.Length > 0 && prefix >= c.Length {
			continue
		}
		if length == 0 || prefix < length {
			column, length = c.Name, prefix
		}
	}
	return column, length
}
