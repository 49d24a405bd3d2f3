package plan

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// BenchmarkBuild plans a cluster of 50 keyspaces that the files agree with, and
// the same with one new table: what a person waits for and does not see.
func BenchmarkBuild(b *testing.B) {
	for _, tables := range []int{100, 1_000, 10_000} {
		live, desired := large(b, tables)
		s := snapshot(b, live)
		nothing := input(s, desired)
		nothing.Last = desired
		b.Run(fmt.Sprintf("nothing/%d", tables), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				build(b, nothing)
			}
		})
		change := nothing
		change.Desired = maps.Clone(desired)
		change.Desired["ks0"] = edited(b, live["ks0"], `"tables":{`, `"tables":{"added":{"column_vindexes":[{"column":"id","name":"hash"}]},`)
		b.Run(fmt.Sprintf("change/%d", tables), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				build(b, change)
			}
		})
	}
}

// large gives a cluster of 50 keyspaces with so many tables in all, as JSON and
// as files would say it.
func large(b *testing.B, tables int) (map[string]string, keyspaces) {
	const count = 50
	live := map[string]string{"commerce": commerceJSON}
	for k := range count - 1 {
		var entries []string
		for i := range tables / (count - 1) {
			entries = append(entries, fmt.Sprintf(`"t%d_%d":{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.customer_seq"}}`, k, i))
		}
		live[fmt.Sprintf("ks%d", k)] = `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{` + strings.Join(entries, ",") + `}}`
	}
	desired := keyspaces{}
	for name, text := range live {
		desired[name] = keyspace(b, text)
	}
	return live, desired
}
