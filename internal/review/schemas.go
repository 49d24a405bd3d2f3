package review

import (
	"errors"
	"io/fs"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/physical"
)

// schemaDir is where the CREATE TABLEs of a keyspace stand.
func schemaDir(keyspace string) string { return desired.KeyspacesDir + "/" + keyspace + "/schema" }

// schemas reads the tables of the keyspaces that have a folder of SQL files, but
// for those whose MySQL itself was read. A
// table, or keyspace, whose statements cannot be read is not known; the problems
// say why.
func (d Folder) schemas(tree *desired.Tree) (map[string]*physical.Schema, []*errs.Invalid, error) {
	out := make(map[string]*physical.Schema)
	var problems []*errs.Invalid
	for _, name := range sortedKeys(tree.Keyspaces) {
		if d.Live != nil && d.Live.Schemas[name] != nil {
			continue
		}
		schema, err := physical.Load(d.FS, schemaDir(name))
		if schema != nil {
			out[name] = schema
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found, err := leaves(err)
		if err != nil {
			return nil, nil, err
		}
		problems = append(problems, found...)
	}
	return out, problems, nil
}
