package desired

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vtsync/vtsync/internal/errs"
)

// files makes a repository from names and contents.
func files(nameAndContent ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(nameAndContent); i += 2 {
		out[nameAndContent[i]] = &fstest.MapFile{Data: []byte(nameAndContent[i+1])}
	}
	return out
}

func TestLoadLayout(t *testing.T) {
	tree, err := Load(files(
		"README.md", "prose",
		"vtsync.yaml", "clusters: {}",
		"routing_rules.json", "{}",
		"mirror_rules.yaml", "{}",
		"keyspaces/.gitkeep", "",
		"keyspaces/README.md", "prose",
		"keyspaces/customer/vschema.json", `{"sharded": true}`,
		"keyspaces/customer/schema/customer.sql", "create table customer(id int)",
		"keyspaces/customer/queries/q.sql", "select 1",
		"keyspaces/customer/.vschema.json.swp", "",
		"keyspaces/customer/NOTES.md", "prose",
		"keyspaces/product/vschema.yaml", "tables: {product: {}}",
		"keyspaces/lookup-1/vschema.yml", "tables: {}",
		"keyspaces/unmanaged/schema/t.sql", "create table t(id int)",
	))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name, ks := range tree.Keyspaces {
		names = append(names, name+" "+ks.File)
		if ks.Name != name {
			t.Errorf("keyspace %q is named %q", name, ks.Name)
		}
	}
	slices.Sort(names)
	want := []string{
		"customer keyspaces/customer/vschema.json",
		"lookup-1 keyspaces/lookup-1/vschema.yml",
		"product keyspaces/product/vschema.yaml",
	}
	if !slices.Equal(names, want) {
		t.Errorf("keyspaces = %q, want %q", names, want)
	}
	if !tree.Keyspaces["customer"].VSchema.Sharded {
		t.Error("customer is not sharded")
	}
	if want := []string{"mirror_rules.yaml", "routing_rules.json"}; !slices.Equal(tree.RuleFiles(), want) {
		t.Errorf("RuleFiles = %q, want %q", tree.RuleFiles(), want)
	}
}

func TestLoadLayoutRefused(t *testing.T) {
	good := `{"sharded": true}`
	for name, tc := range map[string]struct {
		fsys fs.FS
		want []string // each in the text of one error, in order
	}{
		"no keyspaces": {
			files("vschema.json", good),
			[]string{"no keyspaces/ directory here; keyspaces stand in keyspaces/KEYSPACE/vschema.json"},
		},
		"extension": {
			files("keyspaces/customer/vschema.jsn", good),
			[]string{`keyspaces/customer/vschema.jsn: not a file of a keyspace (did you mean "vschema.json"?)`},
		},
		"case": {
			files("keyspaces/customer/VSchema.json", good),
			[]string{`did you mean "vschema.json"?`},
		},
		"directory": {
			files("keyspaces/customer/shema/t.sql", ""),
			[]string{`keyspaces/customer/shema: not a file of a keyspace (did you mean "schema"?)`},
		},
		"two forms": {
			files("keyspaces/customer/vschema.json", good, "keyspaces/customer/vschema.yaml", "{}", "keyspaces/customer/vschema.yml", "{}"),
			[]string{"vschema.yaml: stands beside vschema.json", "vschema.yml: stands beside vschema.json"},
		},
		"file for a directory": {
			files("keyspaces/customer.json", good, "keyspaces/product", good),
			[]string{`"customer.json" cannot be a keyspace`, "keyspaces/product: a file where the directory"},
		},
		"keyspace name": {
			files("keyspaces/a b/vschema.json", good, "keyspaces/"+strings.Repeat("k", 65)+"/vschema.json", good),
			[]string{`"a b" cannot be a keyspace`, "at most 64 bytes"},
		},
		"a directory named like the file": {
			files("keyspaces/customer/vschema.json/x", ""),
			[]string{"keyspaces/customer/vschema.json: not a regular file"},
		},
		"problems of all files": {
			files("keyspaces/a/vschema.json", "{", "keyspaces/b/vschema.yaml", "x: 1"),
			[]string{"keyspaces/a/vschema.json:1:2: ", "keyspaces/b/vschema.yaml:1:1: "},
		},
		"too large": {
			files("keyspaces/a/vschema.json", strings.Repeat(" ", maxFileSize)+"{}"),
			[]string{"keyspaces/a/vschema.json: larger than 16 MB"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := Load(tc.fsys)
			if tree != nil {
				t.Errorf("a tree beside the error")
			}
			checkInvalid(t, err, tc.want)
		})
	}
}

// checkInvalid holds an error to a list of errs.Invalid with these texts.
func checkInvalid(t *testing.T, err error, want []string) {
	t.Helper()
	got := invalids(t, err)
	for i, e := range got {
		if i >= len(want) || !strings.Contains(e.Error(), want[i]) {
			t.Errorf("error %d: %v", i, e)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d errors, want %q", len(got), want)
	}
}

// invalids takes joined errors apart.
func invalids(t *testing.T, err error) []*errs.Invalid {
	t.Helper()
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var out []*errs.Invalid
		for _, e := range joined.Unwrap() {
			out = append(out, invalids(t, e)...)
		}
		return out
	}
	var invalid *errs.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("not an errs.Invalid: %v", err)
	}
	return []*errs.Invalid{invalid}
}

// growing says that its files are small and never stops giving bytes.
type growing struct{ fstest.MapFS }

func (g growing) Open(name string) (fs.File, error) {
	f, err := g.MapFS.Open(name)
	if strings.HasSuffix(name, ".json") {
		return endless{f}, err
	}
	return f, err
}

type endless struct{ fs.File }

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestLoadBoundsWhatItReads(t *testing.T) {
	_, err := Load(growing{files("keyspaces/a/vschema.json", "{}")})
	checkInvalid(t, err, []string{"larger than 16 MB"})
}

func TestLoadFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"keyspaces", "shared"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "shared", "vschema.json"), []byte(`{"sharded": true}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "shared"), filepath.Join(dir, "keyspaces", "customer")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	tree, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if ks := tree.Keyspaces["customer"]; ks == nil || !ks.VSchema.Sharded {
		t.Errorf("customer = %v", ks)
	}
}

func TestLoadReportsWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "keyspaces"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "keyspaces", "customer")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	_, err := Load(os.DirFS(dir))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "keyspaces/customer") {
		t.Errorf("err = %v, want what is missing", err)
	}
}

// TestLoadOnly: what was not asked for is named and not read.
func TestLoadOnly(t *testing.T) {
	fsys := files(
		"keyspaces/bad/vschema.json", `{`,
		"keyspaces/good/vschema.json", `{}`,
		"keyspaces/other/vschema.json", `{}`,
	)
	tree, err := Load(fsys, "good", "missing")
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Keyspaces) != 1 || tree.Keyspaces["good"] == nil || !slices.Equal(tree.Others, []string{"bad", "other"}) {
		t.Errorf("keyspaces %v, others %q", tree.Keyspaces, tree.Others)
	}
	if _, err := Load(fsys, "good", "bad"); err == nil {
		t.Error("a bad file that was asked for is no error")
	}
}

// TestLoadReadable: a file that is no VSchema is known by its name; where it is
// not clear which file counts, none is named.
func TestLoadReadable(t *testing.T) {
	tree, err := LoadReadable(files(
		"keyspaces/bad/vschema.yaml", `tables: [`,
		"keyspaces/both/vschema.json", `{}`,
		"keyspaces/both/vschema.yml", `tables: {}`,
		"keyspaces/good/vschema.json", `{}`,
	))
	if err != nil {
		t.Fatal(err)
	}
	bad, both := tree.Unreadable["bad"], tree.Unreadable["both"]
	if len(tree.Keyspaces) != 1 || len(tree.Unreadable) != 2 || bad.File != "keyspaces/bad/vschema.yaml" || both.File != "" {
		t.Errorf("keyspaces %v, unreadable %v", tree.Keyspaces, tree.Unreadable)
	}
	if err := tree.Err(); !errors.Is(err, bad.Err) || !errors.Is(err, both.Err) {
		t.Errorf("error = %v", err)
	}
}
