package rollout

import "fmt"

// withheld is a write that was not sent for the sake of a workflow, which began
// after the phase was admitted, or as nobody could say whether one runs. Where
// nothing of the phase was sent the checks are asked anew, within the time that
// the phase had to wait. Where an earlier try of this very write was, it may
// have landed or still land, so that the phase can neither go on nor end. Silence
// takes nothing back: it is asked again, and then for a person.
func (m *machine) withheld(w *Write, e Wrote) {
	reason := fmt.Sprintf("keyspace %s: our write was not sent: %s", w.Keyspace, e.Text)
	if w.Attempts > 1 {
		m.park(CodeWorkflow, fmt.Sprintf("keyspace %s: an earlier try of our write had no answer, and it is not sent again: %s", w.Keyspace, e.Text))
		m.rec.Parked.Next = "when the workflow is done: vtsync resume " + m.rec.ID + "; to give it up: vtsync rollback " + m.rec.ID
		return
	}
	w.Status, w.Attempts = WritePlanned, 0
	const what = "asking which workflows run"
	switch {
	case m.unsent():
		if e.Silent {
			m.attempted(what, e.Text)
		}
		m.rec.Began = m.rec.Entered
		m.wait(CodeWorkflow, reason)
	case e.Silent && !m.retry(what, e.Text):
		m.spent(e.Text)
	case e.Silent && e.Expired:
		m.park(CodeWorkflow, reason)
	case e.Silent:
		// The deadline of the first look holds for those after it.
		m.rec.Held = true
		m.do(PauseFor{Why: reason})
	default:
		w.Status = WriteRefused
		m.unwind(Canceled, CodeWorkflow, reason)
	}
}
