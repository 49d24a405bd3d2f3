package rollout

import "fmt"

// State is where a rollout is. It is a closed set: an unknown text is an
// error, never a default. Ask CanX; never compare order.
type State string

// The states.
const (
	Pending     State = "pending"
	Waiting     State = "waiting"
	Applying    State = "applying"
	Validating  State = "validating"
	RollingBack State = "rolling_back"
	Committed   State = "committed"
	Skipped     State = "skipped"
	DeniedState State = "denied"
	Canceled    State = "canceled"
	Conflicted  State = "conflict"
	RolledBack  State = "rolled_back"
	Failed      State = "failed"
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
	StepFence   Step = "fence"   // kill a write that was given up
	StepUnwind  Step = "unwind"  // take back the first writes of a phase whose later one was refused
	StepInspect Step = "inspect" // look whether anybody shipped a part of the phase
	StepUnlock  Step = "unlock"
	StepCells   Step = "cells"
	StepProve   Step = "prove"
)
