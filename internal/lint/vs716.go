package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var chainedKeyspaces = Rule{
	Code: "VS716", Name: "keyspace rule to a keyspace that a rule leads elsewhere", Severity: Warning,
	Check: func(f *Facts) []Finding {
		to := f.built.KeyspaceRoutingRules
		var out []Finding
		for _, m := range f.matches() {
			if m.kind != vschema.KeyspaceRules {
				continue
			}
			base, suffix := splitType(m.key)
			next, ok := to[m.to+suffix]
			if !ok {
				next, ok = to[m.to]
			}
			if !ok || m.to == "" || m.to == base || next == m.to || next == base {
				continue // no rule, or none that leads on, or a legal swap of two keyspaces
			}
			out = append(out, Finding{
				Path:    rulePath(m.kind, m.i, "to_keyspace"),
				Message: fmt.Sprintf("%s leads to %s, and the rule for that leads to %s", m.noun(), m.to, next),
				Harm:    fmt.Sprintf("vtgate takes one rule and no second one: these queries end at %s, and those that name %s do not", m.to, m.to),
				Next:    "name the keyspace at which both are to end",
			})
		}
		return out
	},
}
