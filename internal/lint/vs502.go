package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var ignoredSource = Rule{
	Code: "VS502", Name: "source of a table that is not a reference table", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if t.Source == "" || t.Type == vindexes.TypeReference || !knownTableType(t.Type) {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"tables", name, "source"},
				Message:  fmt.Sprintf("table %s has a source and is not of type reference", name),
				Harm:     "vtgate ignores the source: joins with it are not kept local, writes are not sent to it",
				Next:     "set \"type\": \"reference\", or remove the source",
			})
		})
		return out
	},
}
