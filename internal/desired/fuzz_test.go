package desired

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
)

// longNumber finds a number of more digits than are read.
var longNumber = regexp.MustCompile(`[-+.eE0-9]{65}`)

func FuzzLoadJSON(f *testing.F) {
	text, err := Encode(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, seed := range []string{
		`{}`, `[]`, `{"customer": {"sharded": true}}`, `{"keyspaces": {"customer": {}}, "routingRules": null}`,
		`{"sharded": true, "sharded": null}`, `{"tables": {"t\u00e9\ud83d\ude00": {"columns": [{"type": 265, "size": 1e2}]}}}`,
		"\uFEFF{\r\n\"x\": 01}", `{"a": "\ud83d"}`, "{\"a\xff", `[[[[[[[[`, `{"tables": {"t": {}, "t": {}},}`, `{} // x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		ks := checkLoad(t, "v.json", data)
		if looksWrapped(data) {
			return
		}
		// What is accepted is what protojson accepts, and means the same; but
		// that takes enum numbers that nobody knows, and endless numbers.
		want := &vschemapb.Keyspace{}
		err := protojson.Unmarshal(trimMark(data), want)
		if ks == nil {
			_, refused := Parse("customer", "v.json", data)
			if err == nil && !strings.Contains(refused.Error(), "has no value") && !longNumber.Match(data) {
				t.Fatalf("refused what protojson accepts: %v", refused)
			}
			return
		}
		if err != nil {
			t.Fatalf("accepted what protojson refuses: %v", err)
		}
		if !proto.Equal(ks.VSchema, want) {
			t.Fatalf("got %s, want %s", prototext.Format(ks.VSchema), prototext.Format(want))
		}
	})
}

func FuzzLoadYAML(f *testing.F) {
	for _, seed := range []string{
		fullYAML, "", "---\n...\n", "a: &a [*a]\n", "? [a]\n: b\n", "tables:\n\tt:", "x: !!binary aGk=\n", "x: |\n  y\n z",
		"a: b\n---\nc: d\n", "<<: {a: b}\n", "tables: {1: {}, ~: {}, t: }\n", "\uFEFF{}", "- - - - -", "\"\\u2028\"", "%YAML 1.2\n---\n{}",
		"sharded: yes\r\ntables: {t: {pinned: 0123}}\r\n", "!!map {}", "*x", "a: 'b\n\n  c'", "#\n\n", "tables:\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkLoad(t, "v.yaml", data) })
}

// checkLoad parses and holds the outcome to what is true of any input: an
// error points into the file, and what is accepted survives Encode.
func checkLoad(t *testing.T, file string, data []byte) *Keyspace {
	ks, err := Parse("customer", file, data)
	if err != nil {
		lines := strings.Split(string(trimMark(data)), "\n")
		for i, e := range invalids(t, err) {
			if i == maxProblems {
				break // the count of the rest has no place
			}
			if e.Pos.File != file || e.Pos.Line < 1 || e.Pos.Line > len(lines) {
				t.Fatalf("no line of the file: %v", e)
			}
			if length := utf8.RuneCountInString(lines[e.Pos.Line-1]); e.Pos.Column > length+1 {
				t.Fatalf("no column of the line, which has %d: %v", length, e)
			}
		}
		return nil
	}
	text, err := Encode(ks.VSchema)
	if err != nil {
		t.Fatalf("accepted what cannot be written: %v", err)
	}
	back, err := Parse("customer", "v.json", text)
	if err != nil {
		t.Fatalf("reading back: %v\n%s", err, text)
	}
	if !proto.Equal(back.VSchema, ks.VSchema) {
		t.Fatalf("got %s, want %s", prototext.Format(back.VSchema), prototext.Format(ks.VSchema))
	}
	return ks
}

// looksWrapped tells that a text that was accepted is not in Vitess's own form.
func looksWrapped(data []byte) bool {
	root, err := parseJSON(trimMark(data))
	return err == nil && len(root.members) > 0 && !looksLikeKeyspace(root)
}

func FuzzFormatJSON(f *testing.F) {
	text, err := Encode(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, seed := range []string{
		`{"tables": {"b": {"columns": [{"name": "a", "size": "12", "nullable": null}]}, "a": {}}, "sharded": null}`,
		`{"customer": {"tables": {"t": {}}, "sharded": true}}`, `{"rules": [{"toTables": ["b", "a"], "fromTable": "t"}]}`,
		`{"routing_rules": {"rules": []}, "keyspaces": {"b": {}, "a": {"sharded": true}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkFormat(t, "v.json", data) })
}

func FuzzFormatYAML(f *testing.F) {
	for _, seed := range []string{
		fullYAML, "# a\n\n# b\ntables: {t: {}} # c\n# d\n", "{ # a\n tables: # b\n {t: # c\n\n # d\n {}, u: { # e\n } # f\n} # g\n} # h\n",
		"tables:\n  t:\n    columns:\n    # a\n    - # b\n      name: x # c\n      # d\n    # e\n  # f\n", "--- # a\nsharded: !!bool true # b\n... # c\n",
		"tables:\n  t: {columns: [name: a, name: b]}\n  u: {source: 'x # y', pinned: \"8\n\n    0\", type: |\n    # z\n    }\n",
		"tables:\n\n\n  # a\n\n  b: {}\n\n  a:\n", "vindexes: {a: {params: {b: !!str 80, c: !!str , d: &x y, e: 2020-01-01}}}", "{tables: {t}}",
		"rules:\n- {to_tables: [b, a], from_table: t} # x\n", "? tables\n: ? t # a\n  : {}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkFormat(t, "v.yaml", data) })
}

// checkFormat holds a layout to what is true of any: it reads back the same,
// with the same comments, and is its own layout.
func checkFormat(t *testing.T, file string, data []byte) {
	out, err := Format(file, data)
	if err != nil {
		for _, e := range invalids(t, err) {
			if e.Code == "" && len(data) < 1000 {
				t.Fatalf("%v", e)
			}
		}
		return
	}
	again, err := Format(file, out)
	if err != nil || string(again) != string(out) {
		t.Fatalf("not its own layout: %v\n%s\nand again:\n%s", err, out, again)
	}
	before, errBefore := Parse("customer", file, data)
	after, errAfter := Parse("customer", file, out)
	if (errBefore == nil) != (errAfter == nil) {
		t.Fatalf("read with %v, laid out with %v:\n%s", errBefore, errAfter, out)
	}
	if errBefore == nil && !proto.Equal(before.VSchema, after.VSchema) {
		t.Fatalf("got %s, want %s", prototext.Format(after.VSchema), prototext.Format(before.VSchema))
	}
	if file == "v.yaml" && !slices.Equal(comments(t, data), comments(t, out)) {
		t.Fatalf("comments %q, want %q", comments(t, out), comments(t, data))
	}
}

// comments gives the comments of a file that can be read, sorted.
func comments(t *testing.T, data []byte) []string {
	src, err := readSource("v.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return src.yaml.texts()
}

// FuzzRename gives each string of a file another value, and wants a file that
// differs in nothing else.
func FuzzRename(f *testing.F) {
	for _, seed := range []string{
		fullYAML, `{"a": "b\n", "c": ["d", {"e": 1}]}`, "a: 'it''s'\nb: \"x\\\n  y\"\nc: {d: e, f: [g, h]} # a\n", "\uFEFFa: é\n'b' : b\n", "? a\n: - b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range []string{"v.json", "v.yaml"} {
			for i, n := range stringsOf(file, data) {
				const renamed = "it's \"new\", # and\n\u2028 more"
				got, ok := Rename(data, n.at.in(file), n.text, renamed)
				if !ok {
					continue
				}
				want := stringsOf(file, data)
				want[i].text = renamed
				after := stringsOf(file, got)
				same := func(a, b *node) bool { return a.text == b.text }
				if !slices.EqualFunc(after, want, same) {
					t.Fatalf("%s: %q renamed:\n%s", file, n.text, got)
				}
			}
		}
	})
}

// stringsOf gives the names and strings of a file, in its order; none where it
// cannot be read.
func stringsOf(file string, data []byte) []*node {
	p := &problems{file: file}
	data, ok := cleanText(data, p)
	if !ok {
		return nil
	}
	var root *node
	if file == "v.json" {
		root, _ = parseJSON(data)
	} else if root, _ = parseYAML(data, p); p.err() != nil {
		return nil
	}
	var out []*node
	var walk func(n *node)
	walk = func(n *node) {
		if n.kind == stringNode {
			out = append(out, n)
		}
		for _, m := range n.members {
			out = append(out, &node{kind: stringNode, at: m.at, text: m.name})
			walk(m.value)
		}
		for _, item := range n.items {
			walk(item)
		}
	}
	if root != nil {
		walk(root)
	}
	return out
}
