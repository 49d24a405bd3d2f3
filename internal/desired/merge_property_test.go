package desired

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

// layouts are ways in which people have the same value in a file.
var layouts = map[string]func(t *rapid.T, pulled []byte) []byte{
	"pulled.json": func(_ *rapid.T, pulled []byte) []byte { return pulled },
	"wide.json": func(t *rapid.T, pulled []byte) []byte {
		var b bytes.Buffer
		if err := json.Indent(&b, pulled, "", rapid.SampledFrom([]string{"\t", "    ", " "}).Draw(t, "indent")); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	},
	"compact.json": func(t *rapid.T, pulled []byte) []byte {
		var b bytes.Buffer
		if err := json.Compact(&b, pulled); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	},
	"json.yaml":  func(_ *rapid.T, pulled []byte) []byte { return pulled },
	"block.yaml": blockLayout,
}

// blockLayout writes YAML without brackets, or with some.
func blockLayout(t *rapid.T, pulled []byte) []byte {
	var doc yaml.Node
	if err := yaml.Unmarshal(pulled, &doc); err != nil {
		t.Fatal(err)
	}
	deepest := rapid.IntRange(1, 5).Draw(t, "levels without brackets")
	var restyle func(n *yaml.Node, depth int)
	restyle = func(n *yaml.Node, depth int) {
		n.Style &^= yaml.FlowStyle
		if depth >= deepest && n.Kind != yaml.ScalarNode {
			n.Style |= yaml.FlowStyle
		}
		for _, c := range n.Content {
			restyle(c, depth+1)
		}
	}
	restyle(doc.Content[0], 0)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(rapid.IntRange(2, 4).Draw(t, "indent"))
	if err := enc.Encode(&doc); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// commented puts comments above and behind lines of YAML without brackets, each
// with the name of the entry that it is in, and empty lines.
func commented(t *rapid.T, text []byte) []byte {
	var out strings.Builder
	section, entry := "", ""
	depth := 0 // of entries
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		name, _, _ := strings.Cut(strings.Trim(line, ` `), ":")
		name = strings.Trim(name, `"'`)
		switch {
		case indent == 0:
			section, entry, depth = name, "", 0
		case depth == 0 || indent == depth:
			entry, depth = name, indent
		}
		if rapid.Bool().Draw(t, "empty line") {
			out.WriteString("\n")
		}
		note := fmt.Sprintf("# in %s.%s, %d", section, entry, i)
		if rapid.Bool().Draw(t, "comment above") {
			out.WriteString(line[:indent] + note + "\n")
		}
		out.WriteString(line)
		if !strings.Contains(line, "[") && rapid.Bool().Draw(t, "comment behind") {
			out.WriteString(" " + note + ".")
		}
		out.WriteString("\n")
	}
	return []byte(out.String())
}

// relatedTo generates a keyspace that shares much with the given one.
func relatedTo(t *rapid.T, ks *vschema.Keyspace, label string) *vschema.Keyspace {
	out := vschematest.Respell(t, ks)
	other := vschematest.Keyspaces().Draw(t, label)
	entries := append(vschema.Entries(ks), vschema.Entries(other)...)
	for range rapid.IntRange(0, 4).Draw(t, "edits") {
		vschema.CopyEntry(out, other, rapid.SampledFrom(entries).Draw(t, "entry"))
	}
	return out
}

// TestMergeAnything merges three related values in every layout: what comes out
// is the merged value, with the comments of all that it leaves alone, and the
// next plan sees nothing of others and no more of ours than before.
func TestMergeAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := vschematest.Keyspaces().Draw(t, "base")
		live, value := relatedTo(t, base, "live"), relatedTo(t, base, "file")
		pulled, err := Encode(value)
		if err != nil {
			t.Fatal(err)
		}
		file := rapid.SampledFrom(sortedKeysOf(layouts)).Draw(t, "layout")
		data := layouts[file](t, pulled)
		if file == "block.yaml" {
			data = commented(t, data)
		}
		merged, err := Merge("customer", file, data, live, base)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		want := diff.Compare("customer", live, value, base)
		if merged.Conflicts != nil {
			if len(want.Conflicts) == 0 {
				t.Fatalf("conflicts where the entries have none: %v", merged.Conflicts)
			}
			return
		}
		checkMerged(t, file, merged, live, want)
		checkComments(t, data, merged, value)
	})
}

func checkMerged(t *rapid.T, file string, merged Merged, live *vschema.Keyspace, before diff.Result) {
	back, err := Parse("customer", file, merged.Data)
	if err != nil || !proto.Equal(back.VSchema, merged.VSchema) {
		t.Fatalf("%v: the text is not the value:\n%s\n%s", err, merged.Data, prototext.Format(merged.VSchema))
	}
	after := diff.Compare("customer", live, merged.VSchema, live)
	if len(after.Foreign)+len(after.Conflicts) > 0 {
		t.Fatalf("left over: %v", after)
	}
	ours := map[vschema.Entry]bool{}
	for _, c := range append(before.Ours, before.Conflicts...) {
		ours[c.Entry] = true
	}
	for _, c := range after.Ours {
		if !ours[c.Entry] {
			t.Fatalf("%s was never ours", c.Entry)
		}
		delete(ours, c.Entry)
	}
	for _, c := range before.Ours {
		if ours[c.Entry] {
			t.Fatalf("our %s was lost", c.Entry)
		}
	}
	again, err := Merge("customer", file, merged.Data, live, live)
	if err != nil || !bytes.Equal(again.Data, merged.Data) {
		t.Fatalf("a second merge: %v\n%s", err, again.Data)
	}
}

func checkComments(t *rapid.T, data []byte, merged Merged, value *vschema.Keyspace) {
	for _, line := range strings.Split(string(data), "\n") {
		_, text, ok := strings.Cut(line, "# in ")
		if !ok {
			continue
		}
		where, _, _ := strings.Cut(text, ",")
		if where == "{}." {
			continue // the whole value
		}
		section, name, _ := strings.Cut(where, ".")
		e := vschema.Entry{Kind: vschema.SettingEntry, Name: section}
		if section == "tables" || section == "vindexes" {
			if name == "" {
				continue // it goes with the last entry
			}
			e = vschema.Entry{Kind: map[string]vschema.EntryKind{"tables": vschema.TableEntry, "vindexes": vschema.VindexEntry}[section], Name: name}
		}
		if vschema.EntryEqual(value, merged.VSchema, e) && has(merged.VSchema, e) && !bytes.Contains(merged.Data, []byte("# in "+text)) {
			t.Fatalf("lost %q of\n%s\nin\n%s", text, data, merged.Data)
		}
	}
}

// TestMergeAnyText merges values of any field and any text.
func TestMergeAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value, live := &vschemapb.Keyspace{}, &vschemapb.Keyspace{}
		drawMessage(t, value.ProtoReflect(), "file")
		drawMessage(t, live.ProtoReflect(), "live")
		text, err := Encode(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"v.json", "v.yaml"} {
			if file == "v.yaml" && !isYAMLText(text) {
				continue
			}
			checkTaken(t, file, text, live)
		}
	})
}

// checkTaken takes all of live into a file that nobody edited.
func checkTaken(t interface{ Fatalf(string, ...any) }, file string, data []byte, live *vschema.Keyspace) {
	ks, err := Parse("customer", file, data)
	if err != nil {
		return
	}
	merged, err := Merge("customer", file, data, live, ks.VSchema)
	if err != nil {
		var invalid *errs.Invalid
		if !errors.As(err, &invalid) || invalid.Next == "" {
			t.Fatalf("%v\n%s", err, data)
		}
		var here *unusual
		if len(data) < 1000 && !errors.As(err, &here) {
			t.Fatalf("%v\n%s", err, data)
		}
		return
	}
	if merged.Conflicts != nil || !vschema.Equal(merged.VSchema, live) {
		t.Fatalf("conflicts %v, merged to %s, live is %s", merged.Conflicts, prototext.Format(merged.VSchema), prototext.Format(live))
	}
}

func sortedKeysOf[V any](m map[string]V) []string {
	names := map[string]bool{}
	for name := range m {
		names[name] = true
	}
	return sortedNames(names)
}

// mergeSeeds are live values that a fuzzed file is to take.
var mergeSeeds = []*vschema.Keyspace{
	{},
	{Sharded: true, Tables: map[string]*vschemapb.Table{"": {}, "a": {Type: "sequence"}, "t": {}}},
	full(),
	{
		Vindexes: map[string]*vschema.Vindex{"a": {Type: "lookup", Params: map[string]string{"b": "80", "table": "true"}}},
		Tables: map[string]*vschemapb.Table{
			"a": {ColumnVindexes: []*vschemapb.ColumnVindex{{Name: "a", Columns: []string{"x", "y"}}}},
			"t": {Columns: []*vschemapb.Column{{Name: "a"}, {Name: "c", Default: "#"}}, ColumnListAuthoritative: true},
		},
	},
}

func FuzzMergeJSON(f *testing.F) { fuzzMerge(f, "v.json") }

func FuzzMergeYAML(f *testing.F) { fuzzMerge(f, "v.yaml") }

func fuzzMerge(f *testing.F, file string) {
	archives, err := filepath.Glob("testdata/merge/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatal(archives, err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range archive.Files {
			if strings.HasPrefix(part.Name, "vschema") {
				f.Add(part.Data, byte(2))
			}
		}
	}
	for i, seed := range []string{
		"tables:\n  ? t\n  : {}\n", "tables: {a, t: , \"c\":{}}", "tables:\n  t: &x {type: !!str y}\n", "- {}", "tables:\n  t:\n    columns:\n    -\n      name: a\n    - # b\n      name: b\n",
		"tables:\n  a:\n    type: |\n      x\n\n  t:\n    type: |+\n      y\n\n# z", "{tables: {t: {columns: [name: a, name: b]}}}", "tables: {t: {type:\n # c\n x}}", "vindexes:\n  a: # b\n    type: 'x'\n    params: {b: 'true', c: null}",
		"tables:\n  t:\n    type: a\n     b\n    source: \"c\n\n      d\"\n    columns: []\n", "%YAML 1.2\n--- # a\ntables: {}\n... # b\n",
	} {
		f.Add([]byte(seed), byte(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, live byte) {
		checkTaken(t, file, data, mergeSeeds[int(live)%len(mergeSeeds)])
	})
}
