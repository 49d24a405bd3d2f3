package lint

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var shardedAgainstShards = Rule{
	Code: "VS507", Name: "sharded against the shards in topo", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, ks := range f.keyspaces() {
			shards := f.shards[ks]
			if f.srv.Keyspaces[ks].GetSharded() || len(shards) < 2 {
				continue
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"sharded"},
				Message:  fmt.Sprintf("keyspace %s is not sharded here and has %d serving shards in topo (%s)", ks, len(shards), strings.Join(shards, ", ")),
				Harm:     fmt.Sprintf("every query fails: \"Keyspace '%s' does not have exactly one shard\"", ks),
				Next:     "set \"sharded\": true, with a primary vindex on every table" + unshardedTables(f.srv.Keyspaces[ks]),
			})
		}
		return out
	},
}

// unshardedTables names the tables that would still lack a primary vindex.
func unshardedTables(ks *vschema.Keyspace) string {
	var names []string
	for _, name := range sortedKeys(ks.GetTables()) {
		if t := ks.Tables[name]; len(t.GetColumnVindexes()) == 0 && t.GetPinned() == "" && t.GetType() != "reference" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (missing on " + strings.Join(names, ", ") + ")"
}
