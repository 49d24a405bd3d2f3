package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var keyspaceRuleNowhere = Rule{
	Code: "VS715", Name: "keyspace rule to a keyspace that does not exist", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.matches() {
			if m.kind != vschema.KeyspaceRules || f.srv.Keyspaces[m.to] != nil || f.absent(m.to) || m.key == "" {
				continue
			}
			finding := f.missingKeyspace(m, "to_keyspace", m.to)
			finding.Harm = fmt.Sprintf("every query that the rule matches fails: %q", f.declared(m.to, "").err)
			if m.to == "" {
				finding.Message = fmt.Sprintf("%s leads to no keyspace", m.noun())
				finding.Harm = "vtgate takes queries that the rule matches as if they named no keyspace: a name that several keyspaces have is ambiguous, one that a keyspace has alone leads there"
			}
			f.doubt(m.to, &finding)
			out = append(out, finding)
		}
		return out
	},
}
