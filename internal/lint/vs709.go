package lint

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var ruleFromNowhere = Rule{
	Code: "VS709", Name: "rule for a keyspace that does not exist", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.matches() {
			base, suffix := splitType(m.key)
			ks, table := base, ""
			if m.kind == vschema.TableRules {
				ks, table = splitSource(base)
			}
			if m.kind != vschema.TableRules && m.kind != vschema.KeyspaceRules {
				continue
			}
			if ks == "" || f.srv.Keyspaces[ks] != nil || f.looksLikePattern(base) {
				continue
			}
			finding := Finding{
				Severity: Info,
				Path:     m.path(),
				Message:  fmt.Sprintf("%s: keyspace %s does not exist", m.noun(), ks),
				Harm:     fmt.Sprintf("the rule matches only queries that still name %s", ks),
				Next:     "take the rule out once no query does",
			}
			if best := nearSlip(ks, f.keyspaces()); best != "" {
				finding.Severity = Warning
				finding.Near = best + strings.TrimPrefix(base, ks) + suffix
				finding.Harm = fmt.Sprintf("queries of %s are not matched: they go on to where they went without the rule", join(best, table))
				finding.Next = "name the keyspace that queries name"
			}
			out = append(out, finding)
		}
		return out
	},
}
