package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var shardRuleNowhere = Rule{
	Code: "VS712", Name: "shard rule for, or to, a keyspace that does not exist", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for _, m := range f.matches() {
			if m.kind != vschema.ShardRules {
				continue
			}
			from := f.srv.ShardRoutingRules.Rules[m.i].GetFromKeyspace()
			if nearSlip(from, f.keyspaces()) != "" && f.srv.Keyspaces[from] == nil {
				finding := f.missingKeyspace(m, "from_keyspace", from)
				finding.Harm = "the rule matches no shard: its queries go on to where they went without it"
				f.doubt(from, &finding)
				out = append(out, finding)
			}
			if f.srv.Keyspaces[m.to] == nil && !f.absent(m.to) {
				finding := f.missingKeyspace(m, "to_keyspace", m.to)
				finding.Harm = shardRuleHarm
				f.doubt(m.to, &finding)
				out = append(out, finding)
			}
		}
		return out
	},
}

// shardRuleHarm is what becomes of a shard rule to a keyspace that is not there.
const shardRuleHarm = "sessions that name the shard stay where they were, without an error, and other queries find no tablet for it"

// missingKeyspace begins the finding about a field that names no keyspace.
func (f *Facts) missingKeyspace(m matched, field, written string) Finding {
	return Finding{
		Path:    rulePath(m.kind, m.i, field),
		Message: fmt.Sprintf("%s: keyspace %q does not exist", m.noun(), written),
		Near:    nearSlip(written, f.keyspaces()),
		Next:    "name a keyspace that exists",
	}
}
