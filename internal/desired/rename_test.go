package desired

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
)

func TestRename(t *testing.T) {
	for name, tc := range map[string]struct {
		file, data   string
		line, column int
		old, renamed string
		want         string // empty where it is refused
	}{
		"JSON value":           {"v.json", `{"a": "x"}`, 1, 7, "x", "yy", `{"a": "yy"}`},
		"JSON name":            {"v.json", `{"a": "x"}`, 1, 2, "a", "b\"<", `{"b\"<": "x"}`},
		"JSON escape":          {"v.json", `{"\u0061\n": "x"}`, 1, 2, "a\n", "b", `{"b": "x"}`},
		"JSON, other text":     {"v.json", `{"a": "xy"}`, 1, 7, "x", "z", ""},
		"JSON, no string":      {"v.json", `{"a": 12}`, 1, 7, "12", "13", ""},
		"JSON, a mark":         {"v.json", "\uFEFF{\"a\": 1}", 1, 2, "a", "b", "\uFEFF{\"b\": 1}"},
		"JSON, behind":         {"v.json", `{}`, 2, 1, "a", "b", ""},
		"JSON, wide":           {"v.json", "{\r\n\t\"é世\": \"x\"}\r\n", 2, 8, "x", "y", "{\r\n\t\"é世\": \"y\"}\r\n"},
		"plain":                {"v.yaml", "a: x # x\n", 1, 4, "x", "z", "a: z # x\n"},
		"plain name":           {"v.yaml", "tabels: {}\n", 1, 1, "tabels", "tables", "tables: {}\n"},
		"plain in flow":        {"v.yaml", "a: {b: x, c: x}\n", 1, 14, "x", "z", "a: {b: x, c: z}\n"},
		"plain with a comma":   {"v.yaml", "a: x, y\n", 1, 4, "x", "y", ""},
		"plain, longer":        {"v.yaml", "a: xy\n", 1, 4, "x", "y", ""},
		"plain to a word":      {"v.yaml", "a: x\n", 1, 4, "x", "yes", "a: \"yes\"\n"},
		"plain to a number":    {"v.yaml", "a: x\n", 1, 4, "x", "0x1", "a: \"0x1\"\n"},
		"plain over two lines": {"v.yaml", "a: x\n  y\n", 1, 4, "x y", "z", ""},
		"single":               {"v.yaml", "a: 'it''s' # c\n", 1, 4, "it's", "o'y", "a: 'o''y' # c\n"},
		"single to a line":     {"v.yaml", "a: 'x'\n", 1, 4, "x", "y\nz", "a: \"y\\nz\"\n"},
		"double":               {"v.yaml", `a: "\x78" # c`, 1, 4, "x", "\uFEFF", `a: "\ufeff" # c`},
		"block":                {"v.yaml", "a: |\n  x\n", 1, 4, "x\n", "y", ""},
		"tag":                  {"v.yaml", "a: !!str x\n", 1, 4, "x", "y", ""},
		"anchor":               {"v.yaml", "a: &n x\n", 1, 4, "x", "y", ""},
		"YAML, a mark":         {"v.yaml", "\uFEFFa: x\n", 1, 4, "x", "z", "\uFEFFa: z\n"},
		"no YAML":              {"v.yaml", "a: [x\n", 1, 5, "x", "y", ""},
		"no UTF-8":             {"v.yaml", "a: x\n", 1, 4, "x", "\xff", ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := errs.Position{File: tc.file, Line: tc.line, Column: tc.column}
			got, ok := Rename([]byte(tc.data), at, tc.old, tc.renamed)
			if string(got) != tc.want || ok != (tc.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, tc.want)
			}
		})
	}
}

// What Misspelled finds is what Rename replaces, in every form of a file, and
// several renames of a file hold from its end backwards.
func TestRenameWhatIsMisspelled(t *testing.T) {
	for file, text := range map[string]string{
		"v.json": `{"customer": {"vindexes": {"l": {"type": "lookup", "params": {"writeonly": "true", "tble": "x"}}},
			"tables": {"t": {"autoIncrement": {"column": "id", "sequence": "custmer_seq"}}}}}`,
		"v.yaml": `# The customers.
vindexes:
  l: {type: lookup, params: {writeonly: 'true', tble: x}}
tables:
  t:
    autoIncrement: {column: id, sequence: "custmer_seq"} # of commerce
`,
	} {
		ks, err := Parse("customer", file, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		got := []byte(text)
		for _, fix := range []struct {
			path, near, old string
		}{
			{"tables/t/auto_increment/sequence", "customer_seq", "custmer_seq"},
			{"vindexes/l/params/tble", "table", "tble"},
			{"vindexes/l/params/writeonly", "write_only", "writeonly"},
		} {
			old, at, ok := ks.Misspelled(fix.near, strings.Split(fix.path, "/")...)
			if !ok || old != fix.old {
				t.Fatalf("%s: %s is misspelled as %q", file, fix.path, old)
			}
			if got, ok = Rename(got, at, old, fix.near); !ok {
				t.Fatalf("%s: %q is not at %s", file, old, at)
			}
		}
		want := strings.NewReplacer("custmer", "customer", "writeonly", "write_only", "tble", "table").Replace(text)
		if string(got) != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		if _, _, ok := ks.Misspelled("commerce.product_seq", "tables", "t", "auto_increment", "sequence"); ok {
			t.Error("another name altogether is no misspelling")
		}
		if _, _, ok := ks.Misspelled("sharded", "sharded"); ok {
			t.Error("what is not there is not misspelled")
		}
	}
}

func TestText(t *testing.T) {
	ks, err := Parse("customer", "v.yaml", []byte("sharded: True\ntables: {t: {pinned: '80', columns: [{name: a, size: 1e2}]}}"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"sharded": "true", "tables/t/pinned": "80", "tables/t/columns/0/size": "1e2",
		"tables/t": "", "tables/u/pinned": "", "tables/t/columns/1/name": "", "vindexes/x": "", "sharded/x": "",
	} {
		got, ok := ks.Text(strings.Split(path, "/")...)
		if got != want || ok != (want != "") {
			t.Errorf("text of %s is %q, %v, want %q", path, got, ok, want)
		}
	}
}
