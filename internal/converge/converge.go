// Package converge judges, from a snapshot, whether each cell and each vtgate
// serves what is wanted. It is pure: no I/O, no adapter, no clock, no logger.
//
// A cell is judged by its record, entry by entry. A vtgate is judged by what it
// shows of those entries, against a projection of what its cell holds, built as
// vtgate builds it: others may write other entries, which ours may refer to,
// and the schema tracker adds to what is shown, so equality of whole keyspaces
// would prove too much.
package converge

import (
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Status is one cell's or vtgate's answer.
type Status string

// The answers.
const (
	Serving    Status = "serving"    // it shows every wanted entry
	Stale      Status = "stale"      // it shows something else
	Silent     Status = "silent"     // it does not answer: it has neither agreed nor refused
	Broken     Status = "broken"     // its cell serves the change, which put a keyspace in error there: evidence
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

	// Undo holds, per keyspace that the change wrote, its entries as they
	// were before: an error that would be there without the change is no
	// evidence against it. Nil where no change stands, and then only errors
	// of wanted keyspaces count.
	Undo map[string]*vschema.Keyspace
	// Baseline is what was so before the change; without one any error that
	// counts is Broken.
	Baseline *Baseline
	// NeedSQL tells that some entry can be proved by SQL only (a vindex's
	// type, params, owner, write_only).
	NeedSQL bool
	// OpaqueVindexes are vindex types that this build of Vitess cannot
	// construct (config vindex_types).
	OpaqueVindexes []string
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

// Judge tells, for each cell and each vtgate of the snapshot, whether it
// serves what is wanted.
func Judge(want Want, snap *planes.Snapshot) Report {
	e := expect(want)
	var r Report
	for _, c := range snap.Cells {
		r.Cells = append(r.Cells, e.judgeCell(c))
	}
	byName := func(a, b Verdict) int { return strings.Compare(a.Name, b.Name) }
	slices.SortStableFunc(r.Cells, byName)
	for _, g := range snap.VTGates {
		r.VTGates = append(r.VTGates, e.judgeVTGate(g, snap, r.Cells))
	}
	slices.SortStableFunc(r.VTGates, byName)
	return r
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
