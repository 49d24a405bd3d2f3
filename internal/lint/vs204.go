package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var noPrimaryVindex = Rule{
	Code: "VS204", Name: "sharded table without a primary vindex", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if !f.srv.Keyspaces[ks].Sharded || t.Type != "" || t.Pinned != "" || len(t.ColumnVindexes) > 0 {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"tables", name},
				Message:  fmt.Sprintf("table %s of sharded keyspace %s has no column vindex", name, ks),
				Harm:     stopsBuild(ks),
				Next:     "give it a primary vindex, the first of column_vindexes, or make it a reference table",
			})
		})
		return out
	},
}
