package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var emptyColumnList = Rule{
	Code: "VS603", Name: "authoritative column list that is empty", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if !t.GetColumnListAuthoritative() || len(t.GetColumns()) > 0 {
				return
			}
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"tables", name, "column_list_authoritative"},
				Message:  fmt.Sprintf("the column list of table %s is authoritative and empty", name),
				Harm:     "vtgate takes the table for one without columns: every query that names one fails with \"column not found\"",
				Next:     "list all columns, or remove column_list_authoritative and let vtgate read them from MySQL",
			}
			if !f.srv.Keyspaces[ks].GetSharded() {
				finding.Severity, finding.Harm = Warning, unshardedList
			}
			out = append(out, finding)
		})
		return out
	},
}
