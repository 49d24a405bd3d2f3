package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var notASequence = Rule{
	Code: "VS302", Name: "auto_increment names a table that is not a sequence", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachSequenceUse(func(use sequenceUse) {
			if use.to.table == nil || isSequence(use.to.table) {
				return
			}
			out = append(out, Finding{
				Keyspace: use.ks,
				Path:     use.path(),
				Message:  fmt.Sprintf("%s, the sequence of %s.%s, is declared as %s", use.to, use.table, use.column, typeNoun(use.to.table)),
				Near:     f.nearTable(use.seqKs, use.seqName, isSequence),
				guess:    true, // what is written is a table too
				Harm:     fmt.Sprintf("the VSchema loads, and inserts into %s that need a generated value fail: the table is not a sequence", use.table),
				Next:     fmt.Sprintf("name a table of type sequence; only if %s was made as one, with its columns and its comment, set \"type\": \"sequence\" on it", use.to),
			})
		})
		return out
	},
}

// typeNoun says what a table is declared as.
func typeNoun(t *vschema.Table) string {
	switch t.GetType() {
	case vindexes.TypeTable:
		return "an ordinary table"
	case vindexes.TypeReference:
		return "a reference table"
	default:
		return fmt.Sprintf("a table of type %q", t.GetType())
	}
}
