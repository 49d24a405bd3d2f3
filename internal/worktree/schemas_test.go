package worktree

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSchemas: a statement that cannot be read is a problem at its place, and
// hides neither the file's other tables nor other keyspaces.
func TestSchemas(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"keyspaces/a/vschema.yaml":  "sharded: true\n",
		"keyspaces/a/schema/t.sql":  "create table t (id int);\ncreate table u (id int) autoextend_size=4M;\n",
		"keyspaces/b/vschema.yaml":  "sharded: true\n",
		"keyspaces/b/schema/v.sql":  "create table v (id int);\ndrop table v;\n",
		"keyspaces/c/vschema.yaml":  "sharded: true\n",
		"keyspaces/c/schema/README": "no SQL",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := At(dir)
	tree, err := files.Load()
	if err != nil {
		t.Fatal(err)
	}
	known, problems, err := files.Schemas(tree)
	if err != nil {
		t.Fatal(err)
	}
	if len(known) != 1 || known["a"] == nil || known["a"].Tables["t"] == nil || !known["a"].Unread["u"] {
		t.Errorf("known is %v, want table t of keyspace a, and its u unread", known)
	}
	a, b := filepath.Join(dir, "keyspaces/a/schema/t.sql"), filepath.Join(dir, "keyspaces/b/schema/v.sql")
	if len(problems) != 2 || problems[0].Pos.File != a || problems[0].Pos.Line != 2 || problems[1].Pos.File != b || problems[1].Pos.Line != 2 {
		t.Errorf("problems are %v, want line 2 of %s and of %s", problems, a, b)
	}
}
