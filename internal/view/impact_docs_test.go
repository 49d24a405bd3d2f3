package view

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
)

// docs/impact.md names every field and every value of the JSON.
func TestImpactJSONIsDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../docs/impact.md")
	if err != nil {
		t.Fatal(err)
	}
	names := jsonNames(reflect.TypeFor[impact.Report](), map[reflect.Type]bool{})
	for _, c := range impact.Classes {
		names = append(names, string(c))
	}
	for _, v := range impact.Verdicts {
		names = append(names, string(v))
	}
	if len(names) < 30 {
		t.Fatalf("only %v", names)
	}
	for _, name := range append(names, ImpactMarker) {
		if !strings.Contains(string(docs), "`"+name+"`") {
			t.Errorf("docs/impact.md does not name %q", name)
		}
	}
}

// jsonNames gives the names of the fields of a type and of the types in it.
func jsonNames(typ reflect.Type, seen map[reflect.Type]bool) []string {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return jsonNames(typ.Elem(), seen)
	case reflect.Struct:
	default:
		return nil
	}
	if seen[typ] {
		return nil
	}
	seen[typ] = true
	var names []string
	for _, f := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name != "" {
			names = append(names, name)
		}
		names = append(names, jsonNames(f.Type, seen)...)
	}
	return names
}
