package lint

import (
	"fmt"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/key"

	"github.com/vtsync/vtsync/internal/vschema"
)

var ruleOfNoShard = Rule{
	Code: "VS713", Name: "shard rule for a shard that there is not", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		for i, r := range f.srv.GetShardRoutingRules().GetRules() {
			from, shard := r.GetFromKeyspace(), r.GetShard()
			if shard == "" || f.srv.Keyspaces[from] == nil {
				continue
			}
			finding := Finding{
				Path: rulePath(vschema.ShardRules, i, "shard"),
				Harm: "the rule matches nothing: queries go on to where they went without it",
				Next: "name a shard as topo does, such as -80",
			}
			noun := fmt.Sprintf("%s for %q", ruleNouns[vschema.ShardRules], join(from, shard))
			missing, missingTarget := f.noShard(from, shard), f.noShard(r.GetToKeyspace(), shard)
			switch {
			case missing != "":
				finding.Message = fmt.Sprintf("%s: %s", noun, missing)
				finding.Near = nearSlip(shard, f.shards[from])
			case missingTarget != "":
				finding.Message = fmt.Sprintf("%s: target %s", noun, missingTarget)
				finding.Harm = "queries that the rule matches find no tablet"
				finding.Next = "both keyspaces need the shard: only its keyspace is changed by the rule"
			default:
				continue
			}
			out = append(out, finding)
		}
		return out
	},
}

// noShard says why a keyspace has no shard of the name; "" where it may have one.
// What topo has is known better than what a name can be.
func (f *Facts) noShard(ks, shard string) string {
	vs, shards := f.srv.Keyspaces[ks], f.shards[ks]
	switch {
	case vs == nil || slices.Contains(shards, shard):
		return ""
	case len(shards) > 0:
		return fmt.Sprintf("keyspace %s has no such shard (%s)", ks, strings.Join(shards, ", "))
	case vs.Sharded && !isRange(shard):
		return fmt.Sprintf("keyspace %s is sharded, and %s is not a range of keys", ks, shard)
	case !vs.Sharded && isRange(shard) && shard != "-":
		return fmt.Sprintf("keyspace %s is not sharded, and %s is one of several shards", ks, shard)
	default:
		return ""
	}
}

// isRange tells whether a name can be that of one shard among others.
func isRange(shard string) bool {
	if shard == "0" {
		return false
	}
	ranges, err := key.ParseShardingSpec(shard)
	return err == nil && len(ranges) == 1
}
