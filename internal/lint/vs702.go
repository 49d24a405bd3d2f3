package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var twoTargets = Rule{
	Code: "VS702", Name: "routing rule with more than one target", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for i, r := range f.srv.GetRoutingRules().GetRules() {
			if len(r.GetToTables()) < 2 {
				continue
			}
			m := tableMatch(i, r)
			out = append(out, Finding{
				Path:    rulePath(vschema.TableRules, i, "to_tables"),
				Message: fmt.Sprintf("%s has %d targets: %s", m.noun(), len(r.GetToTables()), m.to),
				Harm:    fmt.Sprintf("every query that the rule matches fails: \"table %s has more than one target: %v\"", m.key, r.GetToTables()),
				Next:    "leave one target: a rule sends a table to one place, and never to several at once",
			})
		}
		return out
	},
}
