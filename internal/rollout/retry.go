package rollout

import (
	"fmt"
	"math/bits"
)

// RetryBudget bounds how often a rollout asks again what did not answer, until
// a person resumes it. At the runner's pauses that is some minutes.
const RetryBudget = 300

// retry counts that something did not answer and is to be asked again, and
// tells whether it may be. A write is never retried so: one without an answer
// is repeated on its token, which is a matter of its own (see wrote).
//
// The log tells the first try of a kind and then every power of two, so that it
// keeps its room for what happened.
func (m *machine) retry(what, why string) bool {
	if m.rec.Retries >= RetryBudget {
		return false
	}
	m.rec.Retries++
	if m.rec.Retried != what || bits.OnesCount(uint(m.rec.Retries)) == 1 {
		m.log("attempt %d, %s: %s; again in a moment", m.rec.Retries, what, why)
	}
	m.rec.Retried = what
	return true
}

// spent ends or parks a rollout whose budget for retries is used up; clean
// tells that nothing of it was written.
func (m *machine) spent(why string, clean bool) {
	text := fmt.Sprintf("gave up after %d tries without an answer: %s", RetryBudget, why)
	if clean && !m.written() && m.rec.Then == "" {
		m.end(Canceled, CodeBudget, text)
		return
	}
	m.park(CodeBudget, text)
}
