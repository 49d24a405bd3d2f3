package rollout

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/planes"
)

func (m *machine) lock() {
	m.rec.Step = StepLock
	names := make([]string, 0, len(m.rec.Globals))
	for _, w := range m.rec.Globals {
		names = append(names, w.Keyspace)
	}
	slices.Sort(names)
	m.do(Lock{Keyspaces: names})
}

func (m *machine) lockHeld(e LockHeld) {
	fresh := m.unsent()
	const what = "taking the keyspace lock"
	switch {
	case fresh:
		if e.Silent {
			m.attempted(what, e.By)
		}
		m.wait(CodeLocked, e.By)
	case e.Silent && !m.retry(what, e.By):
		m.spent(e.By)
	case e.Expired:
		m.park(CodeLocked, e.By)
	default:
		m.do(PauseFor{Why: e.By})
	}
}

// locked goes on with the writes in hand: forward, or back.
func (m *machine) locked() {
	m.rec.Step = StepGlobals
	if m.unsent() {
		m.rec.Entered = m.rec.Began
	}
	if !m.rec.Held {
		m.rec.Began = m.at
	}
	if m.rec.Code == CodeLocked {
		m.log("%s -> %s", Waiting, Applying)
		m.because("", "")
	}
	if m.rec.State == Applying && m.rec.Then == "" {
		m.forward()
		return
	}
	m.readBack()
}

// forward sends the first write that has not landed, or unlocks.
func (m *machine) forward() {
	for i := range m.rec.Globals {
		if s := m.rec.Globals[i].Status; s == WritePlanned || s == WriteIntended {
			m.send(i)
			return
		}
	}
	m.unlock()
}

// send records the intent of a write and asks for it. Its token is already in
// the record, so the intent is complete before the write leaves.
func (m *machine) send(i int) {
	w := &m.rec.Globals[i]
	if w.Attempts == 0 && !m.rec.Held {
		m.rec.Began = m.at
	}
	w.Status = WriteIntended
	w.Attempts++
	m.rec.Step = StepGlobals
	m.do(SaveGlobal{Index: i, Back: w.Back})
}

func (m *machine) unlock() {
	m.rec.Step = StepUnlock
	m.do(Unlock{})
}

func (m *machine) wrote(e Wrote) error {
	if e.Index < 0 || e.Index >= len(m.rec.Globals) {
		return fmt.Errorf("no write %d", e.Index)
	}
	if m.rec.Globals[e.Index].Back {
		m.wroteBack(e)
		return nil
	}
	w := &m.rec.Globals[e.Index]
	switch e.Outcome {
	case Landed:
		m.landed(w, e)
		m.forward()
	case Refused:
		w.Status = WriteRefused
		m.rec.Diff = clip(e.Diff, maxDiff)
		m.unwind(Conflicted, CodeConflict, fmt.Sprintf("keyspace %s: another wrote first: %s", w.Keyspace, e.Text))
	case WriteFailed:
		if w.Attempts > 1 {
			// This try was refused for good; an earlier one may still land.
			m.log("keyspace %s: topo refused the write (%s), and an earlier try had no answer: fencing it off", w.Keyspace, e.Text)
			m.rec.Step = StepFence
			m.do(Fence{Index: e.Index})
			return nil
		}
		w.Status = WriteRefused
		m.unwind(Canceled, CodeRefused, fmt.Sprintf("keyspace %s: topo refused the write: %s", w.Keyspace, e.Text))
	case NotSent:
		m.withheld(w, e)
	case FencedOff:
		// An earlier try had no answer, and neither had the fence that gave
		// it up: the fence has landed.
		m.fencedOff(w, e.Token)
	case Unclear:
		m.parkUnclear(w.Keyspace, e.Text)
	case LandedThenLost:
		m.landed(w, e)
		m.park(CodeOverwritten, fmt.Sprintf("keyspace %s: our write landed and another overwrote it: %s", w.Keyspace, e.Text))
	case OutcomeUnknown:
		if !e.Expired {
			m.repeating(w, e.Text)
			m.send(e.Index)
			return nil
		}
		m.log("keyspace %s: still no answer: fencing the write off", w.Keyspace)
		m.rec.Step = StepFence
		m.do(Fence{Index: e.Index})
	default:
		return fmt.Errorf("outcome %q of a write", e.Outcome)
	}
	return nil
}

func (m *machine) landed(w *Write, e Wrote) {
	w.Status, w.Result = WriteLanded, e.Token
	m.rec.Held = false
	m.log("global %s saved", w.Keyspace)
	m.replaced(w, e)
}

// replaced notes what a write cost another: only a person can say whether it was
// to stay.
func (m *machine) replaced(w *Write, e Wrote) {
	if e.Replaced != "" {
		m.log("global %s: %s", w.Keyspace, e.Replaced)
	}
}

func (m *machine) fenced(e Fenced) error {
	if e.Index < 0 || e.Index >= len(m.rec.Globals) {
		return fmt.Errorf("no write %d", e.Index)
	}
	w := &m.rec.Globals[e.Index]
	m.rec.Held = false // it is decided, and what comes next has a time of its own
	asked := m.rec.Then == RollingBack
	switch e.Outcome {
	case FencedOff:
		if !asked {
			m.fencedOff(w, e.Token)
			return nil
		}
		w.Status, w.Result = WriteFenced, e.Token
		m.log("global %s: the write was fenced off and cannot land any more", w.Keyspace)
	case Landed:
		w.Status, w.Result = WriteLanded, e.Token
		m.log("global %s: the write had landed", w.Keyspace)
		if !asked {
			m.forward()
			return nil
		}
	case LandedThenLost:
		w.Status, w.Result = WriteLanded, e.Token
		if !asked {
			m.park(CodeOverwritten, fmt.Sprintf("keyspace %s: our write landed and another overwrote it: %s", w.Keyspace, e.Text))
			return nil
		}
	case Unclear:
		if !asked {
			m.parkUnclear(w.Keyspace, e.Text)
			return nil
		}
		// Only what is still ours is taken out, so it may be taken for landed.
		w.Status, w.Result = WriteLanded, e.Token
		m.log("global %s: it cannot be told whether the write had landed: taking out what is left of it", w.Keyspace)
	case OutcomeUnknown:
		m.park(CodeUnknown, fmt.Sprintf("keyspace %s: it cannot be told whether our write landed or still can: %s", w.Keyspace, e.Text))
		return nil
	default:
		return fmt.Errorf("outcome %q of a fence", e.Outcome)
	}
	m.fenceNext()
	return nil
}

// fencedOff gives up a write that can no longer land, and the phase with it.
func (m *machine) fencedOff(w *Write, tok planes.Token) {
	w.Status, w.Result = WriteFenced, tok
	m.log("global %s: the write was fenced off and cannot land any more", w.Keyspace)
	m.unwind(Canceled, CodeFenced, fmt.Sprintf("keyspace %s: topo did not answer the write; it was fenced off and cannot land any more", w.Keyspace))
}

// parkUnclear leaves to a person what no look at topo can settle any more.
// Going on would find the same, so the way on is back.
func (m *machine) parkUnclear(keyspace, text string) {
	m.park(CodeUnknown, fmt.Sprintf("keyspace %s: another wrote since, and topo keeps no history that tells whether our write had landed: %s", keyspace, text))
	m.rec.Parked.Next = "vtsync rollback " + m.rec.ID + " to take out what is left of ours"
}

// fenceNext fences the next forward write without an outcome, on the way to a
// rollback that a person asked for; then goes back.
func (m *machine) fenceNext() {
	if i := m.inFlight(); i >= 0 {
		m.rec.Step = StepFence
		m.do(Fence{Index: i})
		return
	}
	m.goBack(m.rec.Code, m.rec.Reason, false)
}
