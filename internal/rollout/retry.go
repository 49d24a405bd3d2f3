package rollout

import (
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// RetryBudget bounds how often a rollout that has begun to write asks again
// what did not answer, until a person resumes it. At the runner's pauses that
// is some minutes. While it waits to begin, the time to wait bounds it alone.
const RetryBudget = 300

// The attempts are kept up to these bounds.
const (
	maxAttempts     = 100
	maxAttemptBytes = 12 << 10
	maxAttemptText  = 160
)

// Attempt is one time that something did not answer and was to be asked again.
type Attempt struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Text string    `json:"text,omitempty"` // what came instead of an answer
}

// Attempted is how often something did not answer in all the rollout's life,
// with those attempts that are not kept any more.
func (r Record) Attempted() int { return r.AttemptsDropped + len(r.Attempts) }

// retry counts that something did not answer and is to be asked again, and
// tells whether it may be. A write is never retried so: one without an answer
// is repeated on its token, which is a matter of its own (see wrote).
func (m *machine) retry(what, why string) bool {
	if m.rec.Retries >= RetryBudget {
		return false
	}
	m.rec.Retries++
	m.attempted(what, why)
	return true
}

// attempted keeps an attempt. The log tells the first of a kind and then every
// power of two, so that it keeps its room for what happened.
func (m *machine) attempted(what, why string) {
	n := m.rec.Attempted()
	first := n == 0 || len(m.rec.Attempts) > 0 && m.rec.Attempts[len(m.rec.Attempts)-1].What != what
	if n++; first || bits.OnesCount(uint(n)) == 1 {
		m.log("attempt %d, %s: %s; again in a moment", n, what, why)
	}
	m.rec.Attempts = append(m.rec.Attempts, Attempt{At: m.at, What: what, Text: clip(why, maxAttemptText)})
	for len(m.rec.Attempts) > maxAttempts || sizeOf(m.rec.Attempts) > maxAttemptBytes {
		m.rec.Attempts = slices.Delete(m.rec.Attempts, 0, 1)
		m.rec.AttemptsDropped++
	}
}

// repeating tells in the log, as sparsely, that a write is sent once more.
func (m *machine) repeating(w *Write, why string) {
	if bits.OnesCount(uint(w.Attempts)) == 1 {
		m.log("keyspace %s: no answer (%s): trying the same write again", w.Keyspace, why)
	}
}

// spent parks a rollout whose budget for retries is used up.
func (m *machine) spent(why string) {
	m.park(CodeBudget, fmt.Sprintf("gave up after %d tries without an answer: %s", RetryBudget, why))
}
