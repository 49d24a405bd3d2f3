package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

var unknownTabletType = Rule{
	Code: "VS707", Name: "rule for a tablet type that there is not", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.matches() {
			base, suffix := splitType(m.key)
			primary := m.kind == vschema.KeyspaceRules && suffix == "@primary"
			if m.kind == vschema.ShardRules || base == "" || suffix == "" || slices.Contains(tabletTypes, suffix) && !primary {
				continue
			}
			finding := Finding{
				Path:    m.path(),
				Message: fmt.Sprintf("%s: there is no tablet type %s", m.noun(), suffix),
				Harm:    "the rule matches no query: queries go on to where they went without it",
				Next:    fmt.Sprintf("write one of %s, in lower case, or none", strings.Join([]string{"@primary", "@replica", "@rdonly"}, ", ")),
			}
			if best := near.Name(suffix, tabletTypes); best != "" {
				finding.Near = base + best
			}
			switch {
			case primary:
				finding.Message = fmt.Sprintf("%s: vtgate looks for no keyspace rule with @primary", m.noun())
				finding.Near = base
				finding.Next = "leave @primary out: the rule without a type is that of the primaries"
			case m.kind == vschema.MirrorKind:
				finding.Harm = fmt.Sprintf("nothing is mirrored: \"from table: invalid tablet type: '%s'\"", m.key)
			}
			out = append(out, finding)
		}
		return out
	},
}
