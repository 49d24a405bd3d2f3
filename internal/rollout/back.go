package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// unwind takes back what landed of this phase, before any cell was touched,
// and then ends in the state given.
func (m *machine) unwind(then State, c Code, reason string) {
	m.because(c, reason)
	m.log("%s", reason)
	m.rec.Then = then
	m.rec.Began, m.rec.Held = m.at, false
	for i := range m.rec.Globals {
		if w := &m.rec.Globals[i]; w.Status == WriteLanded {
			w.Back, w.Status, w.Attempts = true, WritePlanned, 0
		}
	}
	m.readBack()
}

// goBack takes back every phase written so far. By itself vtsync does so only
// where going back cannot lose rows or cause an outage.
func (m *machine) goBack(c Code, reason string, auto bool) {
	names, reached := m.toTakeBack()
	switch {
	case len(names) == 0 && !reached:
		m.end(Canceled, c, reason)
		return
	case len(names) == 0 && auto:
		m.park(c, reason+"; the plan only heals cells, so there is nothing to take back")
		return
	case len(names) == 0:
		m.leaveCells(c, reason+"; the plan only heals cells, so there was nothing to take back")
		return
	case auto && !m.rec.AutoUndo:
		m.park(CodeUndoHazard, fmt.Sprintf("%s; not taken back by itself, as that is %s", reason, m.rec.UndoHazard))
		return
	}
	m.because(c, reason)
	m.log("%s", reason)
	m.to(RollingBack)
	m.rec.Auto = auto
	m.rec.Then, m.rec.Held = "", false
	m.rec.Heals = 0
	if !reached {
		m.rec.Phase--
	}
	for i := range m.rec.Cells {
		if c := &m.rec.Cells[i]; c.Status == WriteLanded {
			c.Status = WritePlanned
		}
	}
	m.rec.Globals = nil
	for _, ks := range names {
		m.rec.Globals = append(m.rec.Globals, Write{Keyspace: ks, Status: WritePlanned, Back: true})
	}
	m.lock()
}

// leaveCells ends a rollout that only heals cells, at the wish of a person: a
// healed cell is left as it is. A write on its way to a cell could still land
// after the end, so the cells are gone through until there is none.
func (m *machine) leaveCells(c Code, reason string) {
	if m.unsettled() == "" {
		m.end(Failed, c, reason)
		return
	}
	m.because(c, reason)
	m.log("%s", reason)
	m.to(RollingBack)
	m.rec.Auto, m.rec.Globals = false, nil
	m.toCells()
}

// leaving tells that nothing is taken back, see leaveCells: every other way
// back has a global record.
func (m *machine) leaving() bool {
	return m.rec.State == RollingBack && len(m.rec.Globals) == 0
}

// toTakeBack names the keyspaces in which a write of ours landed, and tells
// whether the phase in hand reached global or a cell. What was never written
// is left out: others may have changed it meanwhile, and that is no conflict.
func (m *machine) toTakeBack() (names []string, reached bool) {
	for _, phase := range m.rec.Phases[:m.rec.Phase] {
		names = append(names, phase...)
	}
	reached = m.shipped || m.rec.Step == StepCells || m.rec.Step == StepProve
	for _, w := range m.rec.Globals {
		if w.Status == WriteLanded {
			names, reached = append(names, w.Keyspace), true
		}
	}
	slices.Sort(names)
	return slices.Compact(names), reached
}

// readBack asks what global holds of ours before it is taken back.
func (m *machine) readBack() {
	m.rec.Step = StepGlobals
	var names []string
	for _, w := range m.rec.Globals {
		if w.toGoBack() {
			names = append(names, w.Keyspace)
		}
	}
	if len(names) == 0 {
		m.unlock()
		return
	}
	m.do(ReadGlobals{Keyspaces: names})
}

func (m *machine) globalsRead(e GlobalsRead) error {
	if e.Unknown != "" {
		m.unread(e)
		return nil
	}
	if m.rec.Held = e.Held != ""; m.rec.Held {
		m.heldBack(e)
		return nil
	}
	for i := range m.rec.Globals {
		w := &m.rec.Globals[i]
		if !w.toGoBack() {
			continue
		}
		at := slices.IndexFunc(e.Facts, func(f GlobalFact) bool { return f.Keyspace == w.Keyspace })
		if at < 0 || e.Facts[at].Token.IsZero() {
			return fmt.Errorf("keyspace %s was not read", w.Keyspace)
		}
		m.backFact(w, e.Facts[at])
	}
	m.back()
	return nil
}

// unread waits for global records that could not be read.
func (m *machine) unread(e GlobalsRead) {
	switch {
	case !m.retry("reading the global records", e.Unknown):
		m.spent(e.Unknown)
	case e.Expired:
		m.park(CodeUnknown, "global records could not be read: "+e.Unknown)
	default:
		m.do(PauseFor{Why: e.Unknown})
	}
}

// heldBack waits for a workflow before anything is taken back. Where it has
// answered that is no retry.
func (m *machine) heldBack(e GlobalsRead) {
	switch {
	case e.Expired:
		m.park(CodeWorkflow, "nothing can be taken back now: "+e.Held)
	case e.Silent && !m.retry(askingWorkflows, e.Held):
		m.spent(e.Held)
	default:
		m.do(PauseFor{Why: e.Held})
	}
}

// stays is said of entries that are not taken back.
const stays = "others changed the same entries since, or a workflow owns them now: those stay"

// backFact notes what one record holds before it is taken back.
func (m *machine) backFact(w *Write, f GlobalFact) {
	if f.Conflict != "" && !slices.Contains(m.rec.Kept, f.Keyspace) {
		m.rec.Kept = append(m.rec.Kept, f.Keyspace)
		slices.Sort(m.rec.Kept)
		m.rec.Diff = clip(m.rec.Diff+f.Conflict, maxDiff)
		m.log("keyspace %s: %s", f.Keyspace, stays)
	}
	// A write back in flight at this very token is killed by the next one on
	// the same token, even where nothing of ours is left to see.
	if f.Undone && (w.Status != WriteIntended || w.Token != f.Token) {
		w.Status, w.Result = WriteUndone, f.Token
		return
	}
	w.Token = f.Token
}

// back sends the last write that is still to be taken back, or unlocks.
func (m *machine) back() {
	for i := len(m.rec.Globals) - 1; i >= 0; i-- {
		if m.rec.Globals[i].toGoBack() {
			m.send(i)
			return
		}
	}
	m.unlock()
}

func (m *machine) wroteBack(e Wrote) {
	w := &m.rec.Globals[e.Index]
	switch e.Outcome {
	case Landed, LandedThenLost:
		w.Status, w.Result = WriteUndone, e.Token
		m.log("global %s taken back", w.Keyspace)
		m.replaced(w, e)
		m.back()
	case Refused:
		if e.Expired {
			m.park(CodeConflict, fmt.Sprintf("keyspace %s: others keep writing it: %s", w.Keyspace, e.Text))
			return
		}
		w.Status = WritePlanned
		m.readBack()
	case OutcomeUnknown:
		if e.Expired {
			m.park(CodeUnknown, fmt.Sprintf("keyspace %s: taking our change back was not answered: %s", w.Keyspace, e.Text))
			return
		}
		m.repeating(w, e.Text)
		m.send(e.Index)
	default:
		m.park(CodeRefused, fmt.Sprintf("keyspace %s: topo refused to take our change back: %s", w.Keyspace, e.Text))
	}
}

func (m *machine) unlocked() {
	switch {
	case m.rec.State == RollingBack || m.rec.Then == "":
		m.rec.Began = m.at
		m.toCells()
	case slices.ContainsFunc(m.rec.Globals, func(w Write) bool { return w.Status == WriteUndone }):
		m.rec.Step = StepInspect
		m.do(Inspect{})
	default:
		m.unwound()
	}
}

// unwound ends a phase that left no trace; earlier phases are then taken back.
func (m *machine) unwound() {
	if m.written() {
		m.goBack(m.rec.Code, m.rec.Reason, !m.rec.Asked)
		return
	}
	m.end(m.rec.Then, m.rec.Code, m.rec.Reason)
}

func (m *machine) inspected(e Inspected) {
	if len(e.Shipped) == 0 && e.Unknown == "" {
		m.unwound()
		return
	}
	reason := m.rec.Reason
	if len(e.Shipped) > 0 {
		m.rec.ForeignRebuild = true
		reason += fmt.Sprintf("; somebody's rebuild shipped a part of the phase to %s before it was whole: half may have been served", strings.Join(e.Shipped, ", "))
	} else {
		reason += "; not every cell could be read to see whether a part was shipped: " + e.Unknown
	}
	m.shipped = true
	if m.written() {
		m.goBack(CodeForeign, reason, !m.rec.Asked)
		return
	}
	m.because(CodeForeign, reason)
	m.log("%s", reason)
	m.to(RollingBack)
	m.rec.Auto, m.rec.Then = !m.rec.Asked, ""
	m.toCells()
}
