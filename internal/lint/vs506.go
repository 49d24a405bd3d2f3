package lint

import (
	"fmt"
)

// Vitess's own examples have such a keyspace, of one shard, where it works. How
// many shards there are only topo knows: then VS507 speaks.
var unusedVindexes = Rule{
	Code: "VS506", Name: "keyspace with column vindexes that is not sharded", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, name := range f.keyspaces() {
			ks := f.srv.Keyspaces[name]
			if _, known := f.shards[name]; known || ks.GetSharded() {
				continue
			}
			var tables []string
			for _, table := range sortedKeys(ks.GetTables()) {
				if len(ks.Tables[table].GetColumnVindexes()) > 0 {
					tables = append(tables, table)
				}
			}
			if len(tables) == 0 {
				continue
			}
			out = append(out, Finding{
				Keyspace: name,
				Path:     []string{"sharded"},
				Message:  fmt.Sprintf("keyspace %s is not sharded, and its tables have column vindexes (%s)", name, firstFew(tables)),
				Harm:     fmt.Sprintf("vtgate ignores the vindexes; with more than one shard every query fails: \"Keyspace '%s' does not have exactly one shard\"", name),
				Next:     "set \"sharded\": true, or remove the column vindexes",
			})
		}
		return out
	},
}

// firstFew lists names, the first three and how many more.
func firstFew(names []string) string {
	const few = 3
	if len(names) <= few {
		return list(names)
	}
	return fmt.Sprintf("%s and %d more", list(names[:few]), len(names)-few)
}
