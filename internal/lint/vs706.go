package lint

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var patternRule = Rule{
	Code: "VS706", Name: "rule that is written as a pattern", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.matches() {
			base, suffix := splitType(m.key)
			if m.kind == vschema.ShardRules || !f.looksLikePattern(base) {
				continue
			}
			finding := Finding{
				Path:    m.path(),
				Message: fmt.Sprintf("%s is written as a pattern", m.noun()),
				Harm:    "vtgate compares whole names, letter by letter, and knows no wildcards: the rule matches nothing, and queries go on to where they went without it",
				Next:    "write one rule for each table, with its plain name",
			}
			if plain := strings.TrimSpace(strings.ReplaceAll(base, "`", "")); !f.looksLikePattern(plain) && plain != "" {
				finding.Near = plain + suffix
				finding.Message = fmt.Sprintf("%s has quotes or spaces around the name", m.noun())
				finding.Harm = "vtgate compares whole names, and those in queries come without: the rule matches nothing, and queries go on to where they went without it"
				finding.Next = "write the plain name"
			}
			out = append(out, finding)
		}
		return out
	},
}

// looksLikePattern tells whether somebody meant more than this one name. A
// declared table may be called anything.
func (f *Facts) looksLikePattern(name string) bool {
	ks, table := splitSource(name)
	if f.srv.Keyspaces[ks].GetTables()[table] != nil || f.srv.Keyspaces[name] != nil {
		return false
	}
	return strings.ContainsAny(name, "*%?[](){}^|\\+`") || name != strings.TrimSpace(name) ||
		strings.HasSuffix(name, "$") || strings.HasPrefix(name, "/")
}
