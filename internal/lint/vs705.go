package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var disabledTable = Rule{
	Code: "VS705", Name: "routing rule that disables a table", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for i, r := range f.srv.GetRoutingRules().GetRules() {
			m := tableMatch(i, r)
			base, _ := splitType(m.key)
			if len(r.GetToTables()) > 0 || base == "" || f.refersTo(base) {
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

// refersTo tells whether a sequence's or a lookup table's name, as vtgate looks
// it up, is the given one: what it then says of a rule stands at the reference.
func (f *Facts) refersTo(name string) bool {
	found := false
	f.eachSequenceUse(func(use sequenceUse) {
		found = found || use.seqName != "" && join(use.to.keyspace, use.to.name) == name
	})
	f.eachLookup(func(_, _ string, v *vschema.Vindex) {
		if ks, table, err := f.parser.ParseTable(v.GetParams()["table"]); err == nil {
			found = found || f.resolve(ks, table).String() == name
		}
	})
	return found
}
