package worktree

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/physical"
)

// Schemas reads the tables of those keyspaces that have a folder of SQL files;
// another keyspace's are not known, nor is what stands in statements that cannot
// be read, which the problems name. Positions lead from the current folder.
func (f Files) Schemas(tree *desired.Tree) (known map[string]*physical.Schema, problems []*errs.Invalid, err error) {
	known = make(map[string]*physical.Schema)
	for _, name := range slices.Sorted(maps.Keys(tree.Keyspaces)) {
		schema, err := physical.Load(f.fsys, "keyspaces/"+name+"/schema")
		if schema != nil {
			f.relocateTables(schema)
			known[name] = schema
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found, err := invalids(f.relocate(err))
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, found...)
	}
	return known, problems, nil
}

// invalids gives the problems that an error joins; an error where it is another
// one, of reading the folder.
func invalids(err error) ([]*errs.Invalid, error) {
	joined, ok := err.(interface{ Unwrap() []error }) // a bare join is taken apart
	if !ok {
		return nil, err
	}
	var out []*errs.Invalid
	for _, e := range joined.Unwrap() {
		invalid, ok := errors.AsType[*errs.Invalid](e)
		if !ok {
			return nil, err
		}
		out = append(out, invalid)
	}
	return out, nil
}

func (f Files) relocateTables(schema *physical.Schema) {
	for _, table := range schema.Tables {
		table.Pos = f.Position(table.Pos)
		for i := range table.Columns {
			table.Columns[i].Pos = f.Position(table.Columns[i].Pos)
		}
	}
}
