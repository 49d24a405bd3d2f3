package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var bareReference = Rule{
	Code: "VS805", Name: "reference that does not name its keyspace", Severity: Info,
	Check: func(f *Facts) []Finding {
		var out []Finding
		add := func(ks string, path []string, what string, to target) {
			if _, ruled := f.built.RoutingRules[what]; ruled || to.table == nil {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     path,
				Message:  fmt.Sprintf("%s is found in keyspace %s only as long as no other keyspace has a table of that name", what, to.keyspace),
				Harm:     fmt.Sprintf("once one has, vtgate says \"ambiguous table reference: %s\"", what),
				Next:     fmt.Sprintf("write %s", to),
			})
		}
		f.eachSequenceUse(func(use sequenceUse) {
			if use.seqKs == "" {
				add(use.ks, use.path(), use.seqName, use.to)
			}
		})
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			lookupKs, table, err := f.parser.ParseTable(v.GetParams()["table"])
			if err != nil || lookupKs != "" {
				return
			}
			// Where they differ, VS412 speaks.
			if own, global := f.bareLookup(ks, table); own.String() == global.String() {
				add(ks, []string{"vindexes", name, "params", "table"}, table, global)
			}
		})
		return out
	},
}
