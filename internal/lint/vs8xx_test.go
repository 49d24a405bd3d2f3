package lint

import (
	"strings"
	"testing"
)

// TestAmbiguousNamesTogether: what names share is said once, and the fix fits
// the kind of tables.
func TestAmbiguousNamesTogether(t *testing.T) {
	const seven = `"t1":{},"t2":{},"t3":{},"t4":{},"t5":{},"t6":{},"t7":{}`
	const source = "let the reference tables name it as their source"
	tests := []struct {
		name    string
		a, b    string
		message string
		source  bool // the fix speaks of it
	}{
		{"one", `"t1":{}`, `"t1":{}`, "table t1 is declared in keyspaces a, b", false},
		{"two", `"t1":{},"t2":{}`, `"t1":{},"t2":{}`, "2 tables are declared in keyspaces a, b: t1, t2", false},
		{"seven", seven, seven, "7 tables are declared in keyspaces a, b: t1, t2, t3, t4, t5, ...", false},
		{"references", `"t1":{}`, `"t1":{"type":"reference"}`, "table t1 is declared in keyspaces a, b", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := Check(Input{After: world(t, map[string]string{"a": `{"tables":{` + tt.a + `}}`, "b": `{"tables":{` + tt.b + `}}`})})
			var messages []string
			for _, f := range found {
				if f.Code == ambiguousName.Code {
					messages = append(messages, f.Message)
					if strings.Contains(f.Next, source) != tt.source {
						t.Errorf("fix is %q", f.Next)
					}
				}
			}
			if len(messages) != 1 || messages[0] != tt.message {
				t.Errorf("got %q, want %q", messages, tt.message)
			}
		})
	}
}

// TestHarmOfABadVindex: Vitess builds all vindexes first, so that one of them
// leaves no table, where a bad table leaves others to chance.
func TestHarmOfABadVindex(t *testing.T) {
	tables := `"tables":{"a":{"column_vindexes":[{"column":"id","name":"h"}]},"b":{"column_vindexes":[{"column":"id","name":"h"}]}}`
	srv := world(t, map[string]string{"x": `{"sharded":true,"vindexes":{"h":{"type":"hash"},"bad":{"type":"nosuch"}},` + tables + `}`})
	f := newFacts(srv, Input{})
	for range enough {
		built, err := buildAll(srv, f.parser)
		if err != nil || len(built.Keyspaces["x"].Tables) > 0 {
			t.Fatalf("Vitess builds %v (%v), want no table", built.Keyspaces["x"].Tables, err)
		}
	}
	for _, r := range []Rule{badVindex, unbuildable} {
		found := r.Check(f)
		if len(found) != 1 || !strings.HasSuffix(found[0].Harm, "no table of keyspace x is served") {
			t.Errorf("%s: %v", r.Code, found)
		}
	}
}
