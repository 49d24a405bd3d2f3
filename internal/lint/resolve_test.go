package lint

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
)

// enough builds for each order of a few keyspaces to have come up.
const enough = 50

// zips are keyspaces with a table zip, or without, and what they make of it.
var zips = []string{
	`{"tables":{"other":{}}}`,
	`{"tables":{"zip":{}}}`,
	`{"require_explicit_routing":true,"tables":{"zip":{}}}`,
	`{"tables":{"zip":{"type":"reference"}}}`,
	`{"tables":{"zip":{"type":"reference","source":"zip"}}}`,
	`{"tables":{"zip":{"type":"reference","source":"a.zip"}}}`,
	`{"tables":{"zip":{"type":"reference","source":"b.zip"}}}`,
	`{"tables":{"zip":{"type":"reference","source":"a.other"}}}`,
}

// TestGlobalNames holds what a name without its keyspace leads to against
// Vitess's own build, which reads the keyspaces in the order of a map: what
// differs from one build to the next is ambiguous.
func TestGlobalNames(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 4))
	for range 150 {
		parts := map[string]string{}
		for _, ks := range []string{"a", "b", "c"} {
			parts[ks] = zips[r.IntN(len(zips))]
		}
		srv := world(t, parts)
		f := newFacts(srv, Input{})
		got := f.resolve("", "zip")
		found := map[string]bool{}
		for range enough {
			found[vtgateFindsZip(t, f)] = true
		}
		want := "ambiguous"
		if len(found) == 1 {
			for only := range found {
				want = only
			}
		}
		said := got.keyspace
		if strings.HasPrefix(got.err, "ambiguous") {
			said = "ambiguous"
		}
		if said != want {
			t.Errorf("%v: leads to %q, and vtgate finds it in %v", parts, said, found)
		}
	}
}

// vtgateFindsZip gives the keyspace in which one build of Vitess finds zip.
func vtgateFindsZip(t *testing.T, f *Facts) string {
	t.Helper()
	built, err := buildAll(f.srv, f.parser)
	if err != nil {
		t.Fatal(err)
	}
	table, err := built.FindRoutedTable("", "zip", topodatapb.TabletType_PRIMARY)
	switch {
	case err != nil:
		return "ambiguous"
	case table == nil:
		return ""
	}
	return table.Keyspace.Name
}

// TestNamesLeadTheSameEveryTime: findings about names do not depend on the order
// in which Vitess happens to read the keyspaces.
func TestNamesLeadTheSameEveryTime(t *testing.T) {
	tests := map[string]map[string]string{
		"a rule for a name that depends on the order": {
			"a": zips[2], "b": zips[5], "c": zips[1],
			"routing_rules": `{"rules":[{"from_table":"c.zip","to_tables":["a.zip"]}]}`,
		},
		"rules that lead to a name without a keyspace": {
			"a": zips[2], "b": zips[5], "c": zips[1],
			"routing_rules":          `{"rules":[{"from_table":"a.zip","to_tables":["c.zip"]},{"from_table":"x","to_tables":["b.zip"]}]}`,
			"keyspace_routing_rules": `{"rules":[{"from_keyspace":"b"}]}`,
		},
		"a sequence of two keyspaces": {
			"a": `{"tables":{"s":{"type":"sequence"}}}`, "b": `{"tables":{"s":{"type":"reference","source":"a.s"}}}`,
			"c": `{"tables":{"t":{"auto_increment":{"column":"id","sequence":"s"}},"u":{"auto_increment":{"column":"id","sequence":"t"}}}}`,
		},
	}
	for name, parts := range tests {
		t.Run(name, func(t *testing.T) {
			first := Check(Input{After: world(t, parts)})
			for range enough {
				if again := Check(Input{After: world(t, parts)}); !reflect.DeepEqual(again, first) {
					t.Fatalf("found %v, and then %v", first, again)
				}
			}
		})
	}
}
