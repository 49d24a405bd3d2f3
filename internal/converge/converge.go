// Package converge judges, from a snapshot, whether each cell and each vtgate
// serves what is wanted. It is pure: no I/O, no adapter, no clock, no logger.
package converge

import (
	"github.com/vtsync/vtsync/internal/vschema"
)

// Status is one cell's or vtgate's answer.
type Status string

// The answers.
const (
	Serving    Status = "serving"    // it shows every wanted entry
	Stale      Status = "stale"      // it shows something else
	Silent     Status = "silent"     // it does not answer: it has neither agreed nor refused
	Broken     Status = "broken"     // it took the change up and its keyspace is in error, or tables vanished: evidence
	Unreadable Status = "unreadable" // it answers and does not show its VSchema
)

// Want is what must be served.
type Want struct {
	// Keyspaces holds the whole wanted record per keyspace that is judged.
	Keyspaces map[string]*vschema.Keyspace
	// Entries are the entries to prove. Nil means every entry of Keyspaces
	// and that nothing else stands in them.
	Entries []vschema.Entry
	// Absent are wanted entries that must not be there (dropped by us); they
	// stand in Entries too and are missing from Keyspaces.
	// It is derived: an entry in Entries that Keyspaces lacks.

	// Srv is the whole SrvVSchema that the cells should hold: vtgate builds
	// all keyspaces and rules together, and a sequence resolves through them.
	Srv *vschema.SrvVSchema
	// BrokenBefore holds the keyspace errors that a build of the base already
	// had; they are not evidence against the change.
	BrokenBefore map[string]string
	// NeedSQL tells that some entry can be proved by SQL only (a vindex's
	// type, params, owner, write_only).
	NeedSQL bool
}

// Verdict is the judgement of one cell or one vtgate.
type Verdict struct {
	Name   string `json:"name"` // cell, or vtgate target
	Cell   string `json:"cell"`
	Status Status `json:"status"`
	// Detail says what is missing or wrong, naming keyspace and table.
	Detail string `json:"detail,omitempty"`
	// Inferred lists wanted entries that no view of a vtgate shows and that
	// count because the cell holds them and the vtgate reloaded since.
	Inferred []string `json:"inferred,omitempty"`
}

// Report is the judgement of all of them, sorted by name.
type Report struct {
	Cells   []Verdict `json:"cells"`
	VTGates []Verdict `json:"vtgates"`
}

// All tells whether every cell and every vtgate is serving.
func (r Report) All() bool {
	return r.worst(func(s Status) bool { return s != Serving }) == nil
}

// FirstBroken gives the first vtgate or cell that is evidence against the
// change, or nil.
func (r Report) FirstBroken() *Verdict {
	return r.worst(func(s Status) bool { return s == Broken })
}

func (r Report) worst(match func(Status) bool) *Verdict {
	for _, list := range [][]Verdict{r.Cells, r.VTGates} {
		for i := range list {
			if match(list[i].Status) {
				return &list[i]
			}
		}
	}
	return nil
}
