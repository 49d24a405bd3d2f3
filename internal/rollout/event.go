package rollout

import (
	"time"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
)

// Event is something that happened. Every event carries the time at which it
// was seen, as the machine has no clock.
type Event interface {
	Kind() EventKind
	when() time.Time
}

// EventKind names a type of event.
type EventKind string

// The events.
const (
	EvStart       EventKind = "start"
	EvAdmitted    EventKind = "admitted"
	EvLocked      EventKind = "locked"
	EvLockHeld    EventKind = "lock_held"
	EvGlobalsRead EventKind = "globals_read"
	EvWrote       EventKind = "wrote"
	EvFenced      EventKind = "fenced"
	EvUnlocked    EventKind = "unlocked"
	EvInspected   EventKind = "inspected"
	EvCellsRead   EventKind = "cells_read"
	EvCellsWrote  EventKind = "cells_wrote"
	EvJudged      EventKind = "judged"
	EvTick        EventKind = "tick"
	EvCancel      EventKind = "cancel"
	EvResume      EventKind = "resume"
	EvRollback    EventKind = "rollback"
)

// EventKinds lists them all.
var EventKinds = []EventKind{
	EvStart, EvAdmitted, EvLocked, EvLockHeld, EvGlobalsRead, EvWrote, EvFenced, EvUnlocked,
	EvInspected, EvCellsRead, EvCellsWrote, EvJudged, EvTick, EvCancel, EvResume, EvRollback,
}

// At is the time of an event; events embed it.
type At struct{ Time time.Time }

func (a At) when() time.Time { return a.Time }

// Verdict of the admission checks.
type Verdict string

// The verdicts.
const (
	Allow Verdict = "allow"
	Wait  Verdict = "wait"
	Deny  Verdict = "deny"
)

// Start begins a pending rollout.
type Start struct{ At }

// Admitted is the answer to Admit: may the phase in hand run now?
type Admitted struct {
	At
	Verdict Verdict
	Code    Code
	Reason  string
	Diff    string
	// Waits are all that keep the phase from running, not only the first.
	Waits []Blocker
	// Person tells that only a person can lift the first of them: the rollout
	// parks at once instead of asking again.
	Person bool
	// Transient tells that something did not answer: asking again is a retry.
	Transient bool
	// Notes are what to tell beside an allowance.
	Notes []string
	// Nothing tells that every plane holds the change already.
	Nothing bool
	// Tokens are the tokens to write the phase's records on.
	Tokens map[string]planes.Token
	// Baseline is what the planes show before the first phase.
	Baseline *converge.Baseline
}

// Locked says that the keyspace locks are held; LockHeld that another has one.
type Locked struct{ At }

// LockHeld names who holds a lock. Expired tells that the time for the step
// is used up.
type LockHeld struct {
	At
	By string
	// Silent tells that the lock could not be tried: By says why.
	Silent  bool
	Expired bool
}

// GlobalsRead is what the global records hold before they are taken back.
type GlobalsRead struct {
	At
	Facts   []GlobalFact
	Unknown string // why they could not be read
	// Held says why none of them may be written now: a workflow in flight
	// would fail on it. Silent tells that nobody answered which ones there are.
	Held    string
	Silent  bool
	Expired bool
}

// GlobalFact is one record before it is taken back.
type GlobalFact struct {
	Keyspace string
	Token    planes.Token
	// Undone tells that nothing of ours is left in it.
	Undone bool
	// Conflict shows entries that others changed after us, or that a workflow
	// owns now: they stay.
	Conflict string
}

// Outcome of a write.
type Outcome string

// The outcomes.
const (
	Landed         Outcome = "landed"
	Refused        Outcome = "refused"     // definitely not: another wrote first
	WriteFailed    Outcome = "failed"      // definitely not, and it never will (too large, no permission)
	NotSent        Outcome = "not_sent"    // this try never left, a global one for the sake of a workflow: only an earlier one can have landed, or land
	OutcomeUnknown Outcome = "unknown"     // no answer: it may have landed or may still land
	LandedThenLost Outcome = "overwritten" // it landed and another wrote since
	FencedOff      Outcome = "fenced"      // it did not land and cannot any more
	Unclear        Outcome = "unclear"     // it cannot land any more; topo keeps no history to tell whether it had
)

// Wrote is the answer to SaveGlobal.
type Wrote struct {
	At
	// Silent tells of a write that was not sent that nobody could say whether a
	// workflow stands in its way.
	Silent  bool
	Index   int
	Outcome Outcome
	Token   planes.Token
	Text    string
	Diff    string
	// Replaced tells of another's write that this one fell on, or that nobody
	// can say whether there was one.
	Replaced string
	Expired  bool
}

// Fenced is the answer to Fence.
type Fenced struct {
	At
	Index   int
	Outcome Outcome
	Token   planes.Token
	Text    string
}

// Unlocked says that the locks are released (or were lost).
type Unlocked struct{ At }

// Inspected lists the cells that were seen to hold a part of an unwound phase.
type Inspected struct {
	At
	Shipped []string
	Unknown string
}

// CellsRead is what the cells hold of our entries: those of the record, and
// those that global lists beside them.
type CellsRead struct {
	At
	Cells []CellFact
	// Gone are cells of the record that global does not list any more.
	Gone []string
}

// CellFact is one cell before it is written.
type CellFact struct {
	Cell   string
	Token  planes.Token
	Holds  bool   // it holds our entries as global holds them
	Silent string // why it could not be read
	// Reloads are those of the cell's vtgates, as they were before it was
	// read.
	Reloads map[string]converge.Reloads
}

// CellsWrote is the answer to WriteCells.
type CellsWrote struct {
	At
	Cells []CellResult
}

// CellResult is what came of one cell's write.
type CellResult struct {
	Cell    string
	Outcome Outcome
	Token   planes.Token
	Text    string
}

// Judged is the answer to Judge.
type Judged struct {
	At
	Report converge.Report
	// Overwritten tells which of our entries global no longer holds.
	Overwritten string
	Unknown     string // why the planes could not be read
	Expired     bool
}

// Tick is the end of a Pause.
type Tick struct {
	At
	Expired bool
}

// Cancel is a person's first Ctrl-C.
type Cancel struct{ At }

// Resume continues a rollout: after a park, or after its process died.
type Resume struct {
	At
	By Who
}

// Rollback is a person's wish to take an open rollout back.
type Rollback struct {
	At
	By Who
}

// Kind names the event.
func (Start) Kind() EventKind       { return EvStart }
func (Admitted) Kind() EventKind    { return EvAdmitted }
func (Locked) Kind() EventKind      { return EvLocked }
func (LockHeld) Kind() EventKind    { return EvLockHeld }
func (GlobalsRead) Kind() EventKind { return EvGlobalsRead }
func (Wrote) Kind() EventKind       { return EvWrote }
func (Fenced) Kind() EventKind      { return EvFenced }
func (Unlocked) Kind() EventKind    { return EvUnlocked }
func (Inspected) Kind() EventKind   { return EvInspected }
func (CellsRead) Kind() EventKind   { return EvCellsRead }
func (CellsWrote) Kind() EventKind  { return EvCellsWrote }
func (Judged) Kind() EventKind      { return EvJudged }
func (Tick) Kind() EventKind        { return EvTick }
func (Cancel) Kind() EventKind      { return EvCancel }
func (Resume) Kind() EventKind      { return EvResume }
func (Rollback) Kind() EventKind    { return EvRollback }
