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
			if referred[m.key] {
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

// referred gives the keys of the rules that lead the sequences and lookup tables
// which something uses: what is said of those names the rule.
func (f *Facts) referred() map[string]bool {
	out := make(map[string]bool)
	f.eachSequenceUse(func(use sequenceUse) { out[use.to.rule] = true })
	f.eachLookup(func(ks, _ string, v *vschema.Vindex) {
		to, _ := f.lookupTarget(ks, v)
		out[to.rule] = true
	})
	return out
}
