package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var disabledTable = Rule{
	Code: "VS705", Name: "routing rule that disables a table", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		var referred map[string]bool
		for i, r := range f.srv.GetRoutingRules().GetRules() {
			m := tableMatch(i, r)
			base, _ := splitType(m.key)
			if len(r.GetToTables()) > 0 || base == "" {
				continue
			}
			if referred == nil {
				referred = f.referred()
			}
			if referred[base] {
				continue
			}
			_, name := splitSource(base)
			finding := Finding{
				Path:    rulePath(vschema.TableRules, i, "to_tables"),
				Message: fmt.Sprintf("%s has no target: it disables the table", m.noun()),
				Harm:    fmt.Sprintf("every query that the rule matches fails: \"table %s has been disabled\"", name),
				Next:    "name a target; suppress this where the table is meant to be out of service",
			}
			if base == name {
				finding.Harm += fmt.Sprintf("; queries that name the keyspace, or whose session has one, are not matched and still reach KEYSPACE.%s", name)
			}
			out = append(out, finding)
		}
		return out
	},
}

// referred gives the names, as vtgate looks them up, of the sequences and lookup
// tables that something uses: what vtgate then says of a rule for one of them
// stands where it is used.
func (f *Facts) referred() map[string]bool {
	out := make(map[string]bool)
	f.eachSequenceUse(func(use sequenceUse) {
		if use.seqName != "" {
			out[use.to.String()] = true
		}
	})
	f.eachLookup(func(_, _ string, v *vschema.Vindex) {
		if ks, table, err := f.parser.ParseTable(v.GetParams()["table"]); err == nil {
			out[f.resolve(ks, table).String()] = true
		}
	})
	return out
}
