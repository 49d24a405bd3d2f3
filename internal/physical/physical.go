// Package physical holds what the MySQL tables of a keyspace look like, read
// from CREATE TABLE statements (of files, or of a live shard) by Vitess's own
// parser and normalised by its schemadiff, and what the statement of a migration
// does to one. It is pure: no I/O but the fs.FS that it is given, no adapter, no
// clock, no logger.
package physical

import (
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
)

// Schema is the tables of one keyspace, by name.
type Schema struct {
	Tables map[string]*Table
	// Views are its views, each with its CREATE VIEW. What they show is not known
	// here.
	Views map[string]string
	// Unread are the tables that are created in a way that cannot be read: they
	// are there, and nothing else is known of them.
	Unread map[string]bool
	// Sequences are the rows that its sequences count in, by table, where they
	// were read: nil says that there is no such row.
	Sequences map[string]*SequenceRow
}

// SequenceRow is the row of a sequence that has the id 0, as MySQL prints it: ""
// stands for NULL.
type SequenceRow struct{ NextID, Cache string }

// Creates tells that there is a table or a view of that name, read or not.
func (s *Schema) Creates(name string) bool {
	_, view := s.Views[name]
	return s.Tables[name] != nil || view || s.Unread[name]
}

// Merge gives the tables that any of a keyspace's shards has, each as the first of
// them by name has it.
func Merge(shards map[string]*Schema) *Schema {
	out := &Schema{Tables: make(map[string]*Table), Views: make(map[string]string), Unread: make(map[string]bool), Sequences: make(map[string]*SequenceRow)}
	names := slices.Sorted(maps.Keys(shards))
	slices.Reverse(names) // what is copied last stays
	for _, name := range names {
		maps.Copy(out.Tables, shards[name].Tables)
		maps.Copy(out.Views, shards[name].Views)
		maps.Copy(out.Unread, shards[name].Unread)
		maps.Copy(out.Sequences, shards[name].Sequences)
	}
	for name := range out.Tables {
		delete(out.Unread, name)
	}
	return out
}

// Table is one CREATE TABLE.
type Table struct {
	Name string
	// Pos is where the statement begins; empty for a live table.
	Pos errs.Position
	// Create is the statement, as MySQL shows it; see shown for that of a file.
	Create  string
	Comment string
	Columns []Column // in the order of the table
	Keys    []Key    // the primary key first, if there is one
}

// Column is one column of a table.
type Column struct {
	Name string
	Pos  errs.Position
	// Type is MySQL's name of the type in lower case, without length: "bigint".
	Type string
	// Length is the length or precision as declared; 0 where there is none.
	Length   int
	Unsigned bool
	// Collation of a text column, with the table's default applied; empty
	// where neither says.
	Collation     string
	Nullable      bool
	AutoIncrement bool
	Generated     bool
	Invisible     bool
}

// Key is one key of a table.
type Key struct {
	Name            string
	Primary, Unique bool
	// Columns are its columns in order; "" stands for an expression.
	Columns []string
	// Prefixes says of each column by how many characters of it the key goes,
	// 0 for all; nil where it goes by the whole of every column.
	Prefixes []int
}

// Column gives the column of that name, whose case does not matter; nil when
// there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return &t.Columns[i]
		}
	}
	return nil
}
