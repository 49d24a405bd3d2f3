package fileschema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/desired"
)

// BenchmarkValidate holds 10,000 tables in 50 files against the schema, which
// lint does with every file that it has read.
func BenchmarkValidate(b *testing.B) {
	var tables []string
	for i := range 200 {
		tables = append(tables, fmt.Sprintf(`"t%d":{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.seq"}}`, i))
	}
	text := `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{` + strings.Join(tables, ",") + `}}`
	ks, err := desired.Parse("customer", "vschema.json", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for range 50 {
			if found, err := Validate(VSchema, ks.Value()); err != nil || len(found) > 0 {
				b.Fatal(found, err)
			}
		}
	}
}
