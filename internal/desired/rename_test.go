package desired

import (
	"fmt"
	"slices"
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

// All places are those of the text as it was, in any order. What cannot be
// replaced keeps nothing else from it, and the first new name of a place wins.
func TestRenameAll(t *testing.T) {
	for name, tc := range map[string]struct{ file, data, want string }{
		"JSON":  {"v.json", `{"xx": "yy", "xx": ["zz", "xx"]}`, `{"longer": "yy", "longer": ["zz", "longer"]}`},
		"YAML":  {"v.yaml", "xx: yy # xx\nzz: ['xx', \"xx\", xx]\n", "longer: yy # xx\nzz: ['longer', \"longer\", longer]\n"},
		"none":  {"v.yaml", "a: b\n", ""},
		"a tag": {"v.yaml", "a: xx\nb: !!str xx\nc: 'xx'\n", "a: longer\nb: !!str xx\nc: 'longer'\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []Renaming
			for n, line := range slices.Backward(strings.Split(tc.data, "\n")) {
				for column := range line {
					at := errs.Position{File: tc.file, Line: n + 1, Column: column + 1}
					all = append(all, Renaming{at, "xx", "longer"}, Renaming{at, "xx", "second"})
				}
			}
			got, done := RenameAll(tc.file, []byte(tc.data), all)
			n := 0
			for _, one := range done {
				if one {
					n++
				}
			}
			if string(got) != tc.want || n != strings.Count(tc.want, "longer") {
				t.Errorf("got %q with %d replaced, want %q", got, n, tc.want)
			}
		})
	}
}

// One token that the text around it does not bear is left out, and no other.
func TestRenameAllButOne(t *testing.T) {
	const data = "a: x\nb: x\nc:\n  d: x\n"
	r := &renamer{src: newSourceText([]byte(data)), scalars: yamlScalars([]byte(data))}
	r.number = numberByOffset(r.src, r.scalars)
	wanted := []replacement{{0, 3, 1, "y", "y"}, {1, 8, 1, "[", "["}, {2, 18, 1, "z", "z"}}
	if got, want := string(r.replaced(r.sound(nil, wanted))), "a: y\nb: x\nc:\n  d: z\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The work grows with the file, and not with its square.
func TestRenameAllIsLinear(t *testing.T) {
	work := func(names int) float64 {
		var text strings.Builder
		var all []Renaming
		for i := range names {
			fmt.Fprintf(&text, "name%d: old\n", i)
			all = append(all, Renaming{errs.Position{Line: i + 1, Column: len(fmt.Sprint(i)) + 7}, "old", "new"})
		}
		return testing.AllocsPerRun(1, func() {
			if _, done := RenameAll("v.yaml", []byte(text.String()), all); slices.Contains(done, false) {
				t.Error("a name was left")
			}
		})
	}
	if few, many := work(200), work(800); many > 6*few {
		t.Errorf("%.0f allocations for 200 names, %.0f for 800", few, many)
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
