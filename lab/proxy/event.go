package proxy

import "slices"

// Stage is a moment in a write's life, as its proxy sees it.
type Stage int

// The two boundaries of a write.
const (
	BeforeForward Stage = iota // the etcd has not seen it
	BeforeReply                // the etcd has answered, the client has not heard
)

// String names the stage as in a test's name.
func (s Stage) String() string {
	if s == BeforeForward {
		return "before-forward"
	}
	return "before-reply"
}

// WriteEvent is a write at one of its boundaries.
type WriteEvent struct {
	Call
	N     int // counts the proxy's forwarded writes from 1
	Stage Stage

	// Known from BeforeReply on.
	Landed   bool  // it changed a key
	Revision int64 // of the etcd, after it
	Err      error // the etcd's, or the network's on the way to it
}

// Verdict is what a hook wants done.
type Verdict int

// The verdicts.
const (
	Pass Verdict = iota
	// Drop does not forward the request, or does not return the reply,
	// whichever the stage is about. The client gets no answer.
	Drop
)

// Hook sees a write at both its boundaries. The write waits for it.
type Hook func(WriteEvent) Verdict

// tell asks the hooks, without holding the proxy's lock: a hook may block, and
// may use the proxy.
func (p *Proxy) tell(e WriteEvent) Verdict {
	p.mu.Lock()
	hooks := slices.Clone(p.hooks)
	p.mu.Unlock()
	for _, h := range hooks {
		if h(e) == Drop {
			return Drop
		}
	}
	return Pass
}
