package desired

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
)

const (
	uuidA = "9e8a9249_3976_11ed_9442_0a43f95f28a3"
	uuidB = "11111111_1111_1111_1111_111111111111"
)

func loadWith(t *testing.T, files map[string]string) (*Tree, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys["keyspaces/customer/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return LoadReadable(fsys)
}

func TestRequires(t *testing.T) {
	tree, err := loadWith(t, map[string]string{
		"vschema.json": `{"tables":{"customer":{},"orders":{}}}`,
		"requires.yaml": "requires:\n- migration: " + uuidA + "\n  tables: [customer, orders]\n  reason: adds customer.email\n" +
			"- migration: " + uuidB + "\n",
	})
	if err != nil || len(tree.Unreadable) > 0 {
		t.Fatalf("%v, unreadable %v", err, tree.Unreadable)
	}
	const file = "keyspaces/customer/requires.yaml"
	want := []Require{
		{Migration: uuidA, Tables: []string{"customer", "orders"}, Reason: "adds customer.email", Pos: errs.Position{File: file, Line: 2, Column: 3}},
		{Migration: uuidB, Pos: errs.Position{File: file, Line: 5, Column: 3}},
	}
	if d := cmp.Diff(want, tree.Keyspaces["customer"].Requires); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestRequiresProblems(t *testing.T) {
	const vschemaJSON = `{"tables":{"customer":{}}}`
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"field", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": "requires:\n- migrations: x\n  table: [a]\n"}, []string{
			`requires.yaml:2:3: unknown field "migrations" in a requirement (did you mean "migration"?)`,
			`requires.yaml:2:3: a requirement names no migration`,
			`requires.yaml:3:3: unknown field "table" in a requirement (did you mean "tables"?)`,
		}},
		{"twice", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": "requires:\n- migration: " + uuidA + "\n  migration: " + uuidA + "\n- migration: " + uuidA}, []string{
			`requires.yaml:3:3: duplicate field "migration"`, `requires.yaml:4:3: migration ` + uuidA + ` is required at 2:3 already`,
		}},
		{"UUID", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": "requires:\n- migration: 9E8A9249-3976-11ed-9442-0a43f95f28a3\n- migration: [x]"}, []string{
			`requires.yaml:2:14: no UUID of a migration: "9E8A9249-3976-11ed-9442-0a43f95f28a3" (did you mean "` + uuidA + `"?)`,
			`requires.yaml:3:14: no UUID of a migration: a list`,
		}},
		{"table", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": "requires:\n- migration: " + uuidA + "\n  tables: [custmer, 3]\n- {migration: " + uuidB + ", tables: []}"}, []string{
			`requires.yaml:3:12: the VSchema has no table "custmer" (did you mean "customer"?)`, `requires.yaml:3:21: "tables" must be a string, got 3`,
			`requires.yaml:4:61: "tables" must be a list of tables`,
		}},
		{"no list", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": "requires: 3"}, []string{`requires.yaml:1:11: "requires" must be a list, got 3`}},
		{"a list", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": "- a"}, []string{`requires.yaml:1:1: the file must be an object, got a list`}},
		{"nothing", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": "{}"}, []string{`requires.yaml:1:1: it requires nothing`}},
		{"empty", map[string]string{"vschema.json": vschemaJSON, "requires.yaml": ""}, []string{`requires.yaml`}},
		{"both files", map[string]string{"vschema.json": `{"tabels":{}}`, "requires.yaml": "requires:\n- migration: " + uuidA + "\n  tables: [any]\n- x"}, []string{
			`vschema.json:1:2: unknown field "tabels"`, `requires.yaml:4:3: a requirement must be an object, got "x"`,
		}},
		{"alone", map[string]string{"requires.yaml": "requires: []"}, []string{`requires.yaml: stands beside no VSchema`}},
		{"its name", map[string]string{"vschema.json": vschemaJSON, "require.yaml": "requires: []"}, []string{`require.yaml: not a file of a keyspace (did you mean "requires.yaml"?)`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree, err := loadWith(t, tt.files)
			if err != nil {
				t.Fatal(err)
			}
			bad, ok := tree.Unreadable["customer"]
			if !ok {
				t.Fatal("nothing is wrong with it")
			}
			lines := strings.Split(bad.Err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(lines), len(tt.want), bad.Err)
			}
			for i, want := range tt.want {
				if !strings.HasPrefix(lines[i], "keyspaces/customer/"+want) {
					t.Errorf("got  %s\nwant %s", lines[i], want)
				}
			}
		})
	}
}
