// Package desired reads the files that say what routing should be: strictly,
// in every form that people have, with the position of each node. It also
// writes the form that pull leaves on disk.
//
// A file becomes one tree of nodes with positions, whether it is JSON or YAML;
// the tree becomes Vitess's own proto by walking the proto's descriptor, so
// that no field can be forgotten here. Vitess drops what it does not know;
// this package never does.
//
// It is pure but for the fs.FS that it is given: it must import no adapter, no
// clock and no logger.
package desired

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Tree is what one repository of files wants.
type Tree struct {
	// Keyspaces holds the keyspaces that have a file; others are not managed.
	Keyspaces map[string]*Keyspace
	// Unreadable holds the keyspaces that cannot be read.
	Unreadable map[string]Unreadable
	// Others are the folders of keyspaces that were not asked for, sorted.
	Others []string
	// Rules holds the rule files, by kind. Lint reads them; no plan writes
	// them yet, and whoever shows a plan should say so.
	Rules map[vschema.RuleKind]*Rules
	// UnreadableRules holds why the rules of a kind cannot be read.
	UnreadableRules map[vschema.RuleKind]Unreadable
}

// Unreadable is a keyspace that cannot be read, and why.
type Unreadable struct {
	// File is the path of what is no VSchema inside the fs.FS; empty where it
	// is not clear which file that should be.
	File string
	Err  error
}

// Keyspace is one keyspace's file.
type Keyspace struct {
	Document
	Name    string
	VSchema *vschema.Keyspace
}

// Rules is the file of one kind of rules.
type Rules struct {
	Document
	Kind  vschema.RuleKind
	Value proto.Message // of the kind's type, see vschema.NewRules
}

// Document is a file that was read, and where each of its nodes stands.
type Document struct {
	File string // path inside the fs.FS
	// positions maps a path, as joinPath makes it, to where it stands.
	positions map[string]errs.Position
}

// Position gives where the node at the path stands, or the nearest parent of
// it that stands in the file. Paths are proto field names, map keys and list
// indexes: "tables", "customer", "column_vindexes", "0", "name".
//
// An entry of a map stands where its key is, an item of a list where it
// begins, and a field where its value is, or where its name is when the value
// is an object or a list.
func (d *Document) Position(path ...string) errs.Position {
	for n := len(path); n >= 0; n-- {
		if p, ok := d.positions[joinPath(path[:n])]; ok {
			return p
		}
	}
	return errs.Position{File: d.File}
}

// pathSeparator can stand in a name only as an escape, which nobody writes.
const pathSeparator = "\x00"

func joinPath(path []string) string { return strings.Join(path, pathSeparator) }

// childPath is joinPath for one more step.
func childPath(parent, step string) string {
	if parent == "" {
		return step
	}
	return parent + pathSeparator + step
}
