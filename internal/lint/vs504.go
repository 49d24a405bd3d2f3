package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var shardedPinned = Rule{
	Code: "VS504", Name: "pinned table with column vindexes", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if t.Pinned == "" || len(t.ColumnVindexes) == 0 || !f.srv.Keyspaces[ks].GetSharded() {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"tables", name, "column_vindexes"},
				Message:  fmt.Sprintf("table %s is pinned to keyspace id %s and has column vindexes, which spread it over the shards", name, t.Pinned),
				Harm:     "vtgate places rows, and looks them up, by the vindex, and sends all other statements to the pinned shard only: they neither see, change nor delete rows that are in others",
				Next:     "remove \"pinned\" if the table is sharded, or the column vindexes if one shard has all rows",
			})
		})
		return out
	},
}
