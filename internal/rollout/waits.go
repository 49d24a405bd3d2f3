package rollout

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// What was waited for is kept up to these bounds, so that it never takes the
// room of what a record is for.
const (
	maxWaits     = 64
	maxWaitBytes = 16 << 10
	maxNeedBytes = 10 << 10
)

// notYet is an admission check that says wait.
func (m *machine) notYet(e Admitted) {
	m.found(e)
	if e.Transient {
		m.attempted("the admission checks", e.Reason)
	}
	switch {
	case e.Code == CodeBreaker && e.Person && m.written() && m.rec.AutoUndo:
		m.rec.HalfOpen = false
		m.goBack(e.Code, e.Reason, true)
	case e.Person:
		m.called(e)
	default:
		m.wait(e.Code, e.Reason)
	}
}

// called parks in waiting for what only a person can lift: asking again would
// find the same.
func (m *machine) called(e Admitted) {
	if m.rec.State == Pending {
		m.rec.Began = m.at
	}
	m.because(e.Code, e.Reason)
	m.rec.State, m.rec.Step = Waiting, StepNone
	if e.Code != CodeBreaker {
		m.park(e.Code, e.Reason)
		if id := m.rec.ID; e.Code == CodeApproval {
			m.rec.Parked.Next = fmt.Sprintf("vtsync resume %s --approve, by one more person; or vtsync rollback %s", id, id)
		}
		return
	}
	m.rec.HalfOpen = false
	text := e.Reason
	if m.written() {
		text += "; not taken back by itself, as that is " + m.rec.UndoHazard
	}
	m.park(e.Code, text)
	m.rec.Parked.Next = fmt.Sprintf("see why: vtsync show %[1]s; when the migrations are retried: vtsync resume %[1]s; or vtsync rollback %[1]s", m.rec.ID)
}

// found notes what the phase in hand waits for. Where something did not answer,
// what is not named may well be waited for still.
func (m *machine) found(e Admitted) {
	if !e.Transient && len(e.Waits) > 0 {
		m.met(e.Waits)
	}
	for _, b := range e.Waits {
		b = clipped(b)
		i := slices.IndexFunc(m.rec.Waits, func(w Waited) bool { return w.Phase == m.rec.Phase && same(w.Blocker, b) })
		if i < 0 {
			m.rec.Waits = append(m.rec.Waits, Waited{Blocker: b, Phase: m.rec.Phase, Since: m.at})
			continue
		}
		m.rec.Waits[i].Blocker, m.rec.Waits[i].Met = b, time.Time{}
	}
	m.boundWaits()
}

// met notes that the phase in hand does not wait any more, but for those named.
func (m *machine) met(still []Blocker) {
	for i := range m.rec.Waits {
		w := &m.rec.Waits[i]
		named := func(b Blocker) bool { return same(w.Blocker, clipped(b)) }
		if w.Phase == m.rec.Phase && w.Met.IsZero() && !slices.ContainsFunc(still, named) {
			w.Met = m.at
		}
	}
}

// same tells whether two are about one thing. Their words may change at each
// look, so what has no name is one thing per kind and keyspace.
func same(a, b Blocker) bool {
	return a.Kind == b.Kind && a.Keyspace == b.Keyspace && a.Name == b.Name
}

func clipped(b Blocker) Blocker {
	b.Keyspace, b.Name, b.Text = clip(b.Keyspace, maxName), clip(b.Name, maxName), clip(b.Text, maxWait)
	return b
}

// boundWaits lets go of what is waited for no more, the oldest first, then of
// words, then of what was found last. A migration stays a need all the same.
func (m *machine) boundWaits() {
	for len(m.rec.Waits) > maxWaits {
		m.dropWait()
	}
	for i := len(m.rec.Waits) - 1; i >= 0 && sizeOf(m.rec.Waits) > maxWaitBytes; i-- {
		if w := &m.rec.Waits[i]; w.Name != "" {
			w.Text = clipMark
		}
	}
	for sizeOf(m.rec.Waits) > maxWaitBytes {
		m.dropWait()
	}
}

func (m *machine) dropWait() {
	i := slices.IndexFunc(m.rec.Waits, func(w Waited) bool { return !w.Met.IsZero() })
	if i < 0 {
		i = len(m.rec.Waits) - 1
	}
	if w := m.rec.Waits[i]; w.Kind == WaitMigration && w.Phase == m.rec.Phase {
		m.need(w.Keyspace, w.Name)
	}
	m.rec.Waits = slices.Delete(m.rec.Waits, i, i+1)
}

// need keeps a migration by its name alone.
func (m *machine) need(keyspace, uuid string) {
	at, known := slices.BinarySearch(m.rec.Needs[keyspace], uuid)
	if known || sizeOf(m.rec.Needs)+len(keyspace)+len(uuid) > maxNeedBytes {
		return
	}
	if m.rec.Needs == nil {
		m.rec.Needs = map[string][]string{}
	}
	m.rec.Needs[keyspace] = slices.Insert(slices.Clone(m.rec.Needs[keyspace]), at, uuid)
}

// AllWaits gives what is and was waited for, and after that, by name alone, the
// migrations of the phase in hand that Waits had no room for.
func (r Record) AllWaits() []Waited {
	all := slices.Clip(r.Waits)
	for _, ks := range slices.Sorted(maps.Keys(r.Needs)) {
		for _, uuid := range r.Needs[ks] {
			w := Waited{Blocker: Blocker{Kind: WaitMigration, Keyspace: ks, Name: uuid}, Phase: r.Phase, Since: r.Began}
			if !slices.ContainsFunc(r.Waits, func(o Waited) bool { return o.Phase == w.Phase && same(o.Blocker, w.Blocker) }) {
				all = append(all, w)
			}
		}
	}
	return all
}

// sizeOf gives how many bytes a value takes in a stored record.
func sizeOf(v any) int {
	raw, err := json.Marshal(v)
	if err != nil {
		return 0 // text and times always encode
	}
	return len(raw)
}
