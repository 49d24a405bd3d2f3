package rollout

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// maxHeals bounds how often a rollout writes a cell again that another writer
// has overwritten: two controllers must not fight for ever.
const maxHeals = 5

// Advance takes one event and gives the record as it is now, to be saved
// before anything else is done, and the actions to do next. No action means
// that the rollout rests: it has parked. The record given is not modified. An
// event that the state does not expect is an error and changes nothing.
func Advance(rec Record, ev Event) (Record, []Action, error) {
	t, ok := row(rec.State, ev.Kind())
	if !ok {
		return rec, nil, fmt.Errorf("rollout %s: event %q does not belong to state %q", rec.ID, ev.Kind(), rec.State)
	}
	if rec.Parked != nil && ev.Kind() != EvResume && ev.Kind() != EvRollback {
		return rec, nil, fmt.Errorf("rollout %s: event %q while parked (%s)", rec.ID, ev.Kind(), rec.Parked.Code)
	}
	m := &machine{rec: clone(rec), at: ev.when()}
	m.rec.Updated = m.at
	if err := m.handle(ev); err != nil {
		return rec, nil, fmt.Errorf("rollout %s: %w", rec.ID, err)
	}
	if !slices.Contains(t.To, m.rec.State) {
		return rec, nil, fmt.Errorf("rollout %s: event %q led from %q to %q, which its row does not list", rec.ID, ev.Kind(), rec.State, m.rec.State)
	}
	return m.rec, m.actions, nil
}

// machine is one step of Advance: the copy being changed and the work found.
type machine struct {
	rec     Record
	at      time.Time
	actions []Action
	shipped bool // a part of an unwound phase may stand in a cell
}

func clone(r Record) Record {
	r.Keyspaces = slices.Clone(r.Keyspaces)
	r.Phases = slices.Clone(r.Phases)
	for i := range r.Phases {
		r.Phases[i] = slices.Clone(r.Phases[i])
	}
	r.Kept = slices.Clone(r.Kept)
	r.Globals = slices.Clone(r.Globals)
	r.Cells = slices.Clone(r.Cells)
	r.Log = slices.Clone(r.Log)
	r.Waits = slices.Clone(r.Waits)
	r.Needs = maps.Clone(r.Needs)
	r.Attempts = slices.Clone(r.Attempts)
	r.Approvals = slices.Clone(r.Approvals)
	if r.Parked != nil {
		p := *r.Parked
		r.Parked = &p
	}
	return r
}

func (m *machine) handle(ev Event) error {
	switch e := ev.(type) {
	case Start:
		m.do(Admit{Phase: m.rec.Phase})
	case Admitted:
		return m.admitted(e)
	case Locked:
		m.locked()
	case LockHeld:
		m.lockHeld(e)
	case GlobalsRead:
		return m.globalsRead(e)
	case Wrote:
		return m.wrote(e)
	case Fenced:
		return m.fenced(e)
	case Unlocked:
		m.unlocked()
	case Inspected:
		m.inspected(e)
	case CellsRead:
		m.cellsRead(e)
	case CellsWrote:
		m.cellsWrote(e)
	case Judged:
		m.judged(e)
	case Tick:
		m.tick(e)
	case Cancel:
		m.cancel()
	case Resume:
		m.resume(e)
	case Rollback:
		m.rollback(e)
	default:
		return fmt.Errorf("unknown event %T", ev)
	}
	return nil
}

func (m *machine) do(a Action) { m.actions = append(m.actions, a) }

func (m *machine) log(format string, args ...any) {
	m.rec.Log = append(m.rec.Log, LogLine{At: m.at, Text: clip(fmt.Sprintf(format, args...), maxText)})
}

// to enters a state; its deadline begins.
func (m *machine) to(s State) {
	if m.rec.State != s {
		m.log("%s -> %s", m.rec.State, s)
	}
	m.rec.State = s
	m.rec.Began = m.at
}

// because notes why the rollout is where it is.
func (m *machine) because(c Code, reason string) {
	m.rec.Code, m.rec.Reason = c, clip(reason, maxText)
}

// end enters a final state and settles the heads.
func (m *machine) end(s State, c Code, reason string) {
	if reason != "" && clip(reason, maxText) != m.rec.Reason {
		m.log("%s", reason)
	}
	m.because(c, reason)
	m.to(s)
	m.rec.Step = StepNone
	m.rec.Then = ""
	m.do(Finish{})
}

// park stops where it is: silence and doubt never roll back by themselves. The
// record's own code and reason stay: they say why the rollout goes where it
// goes, and are needed once it goes on.
func (m *machine) park(c Code, text string) {
	next := "vtsync resume " + m.rec.ID + " to go on, vtsync rollback " + m.rec.ID + " to take it back"
	m.rec.Parked = &Park{Code: c, Text: clip(text, maxText), Next: next}
	m.log("parked: %s", text)
}

// written tells whether an earlier phase changed global records.
func (m *machine) written() bool {
	return slices.ContainsFunc(m.rec.Phases[:m.rec.Phase], func(names []string) bool { return len(names) > 0 })
}

func (m *machine) admitted(e Admitted) error {
	switch {
	case e.Nothing && m.rec.Phase == 0:
		m.met(nil)
		m.end(Skipped, "", "every plane already holds the change")
	case e.Verdict == Allow:
		m.met(nil)
		m.rec.HalfOpen = false
		for _, note := range e.Notes {
			m.log("%s", note)
		}
		return m.beginPhase(e)
	case e.Verdict == Wait:
		m.notYet(e)
	case e.Verdict != Deny:
		return fmt.Errorf("verdict %q", e.Verdict)
	case m.written():
		m.rec.Diff = clip(e.Diff, maxDiff)
		m.goBack(e.Code, e.Reason, true)
	default:
		m.rec.Diff = clip(e.Diff, maxDiff)
		m.end(DeniedState, e.Code, e.Reason)
	}
	return nil
}

// wait enters waiting. A rollout that goes to and fro between waiting and
// trying the lock has one deadline for all of it, and one line in the log.
func (m *machine) wait(c Code, why string) {
	if m.rec.Code != c {
		m.log("waiting: %s", why)
	}
	if m.rec.State == Pending {
		m.rec.Began = m.at
	}
	m.because(c, why)
	m.rec.State = Waiting
	m.rec.Step = StepNone
	m.do(PauseFor{Why: why})
}

func (m *machine) beginPhase(e Admitted) error {
	m.rec.Globals = nil
	for _, ks := range m.rec.Phases[m.rec.Phase] {
		tok := e.Tokens[ks]
		if tok.IsZero() {
			return fmt.Errorf("phase %d admitted without a token of keyspace %s", m.rec.Phase, ks)
		}
		m.rec.Globals = append(m.rec.Globals, Write{Keyspace: ks, Token: tok, Status: WritePlanned})
	}
	if m.rec.Code != CodeLocked {
		m.log("%s -> %s", m.rec.State, Applying)
		m.because("", "")
	}
	m.rec.State = Applying
	if m.rec.Phase == 0 {
		m.rec.Baseline = e.Baseline
	}
	for i := range m.rec.Cells {
		m.rec.Cells[i] = CellWrite{Cell: m.rec.Cells[i].Cell, Status: WritePlanned}
	}
	if len(m.rec.Globals) == 0 {
		m.toCells()
		return nil
	}
	m.lock()
	return nil
}

func (m *machine) tick(e Tick) {
	switch {
	case m.rec.State == Waiting && e.Expired && m.written():
		m.park(m.rec.Code, "gave up waiting: "+m.rec.Reason)
	case m.rec.State == Waiting && e.Expired:
		m.end(Canceled, m.rec.Code, "gave up waiting: "+m.rec.Reason)
	default:
		m.redo()
	}
}

func (m *machine) cancel() {
	untouched := !m.written() && m.rec.Then == ""
	for _, w := range m.rec.Globals {
		untouched = untouched && w.Status == WritePlanned && !w.Back
	}
	switch m.rec.State {
	case Pending, Waiting:
	case Applying:
		untouched = untouched && m.rec.Step == StepLock
	default:
		untouched = false
	}
	if untouched {
		m.end(Canceled, CodeInterrupted, "stopped by a person before anything was written")
		return
	}
	m.park(CodeInterrupted, "stopped by a person")
}

func (m *machine) resume(e Resume) {
	if m.rec.State.Final() {
		m.do(Finish{})
		return
	}
	m.log("resumed by %s@%s", e.By.User, e.By.Host)
	m.approve(e.By)
	if m.rec.Parked != nil && m.rec.Parked.Code == CodeBreaker {
		m.rec.HalfOpen = true
	}
	m.rec.Parked = nil
	m.rec.Began = m.at
	m.rec.Heals = 0
	m.rec.Retries = 0
	if m.unsent() {
		m.log("nothing of phase %d was sent yet: the admission checks are asked again", m.rec.Phase+1)
		m.rec.State, m.rec.Step, m.rec.Globals = Waiting, StepNone, nil
		m.because("", "")
	}
	m.redo()
}

// unsent tells that the phase in hand was admitted, and no write of it sent: what
// the checks allowed then may be long ago. A phase that only heals cells has
// none to send but those.
func (m *machine) unsent() bool {
	if m.rec.State != Applying || m.rec.Then != "" {
		return false
	}
	for _, w := range m.rec.Globals {
		if w.Status != WritePlanned || w.Back {
			return false
		}
	}
	return len(m.rec.Globals) > 0 || !slices.ContainsFunc(m.rec.Cells, func(c CellWrite) bool { return c.Status != WritePlanned })
}

// redo gives the action of the step in hand again. Every action is safe to
// repeat, so this is both the retry and the way on after a crash.
func (m *machine) redo() {
	switch m.rec.State {
	case Pending, Waiting:
		m.do(Admit{Phase: m.rec.Phase})
	case Applying, Validating, RollingBack:
		m.redoStep()
	default: // what has ended has no step in hand
	}
}

func (m *machine) redoStep() {
	switch m.rec.Step {
	case StepInspect:
		m.do(Inspect{})
	case StepCells:
		m.do(ReadCells{})
	case StepProve:
		m.do(Judge{})
	case StepFence:
		if m.rec.Then == RollingBack {
			m.fenceNext()
			return
		}
		m.lock()
	default:
		// The lock may have been lost with the process that held it.
		m.lock()
	}
}

func (m *machine) rollback(e Rollback) {
	m.rec.Parked, m.rec.HalfOpen = nil, false
	m.rec.Heals = 0
	m.rec.Retries = 0
	// A person has weighed what going back can do.
	m.rec.AutoUndo, m.rec.Asked = true, true
	reason := fmt.Sprintf("rollback asked by %s@%s", e.By.User, e.By.Host)
	switch {
	case m.rec.State == RollingBack:
		m.log("%s", reason)
		m.rec.Began = m.at
		m.redo()
	case (m.rec.State == Pending || m.rec.State == Waiting) && !m.written():
		m.end(Canceled, CodeAsked, reason)
	case m.rec.State == Applying && m.rec.Then != "":
		// It is being unwound already: nothing of it is to stay.
		m.log("%s", reason)
		m.rec.Began = m.at
		m.redo()
	case m.rec.State == Applying && m.inFlight() >= 0:
		m.rec.Then = RollingBack
		m.log("%s: the write without an answer is fenced off first", reason)
		m.because(CodeAsked, reason)
		m.fenceNext()
	default:
		m.goBack(CodeAsked, reason, false)
	}
}

// inFlight gives the index of a forward write whose outcome is not known.
func (m *machine) inFlight() int {
	return slices.IndexFunc(m.rec.Globals, func(w Write) bool {
		return !w.Back && w.Status == WriteIntended
	})
}
