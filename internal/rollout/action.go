package rollout

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
)

// Action is a piece of work for the runner. Each has exactly one event as its
// answer, so a rollout is one line of action, event, action.
type Action interface{ String() string }

// Admit runs the admission checks of the phase in hand; answered by Admitted.
type Admit struct{ Phase int }

// Lock takes the keyspace locks without waiting, in name order; answered by
// Locked or LockHeld.
type Lock struct{ Keyspaces []string }

// ReadGlobals reads the records that are to be taken back; answered by
// GlobalsRead.
type ReadGlobals struct{ Keyspaces []string }

// SaveGlobal does the CAS of Record.Globals[Index] on its token: forward, or
// back. Doing it again with the same token is safe: at most one lands.
// Answered by Wrote.
type SaveGlobal struct {
	Index int
	Back  bool
}

// Fence makes sure that the write of Record.Globals[Index] can no longer land;
// answered by Fenced.
type Fence struct{ Index int }

// Unlock releases the keyspace locks; answered by Unlocked.
type Unlock struct{}

// Inspect looks for cells that hold a part of an unwound phase; answered by
// Inspected.
type Inspect struct{}

// ReadCells reads every cell, and then global; answered by CellsRead.
type ReadCells struct{}

// WriteCells brings our entries, as global holds them, to the cells named, by
// CAS on the tokens given; answered by CellsWrote.
type WriteCells struct{ Cells []CellTarget }

// CellTarget is one cell and the token to write it on.
type CellTarget struct {
	Cell  string
	Token planes.Token
}

// Judge observes all planes and judges; answered by Judged.
type Judge struct{}

// PauseFor waits for a moment; answered by Tick.
type PauseFor struct{ Why string }

// Finish settles the keyspaces' heads after a final state. It is the last
// action and has no answer.
type Finish struct{}

func (a Admit) String() string       { return fmt.Sprintf("admit phase %d", a.Phase) }
func (a Lock) String() string        { return "lock " + strings.Join(a.Keyspaces, ",") }
func (a ReadGlobals) String() string { return "read globals " + strings.Join(a.Keyspaces, ",") }
func (a Fence) String() string       { return fmt.Sprintf("fence %d", a.Index) }
func (Unlock) String() string        { return "unlock" }
func (Inspect) String() string       { return "inspect cells" }
func (ReadCells) String() string     { return "read cells" }
func (Judge) String() string         { return "judge" }
func (a PauseFor) String() string    { return "pause: " + a.Why }
func (Finish) String() string        { return "finish" }

func (a SaveGlobal) String() string {
	if a.Back {
		return fmt.Sprintf("save global %d back", a.Index)
	}
	return fmt.Sprintf("save global %d", a.Index)
}

func (a WriteCells) String() string {
	names := make([]string, len(a.Cells))
	for i, c := range a.Cells {
		names[i] = c.Cell
	}
	return "write cells " + strings.Join(names, ",")
}
