package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var duplicateRule = Rule{
	Code: "VS704", Name: "two rules for the same name", Severity: Error,
	Check: func(f *Facts) []Finding {
		type place struct {
			kind vschema.RuleKind
			key  string
		}
		first := make(map[place]matched)
		var out []Finding
		for _, m := range f.matches() {
			at := place{m.kind, m.key}
			before, twice := first[at]
			if m.key == "" {
				continue // rules that say nothing are not two for the same
			}
			if !twice {
				first[at] = m
				continue
			}
			finding := Finding{
				Path:    m.path(),
				Message: fmt.Sprintf("%s stands twice: rule %d leads to %s, rule %d to %s", m.noun(), before.i+1, orNothing(before.to), m.i+1, orNothing(m.to)),
				Next:    "keep one of them",
			}
			switch m.kind {
			case vschema.TableRules:
				finding.Harm = fmt.Sprintf("every query that the rules match fails: \"duplicate rule for entry %s\"", m.key)
				if m.to == "" {
					finding.Harm = fmt.Sprintf("every query that the rules match fails: the last one wins, and disables table %s", m.key)
				}
			case vschema.MirrorKind:
				finding.Harm = fmt.Sprintf("nothing is mirrored: \"from table: duplicate rule for entry '%s'\"", m.key)
			default:
				finding.Harm = "vtgate keeps the last one and ignores the other"
				if before.to == m.to {
					finding.Severity = Warning
				}
			}
			out = append(out, finding)
		}
		return out
	},
}

func orNothing(to string) string {
	if to == "" {
		return "nothing"
	}
	return to
}
