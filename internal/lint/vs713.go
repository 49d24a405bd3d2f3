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
			switch {
			case f.lacksShard(from, shard):
				finding.Message = fmt.Sprintf("%s: keyspace %s has no such shard (%s)", noun, from, strings.Join(f.shards[from], ", "))
				finding.Near = nearSlip(shard, f.shards[from])
			case f.srv.Keyspaces[from].GetSharded() && !isRange(shard):
				finding.Message = fmt.Sprintf("%s: %s is not a range of keys, and keyspace %s is sharded", noun, shard, from)
			case f.lacksShard(r.GetToKeyspace(), shard):
				finding.Message = fmt.Sprintf("%s: target keyspace %s has no such shard (%s)", noun, r.GetToKeyspace(), strings.Join(f.shards[r.GetToKeyspace()], ", "))
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

// lacksShard tells that topo is known, and has no such shard.
func (f *Facts) lacksShard(ks, shard string) bool {
	return len(f.shards[ks]) > 0 && !slices.Contains(f.shards[ks], shard)
}

// isRange tells whether a name can be that of one shard among others.
func isRange(shard string) bool {
	if shard == "0" {
		return false
	}
	ranges, err := key.ParseShardingSpec(shard)
	return err == nil && len(ranges) == 1
}
