package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var shardedReference = Rule{
	Code: "VS503", Name: "reference table with column vindexes", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if t.Type != vindexes.TypeReference || len(t.ColumnVindexes) == 0 || !f.srv.Keyspaces[ks].GetSharded() {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"tables", name, "column_vindexes"},
				Message:  fmt.Sprintf("table %s is of type reference, all of it in every shard, and has column vindexes, which spread it over the shards", name),
				Harm:     "vtgate sends each read to any one shard: rows that are in others are missing from the result",
				Next:     "remove the type if the table is sharded, or the column vindexes if every shard has all rows",
			})
		})
		return out
	},
}
