package worktree

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/physical"
)

// Schemas reads the tables of those keyspaces that have a folder of SQL files;
// another keyspace's are not known. Positions lead from the current folder.
func (t Tree) Schemas(tree *desired.Tree) (map[string]*physical.Schema, error) {
	out := make(map[string]*physical.Schema)
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(tree.Keyspaces)) {
		schema, err := physical.Load(os.DirFS(t.dir), "keyspaces/"+name+"/schema")
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			failed = append(failed, t.relocate(err))
		default:
			t.relocateTables(schema)
			out[name] = schema
		}
	}
	return out, errors.Join(failed...)
}

func (t Tree) relocateTables(schema *physical.Schema) {
	for _, table := range schema.Tables {
		table.Pos = t.Position(table.Pos)
		for i := range table.Columns {
			table.Columns[i].Pos = t.Position(table.Columns[i].Pos)
		}
	}
}
