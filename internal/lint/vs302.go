package lint

import "fmt"

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
				Message:  fmt.Sprintf("%s, the sequence of %s.%s, is declared as an ordinary table", use.to, use.table, use.column),
				Near:     f.nearTable(use.seqKs, use.seqName, isSequence),
				Harm:     fmt.Sprintf("the VSchema loads, and inserts into %s that need a generated value fail: the table is not a sequence", use.table),
				Next:     fmt.Sprintf("set \"type\": \"sequence\" on table %s, or name another table", use.to),
			})
		})
		return out
	},
}
