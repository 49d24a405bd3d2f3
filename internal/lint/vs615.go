package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

var lookupWithoutUniqueKey = Rule{
	Code: "VS615", Name: "unique lookup vindex whose table lets a value in twice", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			built := f.vindex(ks, name)
			to, ok := f.lookupTarget(ks, v)
			if !ok || built == nil || !built.IsUnique() {
				return
			}
			table := f.mysqlTable(to.keyspace, to.name)
			from := fromColumns(v)
			if table == nil || slices.ContainsFunc(from, func(c string) bool { return table.Column(c) == nil }) || uniqueWithin(table, from) {
				return
			}
			out = append(out, Finding{
				Keyspace: to.keyspace,
				Path:     []string{"tables", to.name},
				Pos:      table.Pos,
				Message:  fmt.Sprintf("lookup table %s of unique vindex %s.%s has no primary or unique key on %s", to, ks, name, list(from)),
				Harm:     "nothing else keeps a value from being inserted twice: from then on queries by it fail with \"Lookup.Map: unexpected multiple results from vindex\"",
				Next:     fmt.Sprintf("make (%s) the primary key, or use a lookup type that is not unique", list(from)),
			})
		})
		return out
	},
}

// uniqueWithin tells whether some unique key has none but these columns. One by
// the beginnings of values is unique by the values too.
func uniqueWithin(t *physical.Table, columns []string) bool {
	return slices.ContainsFunc(t.Keys, func(k physical.Key) bool { return isUniqueWithin(k, columns) })
}

func isUniqueWithin(k physical.Key, columns []string) bool {
	among := func(column string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, column) })
	}
	return k.Unique && len(k.Columns) > 0 && !slices.ContainsFunc(k.Columns, func(c string) bool { return !among(c) })
}
