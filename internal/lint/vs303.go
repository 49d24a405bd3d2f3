package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var shardedSequence = Rule{
	Code: "VS303", Name: "sequence in a sharded keyspace", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if !f.srv.Keyspaces[ks].Sharded || !isSequence(t) || t.Pinned != "" {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"tables", name, "type"},
				Message:  fmt.Sprintf("sequence %s lies in sharded keyspace %s and is not pinned to a shard", name, ks),
				Harm:     stopsBuild(ks),
				Next:     "move the sequence to an unsharded keyspace",
			})
		})
		return out
	},
}
