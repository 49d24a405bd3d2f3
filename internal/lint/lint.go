// Package lint judges routing as it would be after a change, over all
// keyspaces and rules together, the way vtgate would build it and, for
// references, the way a person meant it. One rule per file, one explicit list.
// It is pure: no I/O, no adapter, no clock, no logger.
package lint

import (
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Severity of a finding.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"   // vtgate would break, misroute, lose or hide rows
	Warning Severity = "warning" // works today, likely not what was meant
	Info    Severity = "info"
)

// Finding is what a rule says of one place.
type Finding struct {
	Code     string   `json:"code"` // such as VS301
	Severity Severity `json:"severity"`
	Keyspace string   `json:"keyspace,omitempty"`
	// Path leads to the node inside the keyspace's VSchema by proto field
	// names and map keys: ["tables","customer","auto_increment","sequence"].
	Path []string `json:"path,omitempty"`
	// Pos is where that node stands in a file; empty for live state. Rules
	// leave it empty, the caller fills it in from Path.
	Pos     errs.Position `json:"position,omitzero"`
	Message string        `json:"message"`
	Near    string        `json:"near,omitempty"` // nearest valid name
	// Harm says what vtgate would do with it.
	Harm string `json:"harm,omitempty"`
	// Next says how to fix it.
	Next string `json:"next,omitempty"`
}

// Input is routing as it would be, and what is known beside it.
type Input struct {
	// After is the whole SrvVSchema after the change.
	After *vschema.SrvVSchema
	// Before is the whole SrvVSchema before the change; nil when unknown.
	Before *vschema.SrvVSchema
	// Shards holds, per keyspace, the names of its serving shards in topo;
	// nil when unknown, as in an offline lint.
	Shards map[string][]string
	// OpaqueVindexes are vindex types that this build cannot construct and
	// that stand in as opaque ones (config vindex_types).
	OpaqueVindexes []string
}
