package fileschema

import (
	"testing"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/vschema"
)

// FuzzShape: whatever the reader takes has the shape that the schema demands,
// in JSON and YAML, in every form; and each violation of the rest has a place.
func FuzzShape(f *testing.F) {
	f.Add(true, `{"sharded":true,"vindexes":{"hash":{"type":"hash","params":{"a":"b"}}},"tables":{"t":{"columnVindexes":[{"columns":["id"],"name":"hash"}],"columns":[{"name":"c","type":10,"size":"1e2","nullable":null}]}}}`)
	f.Add(true, `{"keyspaces":{"customer":{"foreign_key_mode":"managed","multi_tenant_spec":null}}}`)
	f.Add(false, "sharded: true\ntables:\n  t: {pinned: '00', auto_increment: {column: id}}\n")
	for _, file := range ruleFiles {
		f.Add(true, file.text)
	}
	f.Fuzz(func(t *testing.T, isJSON bool, text string) {
		name := "vschema.yaml"
		if isJSON {
			name = "vschema.json"
		}
		if ks, err := desired.Parse("customer", name, []byte(text)); err == nil {
			holds(t, VSchema, ks.Value())
		}
		for _, kind := range vschema.RuleKinds {
			if rules, err := desired.ParseRules(kind, name, []byte(text)); err == nil {
				holds(t, Kind(kind), rules.Document.Value())
			}
		}
	})
}

func holds(t *testing.T, k Kind, value any) {
	t.Helper()
	if err := shapeOf(t, k).Validate(value); err != nil {
		t.Errorf("the reader takes it, the schema of %s does not: %v", k, err)
	}
	found, err := Validate(k, value)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		if len(v.Path) == 0 || v.Message == "" {
			t.Errorf("%s: a violation without a place or a word: %+v", k, v)
		}
	}
}
