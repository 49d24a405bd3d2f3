package topo

import (
	"context"

	vtopo "vitess.io/vitess/go/vt/topo"
)

// Backend is one kind of topo server. It holds all that differs between them,
// so that another kind is another Backend.
//
// Fencing writes a record over itself and relies on that giving it a new
// version. etcd and ZooKeeper do; Consul keeps the index of a key whose bytes
// do not change, so a Consul backend needs another way before it is added.
type Backend struct {
	// Factory opens a connection to one cell. It may block and ignore
	// contexts; Server abandons it at the deadline.
	Factory vtopo.Factory
	// ParseVersion reads a version back from the text of a token.
	ParseVersion func(string) (vtopo.Version, error)
	// OpenHistory opens the past of one cell's records; nil where the server
	// keeps none.
	OpenHistory func(address, root string) (History, error)
}

// History is the past of one cell's records.
type History interface {
	// After gives the first write of the record after the version, or, for
	// planes.AbsentVersion, the write that created the record that stands
	// there now. The caller knows that there is one. It returns ErrCompacted
	// when the server has forgotten it.
	After(ctx context.Context, path, version string) (Event, error)
	Close() error
}

// Event is one write of one record.
type Event struct {
	Value   []byte
	Deleted bool
}
