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
			best := nearSlip(ks, f.keyspaces())
			if best == "" {
				continue // a keyspace that was moved away, or has no file here
			}
			out = append(out, Finding{
				Path:    m.path(),
				Message: fmt.Sprintf("%s: keyspace %s does not exist", m.noun(), ks),
				Near:    best + strings.TrimPrefix(base, ks) + suffix,
				Harm:    fmt.Sprintf("queries of %s are not matched: they go on to where they went without the rule", join(best, table)),
				Next:    "name the keyspace that queries name",
			})
		}
		return out
	},
}
