package desired

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// BenchmarkLoad reads 10,000 tables in 50 keyspaces.
func BenchmarkLoad(b *testing.B) {
	for _, form := range []string{"json", "yaml"} {
		fsys := fstest.MapFS{}
		for k := range 50 {
			fsys[fmt.Sprintf("keyspaces/ks%02d/vschema.%s", k, form)] = &fstest.MapFile{Data: bigFile(form, 200)}
		}
		b.Run(form, func(b *testing.B) {
			for b.Loop() {
				if _, err := Load(fsys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// bigFile is the file of a keyspace with so many tables.
func bigFile(form string, tables int) []byte {
	var t strings.Builder
	if form == "json" {
		t.WriteString("{\n  \"sharded\": true,\n  \"vindexes\": {\n    \"hash\": { \"type\": \"xxhash\" }\n  },\n  \"tables\": {")
		for i := range tables {
			separator := ","
			if i == 0 {
				separator = ""
			}
			fmt.Fprintf(&t, "%s\n    \"table_%05d\": {\n      \"column_vindexes\": [\n        { \"column\": \"id\", \"name\": \"hash\" }\n      ],\n      \"auto_increment\": { \"column\": \"id\", \"sequence\": \"main.table_%05d_seq\" }\n    }", separator, i, i)
		}
		t.WriteString("\n  }\n}\n")
	} else {
		t.WriteString("sharded: true\nvindexes:\n  hash: {type: xxhash}\ntables:\n")
		for i := range tables {
			fmt.Fprintf(&t, "  table_%05d:\n    column_vindexes:\n      - {column: id, name: hash}\n    auto_increment: {column: id, sequence: main.table_%05d_seq}\n", i, i)
		}
	}
	return []byte(t.String())
}
