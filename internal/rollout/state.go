package rollout

import (
	"fmt"
	"slices"
)

// State is where a rollout is. It is a closed set: an unknown text is an
// error, never a default. Ask CanX; never compare order.
type State string

// The states.
const (
	Pending     State = "pending"      // recorded; the admission checks have not answered yet
	Waiting     State = "waiting"      // an admission check says not yet, or another holds a lock
	Applying    State = "applying"     // global records are written, then the cells
	Validating  State = "validating"   // every cell and vtgate is asked what it serves
	RollingBack State = "rolling_back" // what was written is taken back, then proved as well
	Committed   State = "committed"    // every cell and vtgate serves the change
	Skipped     State = "skipped"      // every plane held the change already
	DeniedState State = "denied"       // an admission check said no: nothing was written
	Canceled    State = "canceled"     // it was given up and left nothing behind
	Conflicted  State = "conflict"     // another wrote first; nothing of ours is left
	RolledBack  State = "rolled_back"  // nothing of ours is left in any plane
	Failed      State = "failed"       // a person must look: the record says where each plane is
)

// States lists all of them, in the order of the life of a rollout.
var States = []State{
	Pending, Waiting, Applying, Validating, RollingBack,
	Committed, Skipped, DeniedState, Canceled, Conflicted, RolledBack, Failed,
}

// ParseState gives the state of that name.
func ParseState(s string) (State, error) {
	for _, st := range States {
		if string(st) == s {
			return st, nil
		}
	}
	return "", fmt.Errorf("unknown rollout state %q", s)
}

// UnmarshalText refuses unknown states.
func (s *State) UnmarshalText(b []byte) error {
	st, err := ParseState(string(b))
	if err != nil {
		return err
	}
	*s = st
	return nil
}

// Final tells whether a rollout in this state has ended.
func (s State) Final() bool {
	switch s {
	case Committed, Skipped, DeniedState, Canceled, Conflicted, RolledBack, Failed:
		return true
	case Pending, Waiting, Applying, Validating, RollingBack:
		return false
	}
	return false
}

// Step is the piece of a state in hand.
type Step string

// The steps.
const (
	StepNone    Step = ""
	StepLock    Step = "lock"    // take the keyspace locks
	StepGlobals Step = "globals" // CAS the global records, in order
	StepFence   Step = "fence"   // kill a write that is given up
	StepUnlock  Step = "unlock"  // release the keyspace locks
	StepInspect Step = "inspect" // did anybody ship a part of an unwound phase?
	StepCells   Step = "cells"   // bring our entries to the cells
	StepProve   Step = "prove"   // every cell and vtgate serves them
)

// steps lists all of them.
var steps = []Step{StepNone, StepLock, StepGlobals, StepFence, StepUnlock, StepInspect, StepCells, StepProve}

// UnmarshalText refuses unknown steps: what comes next depends on it.
func (s *Step) UnmarshalText(b []byte) error {
	if !slices.Contains(steps, Step(b)) {
		return fmt.Errorf("unknown rollout step %q", b)
	}
	*s = Step(b)
	return nil
}

// Code is the closed kind of a reason; views and exit codes go by it.
type Code string

// The codes.
const (
	CodeStale       Code = "stale"           // a record that the plan was made from has changed
	CodeDenied      Code = "denied"          // an admission check says no
	CodeWait        Code = "wait"            // an admission check says not yet
	CodeLocked      Code = "locked"          // another holds the keyspace lock
	CodeConflict    Code = "conflict"        // another wrote before we did
	CodeRefused     Code = "refused"         // topo refused the write for good
	CodeUnknown     Code = "unknown"         // the outcome of a write cannot be told
	CodeFenced      Code = "fenced"          // a write without an answer was given up and cannot land any more
	CodeOverwritten Code = "overwritten"     // our change was overwritten in global after it landed
	CodeFight       Code = "fight"           // another writer keeps overwriting a cell
	CodeBroken      Code = "broken"          // a cell or vtgate is evidence against the change
	CodeUnproved    Code = "unproved"        // the deadline passed without proof and without evidence
	CodeUndoHazard  Code = "undo_hazard"     // going back could lose rows or cause an outage: a person decides
	CodeUndo        Code = "undo_conflict"   // others changed entries of ours before they were taken back: theirs stay
	CodeInterrupted Code = "interrupted"     // a person stopped it
	CodeAsked       Code = "asked"           // a person asked for it
	CodeBreaker     Code = "breaker"         // a migration that it waits for failed on too many shards
	CodeApproval    Code = "approval"        // the policy wants more people to approve
	CodeFreeze      Code = "freeze"          // a freeze window is open
	CodeWorkflow    Code = "workflow"        // a workflow in flight owns what would change
	CodeBudget      Code = "retry_budget"    // topo or vtctld did not answer too often
	CodeForeign     Code = "foreign_rebuild" // somebody's rebuild shipped a part of a phase that was then unwound, or may have
)
