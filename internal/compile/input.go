package compile

import "github.com/vtsync/vtsync/internal/vschema"

// Input is everything that plans are made from.
type Input struct {
	// Routing is all keyspaces and all rules, as a cell has them.
	Routing *vschema.SrvVSchema
	// Schemas are MySQL's tables and views per keyspace, as vtgate's schema
	// tracker would know them; without any, vtgate knows what the VSchema says.
	Schemas map[string]Schema
	// Opaque are the vindex types that stand in as opaque ones.
	Opaque []string
	Flags  Flags
}

// Schema is the tables and views of one keyspace, by name.
type Schema struct {
	Tables map[string]Table
	// Views are their CREATE VIEW, or the SELECT of it.
	Views map[string]string
}

// Table is one table. Its CREATE TABLE wins where it is given: only that says
// all, foreign keys and collations too.
type Table struct {
	Create     string
	Columns    []Column
	PrimaryKey []string
	UniqueKeys [][]string
}

// Column is one column.
type Column struct {
	Name string
	// Type is Vitess's name of the type: INT64, VARCHAR.
	Type      string
	Collation string
	Default   string
	Invisible bool
	Nullable  bool
	Size      int32
	Scale     int32
	Values    []string // of ENUM and SET
}
