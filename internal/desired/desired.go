// Package desired reads the files that say what routing should be: strictly,
// in every form that people have, with the position of each node. It is pure
// but for the fs.FS that it is given: no adapter, no clock, no logger.
package desired

import (
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Tree is what one repository of files wants.
type Tree struct {
	// Keyspaces holds the keyspaces that have a file; others are not managed.
	Keyspaces map[string]*Keyspace
}

// Keyspace is one keyspace's file.
type Keyspace struct {
	Name    string
	File    string // path inside the fs.FS
	VSchema *vschema.Keyspace
	// positions maps a path of proto field names and map keys, joined with
	// "\x00", to where it stands.
	positions map[string]errs.Position
}

// Position gives where the node at the path stands, or the nearest parent of
// it that stands in the file. Paths are proto field names, map keys and list
// indexes: "tables", "customer", "column_vindexes", "0", "name".
func (k *Keyspace) Position(path ...string) errs.Position {
	for n := len(path); n >= 0; n-- {
		if p, ok := k.positions[joinPath(path[:n])]; ok {
			return p
		}
	}
	return errs.Position{File: k.File}
}

func joinPath(path []string) string {
	out := ""
	for i, p := range path {
		if i > 0 {
			out += "\x00"
		}
		out += p
	}
	return out
}
