package lint

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// sequenceColumns are what a vttablet reads of a sequence:
// "select next_id, cache from SEQUENCE where id = 0 for update".
var sequenceColumns = []string{"id", "next_id", "cache"}

var badSequenceTable = Rule{
	Code: "VS613", Name: "sequence whose table is not made as one", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			table := f.mysqlTable(ks, name)
			if !isSequence(t) || table == nil {
				return
			}
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"tables", name},
				Pos:      table.Pos,
				Next:     fmt.Sprintf("create table %s (id bigint, next_id bigint, cache bigint, primary key (id)) comment 'vitess_sequence', and insert the row (0, 1, 1000)", name),
			}
			var missing []string
			for _, column := range sequenceColumns {
				if table.Column(column) == nil {
					missing = append(missing, column)
				}
			}
			switch {
			case !strings.Contains(table.Comment, "vitess_sequence"):
				finding.Message = fmt.Sprintf("table %s is a sequence without the comment 'vitess_sequence'", name)
				finding.Harm = fmt.Sprintf("inserts that take a value fail: \"%s is not a sequence\"", name)
			case len(missing) > 0:
				finding.Message = fmt.Sprintf("sequence %s has no column %s", name, list(missing))
				finding.Harm = fmt.Sprintf("inserts that take a value fail: \"Unknown column '%s'\"", missing[0])
			default:
				return
			}
			out = append(out, finding)
		})
		return out
	},
}
