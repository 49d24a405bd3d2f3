package lint

import (
	"fmt"
	"strconv"

	"github.com/vtsync/vtsync/internal/vschema"
)

// sequenceWithoutRow is about what only the cluster tells.
var sequenceWithoutRow = Rule{
	Code: "VS306", Name: "sequence without the row that it counts in", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			schema := f.schemas[ks]
			if !isSequence(t) || schema == nil {
				return
			}
			row, known := schema.Sequences[name]
			if !known {
				return
			}
			finding := Finding{
				Keyspace: ks,
				Path:     []string{"tables", name},
				Next:     fmt.Sprintf("insert into %s (id, next_id, cache) values (0, N, 1000), with N above the greatest number in use", name),
			}
			switch {
			case row == nil:
				finding.Message = fmt.Sprintf("sequence %s.%s has no row with id 0 in MySQL", ks, name)
				finding.Harm = fmt.Sprintf("inserts that take a value fail: \"unexpected rows from reading sequence %s (possible mis-route): 0\"", name)
			case !isNumber(row.NextID) || !isNumber(row.Cache):
				finding.Message = fmt.Sprintf("the row of sequence %s.%s lacks a number: next_id is %q, cache is %q", ks, name, row.NextID, row.Cache)
				finding.Harm = fmt.Sprintf("inserts that take a value fail: \"error loading sequence %s\"", name)
				finding.Next = fmt.Sprintf("update %s set next_id = N, cache = 1000 where id = 0, with N above the greatest number in use", name)
			case row.Cache == "0" || row.Cache[0] == '-':
				finding.Message = fmt.Sprintf("the row of sequence %s.%s has cache %s", ks, name, row.Cache)
				finding.Harm = fmt.Sprintf("inserts that take a value fail: \"invalid cache value for sequence %s: %s\"", name, row.Cache)
				finding.Next = fmt.Sprintf("update %s set cache = 1000 where id = 0", name)
			default:
				return
			}
			out = append(out, finding)
		})
		return out
	},
}

func isNumber(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}
