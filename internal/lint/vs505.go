package lint

import (
	"fmt"
	"slices"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/vschema"
)

// tableTypes are all that a VSchema can give a table, beside none.
var tableTypes = []string{vindexes.TypeReference, vindexes.TypeSequence}

var unknownTableType = Rule{
	Code: "VS505", Name: "table type that Vitess does not know", Severity: Error, Whole: true,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			if knownTableType(t.Type) {
				return
			}
			out = append(out, Finding{
				Keyspace: ks,
				Path:     []string{"tables", name, "type"},
				Message:  fmt.Sprintf("table %s is of unknown type %s", name, t.Type),
				Near:     near.Name(t.Type, tableTypes),
				Harm:     fmt.Sprintf("ApplyVSchema refuses it: \"unidentified table type %s\"", t.Type),
				Next:     "leave the type away for an ordinary table; the others are reference and sequence",
			})
		})
		return out
	},
}

func knownTableType(typ string) bool {
	return typ == vindexes.TypeTable || slices.Contains(tableTypes, typ)
}
