package lint

import "fmt"

// vtgate asks any one shard for a value, and does not look at the pin.
var pinnedSequence = Rule{
	Code: "VS305", Name: "auto_increment takes values from a sharded keyspace", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachSequenceUse(func(use sequenceUse) {
			if use.to.table == nil || !isSequence(use.to.table) || use.to.table.Pinned == "" ||
				!f.srv.Keyspaces[use.to.keyspace].GetSharded() || len(f.shards[use.to.keyspace]) == 1 {
				return
			}
			out = append(out, Finding{
				Keyspace: use.ks,
				Path:     use.path(),
				Message:  fmt.Sprintf("sequence %s of %s.%s is pinned to one shard of keyspace %s", use.to, use.table, use.column, use.to.keyspace),
				Harm:     "for the value of an auto_increment vtgate asks a shard at random, pinned or not: inserts fail where it has no such row, and get values twice where it has one of its own",
				Next:     "move the sequence to an unsharded keyspace",
			})
		})
		return out
	},
}
