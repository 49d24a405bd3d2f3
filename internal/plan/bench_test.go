package plan

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkBuild plans one new table in a cluster of 12 keyspaces with 300
// tables each, and nothing at all.
func BenchmarkBuild(b *testing.B) {
	var tables []string
	for i := range 300 {
		tables = append(tables, fmt.Sprintf(`"t%d":{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.customer_seq"}}`, i))
	}
	text := `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{` + strings.Join(tables, ",") + `}}`
	texts := map[string]string{"commerce": commerceJSON}
	for i := range 12 {
		texts[fmt.Sprintf("ks%d", i)] = text
	}
	s := snapshot(b, texts)
	nothing := input(s, keyspaces{"ks0": keyspace(b, text)})
	change := input(s, keyspaces{"ks0": edited(b, text, `"tables":{`, `"tables":{"new":{"column_vindexes":[{"column":"id","name":"hash"}]},`)})
	b.Run("nothing", func(b *testing.B) {
		for b.Loop() {
			build(b, nothing)
		}
	})
	b.Run("change", func(b *testing.B) {
		for b.Loop() {
			build(b, change)
		}
	})
}
