package lint

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

var brokenRule = Rule{
	Code: "VS701", Name: "rule that vtgate cannot use", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		add := func(kind vschema.RuleKind, from, why, harm string) {
			out = append(out, Finding{
				Path:    []string{string(kind), from},
				Message: fmt.Sprintf("%s: rule for %s: %s", kind, from, why),
				Harm:    harm,
			})
		}
		for _, from := range sortedKeys(f.built.RoutingRules) {
			if err := f.built.RoutingRules[from].Error; err != nil {
				add(vschema.TableRules, from, err.Error(), fmt.Sprintf("every query of %s fails with that error", from))
			}
		}
		for _, from := range sortedKeys(f.built.MirrorRules) {
			if err := f.built.MirrorRules[from].Error; err != nil {
				add(vschema.MirrorKind, from, err.Error(), "queries that would be mirrored fail with that error")
			}
		}
		for _, r := range f.srv.GetShardRoutingRules().GetRules() {
			if to := r.GetToKeyspace(); f.srv.Keyspaces[to] == nil {
				add(vschema.ShardRules, r.GetFromKeyspace()+"."+r.GetShard(), missingKeyspace(to), "queries of that shard fail")
			}
		}
		for _, r := range f.srv.GetKeyspaceRoutingRules().GetRules() {
			if to := r.GetToKeyspace(); f.srv.Keyspaces[to] == nil {
				add(vschema.KeyspaceRules, r.GetFromKeyspace(), missingKeyspace(to), "queries of that keyspace fail")
			}
		}
		return out
	},
}

func missingKeyspace(name string) string {
	return fmt.Sprintf("keyspace %s does not exist", name)
}
