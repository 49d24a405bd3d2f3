// Package desired reads the files that say what routing should be: strictly,
// in every form that people have, with the position of each node. It also
// writes the form that pull leaves on disk, and lays out what people wrote.
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
	"google.golang.org/protobuf/proto"

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
	// Requires are the migrations that the file beside it names, in its order.
	Requires []Require
}

// Rules is the file of one kind of rules.
type Rules struct {
	Document
	Kind  vschema.RuleKind
	Value proto.Message // of the kind's type, see vschema.NewRules
}
