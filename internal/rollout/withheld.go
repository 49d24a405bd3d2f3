package rollout

import "fmt"

// withheld is a write that was not sent for the sake of a workflow, which began
// after the phase was admitted. Where nothing of the phase was sent the checks
// are asked anew. Where an earlier try of this very write was, it may have
// landed or still land, so that the phase can neither go on nor end.
func (m *machine) withheld(w *Write, e Wrote) {
	if w.Attempts > 1 {
		m.park(CodeWorkflow, fmt.Sprintf("keyspace %s: an earlier try of our write had no answer, and it is not sent again: %s", w.Keyspace, e.Text))
		m.rec.Parked.Next = "when the workflow is done: vtsync resume " + m.rec.ID + "; to give it up: vtsync rollback " + m.rec.ID
		return
	}
	w.Status, w.Attempts = WritePlanned, 0
	reason := fmt.Sprintf("keyspace %s: our write was not sent: %s", w.Keyspace, e.Text)
	if m.unsent() {
		m.wait(CodeWorkflow, reason)
		return
	}
	w.Status = WriteRefused
	m.unwind(Canceled, CodeWorkflow, reason)
}
