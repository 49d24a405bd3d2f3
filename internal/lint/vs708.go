package lint

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

var emptyRule = Rule{
	Code: "VS708", Name: "rule that does not say what it is for", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.matches() {
			base, _ := splitType(m.key)
			lacks := missingFields(f.srv, m)
			if base != "" && lacks == "" {
				continue
			}
			if lacks == "" {
				lacks = m.field
			}
			finding := Finding{
				Path:    rulePath(m.kind, m.i),
				Message: fmt.Sprintf("%s to %s has no %s", ruleNouns[m.kind], orNothing(m.to), lacks),
				Harm:    "the rule matches no query: queries go on to where they went without it",
				Next:    fmt.Sprintf("set %s: vtctldclient drops fields whose name it does not know, and saves what is left", lacks),
			}
			if m.kind == vschema.KeyspaceRules {
				finding.Harm = fmt.Sprintf("vtgate takes it for every query that names no keyspace, in a session without one, and looks for its tables in %s", orNothing(m.to))
			}
			out = append(out, finding)
		}
		return out
	},
}

// missingFields names those of the fields in front of a shard rule's target
// that are empty; other kinds have one field, which is all that they match.
func missingFields(srv *vschema.SrvVSchema, m matched) string {
	if m.kind != vschema.ShardRules {
		return ""
	}
	var out []string
	r := srv.ShardRoutingRules.Rules[m.i]
	if r.GetFromKeyspace() == "" {
		out = append(out, "from_keyspace")
	}
	if r.GetShard() == "" {
		out = append(out, "shard")
	}
	return strings.Join(out, " and no ")
}
