package ddl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Trip is a keyspace in which more shards have failed than the circuit breaker
// allows.
type Trip struct {
	Keyspace        string
	Failed, Serving int
	// Text names the shards, and why each has failed.
	Text string
}

// Open gives the keyspaces, sorted, in which more than that share of the serving
// shards have failed: a migration that is waited for failed there, was cancelled
// or was reverted.
func Open(answers []Answer, percent float64) []Trip {
	failed := make(map[string]map[string]string) // keyspace -> shard -> why
	serving := make(map[string]int)
	for _, a := range answers {
		ks := a.Need.Keyspace
		serving[ks] = max(serving[ks], len(a.Shards))
		for _, s := range a.Shards {
			if a.Status == Done || s.Status != Failed {
				continue
			}
			if failed[ks] == nil {
				failed[ks] = make(map[string]string)
			}
			if failed[ks][s.Name] == "" {
				failed[ks][s.Name] = fmt.Sprintf("%s: migration %s %s", s.Name, a.Need.Migration, s.Text)
			}
		}
	}
	var out []Trip
	for _, ks := range slices.Sorted(maps.Keys(failed)) {
		n := len(failed[ks])
		if float64(n)*100 <= percent*float64(serving[ks]) {
			continue
		}
		var whys []string
		for _, shard := range slices.Sorted(maps.Keys(failed[ks])) {
			whys = append(whys, failed[ks][shard])
		}
		if more := len(whys) - maxShown; more > 0 {
			whys = append(whys[:maxShown], fmt.Sprintf("and %d more", more))
		}
		out = append(out, Trip{
			Keyspace: ks, Failed: n, Serving: serving[ks],
			Text: fmt.Sprintf("%d of %s of keyspace %s failed: %s", n, count(serving[ks]), ks, strings.Join(whys, "; ")),
		})
	}
	return out
}
