package rollout

import "fmt"

// withheld is a write that was not sent for the sake of a workflow, which began
// after the phase was admitted, or as nobody could say whether one runs. Where
// nothing of the phase was sent the checks are asked anew, within the time that
// the phase had to wait. Where an earlier try of this very write was, it may
// have landed or still land, so that the phase can neither go on nor end. Silence
// takes nothing back: it is asked again, and then for a person.
func (m *machine) withheld(w *Write, e Wrote) {
	if w.Attempts > 1 {
		m.withheldAgain(w, e)
		return
	}
	reason := fmt.Sprintf("keyspace %s: our write was not sent: %s", w.Keyspace, e.Text)
	w.Status, w.Attempts = WritePlanned, 0
	switch {
	case m.unsent():
		if e.Silent {
			m.attempted(askingWorkflows, e.Text)
		}
		m.rec.Began = m.rec.Entered
		m.wait(CodeWorkflow, reason)
	case e.Silent:
		m.askWorkflowsAgain(e, reason)
	default:
		w.Status = WriteRefused
		m.unwind(Canceled, CodeWorkflow, reason)
	}
}

// withheldAgain is the repeat of a write, not sent: what the tries before it
// came to is as open as it was, and this one counts for nothing.
func (m *machine) withheldAgain(w *Write, e Wrote) {
	w.Attempts--
	reason := fmt.Sprintf("keyspace %s: an earlier try of our write had no answer, and the next is kept back: %s", w.Keyspace, e.Text)
	if e.Silent {
		m.askWorkflowsAgain(e, reason)
		return
	}
	m.park(CodeWorkflow, reason)
	m.rec.Parked.Next = "when the workflow is done: vtsync resume " + m.rec.ID + "; to give it up: vtsync rollback " + m.rec.ID
}

const askingWorkflows = "asking which workflows run"

// askWorkflowsAgain asks once more in a moment where nobody could say which
// workflows run, until the time that a write may take is over: the deadline of
// the first look holds for those after it.
func (m *machine) askWorkflowsAgain(e Wrote, reason string) {
	switch {
	case e.Expired:
		m.park(CodeWorkflow, reason)
		m.rec.Parked.Next = "once that can be told (vtsync doctor shows what answers): vtsync resume " + m.rec.ID + "; to give it up: vtsync rollback " + m.rec.ID
	case !m.retry(askingWorkflows, e.Text):
		m.spent(e.Text)
	default:
		m.rec.Held = true
		m.do(PauseFor{Why: reason})
	}
}
