package proxy

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"
)

// Rule says which unary calls meet a fault.
type Rule struct {
	Method string // regular expression, matched with Call.Method; empty matches all
	Key    string // regular expression, matched with each of Call.Keys; empty matches all
	Writes bool   // only calls that can change the etcd
	Skip   int    // matching calls to let through first
	Times  int    // calls to hit after those; 0 means all
	Fault  Fault
}

// Fault is what happens to a call. Use the functions that return one.
type Fault struct {
	kind faultKind
	wait time.Duration
}

type faultKind int

const (
	dropRequest faultKind = iota
	dropReply
	delay
	slow
	hold
	refuse
)

// DropRequest never forwards the request, and the client gets no answer: it has
// not landed and never will.
func DropRequest() Fault { return Fault{kind: dropRequest} }

// DropReply forwards the request, and the client gets no answer: it has landed.
func DropReply() Fault { return Fault{kind: dropReply} }

// Delay forwards the request after d, whether or not the client still waits:
// past the client's deadline, it lands late.
func Delay(d time.Duration) Fault { return Fault{kind: delay, wait: d} }

// Slow forwards the request after d if the client still waits then.
func Slow(d time.Duration) Fault { return Fault{kind: slow, wait: d} }

// Hold keeps the request until its Hit is released or dropped, whether or not
// the client still waits.
func Hold() Fault { return Fault{kind: hold} }

// Refuse answers UNAVAILABLE without forwarding.
func Refuse() Fault { return Fault{kind: refuse} }

// maxUnreadHits bounds the hits kept for Next; later ones are only counted.
const maxUnreadHits = 1024

// Armed is a rule at work.
type Armed struct {
	rule        Rule
	method, key *regexp.Regexp
	proxy       *Proxy
	hits        chan *Hit

	seen  int // matching calls so far; guarded by proxy.mu
	fired int // calls hit so far; guarded by proxy.mu
}

// Fired counts the calls that the rule has hit.
func (a *Armed) Fired() int {
	a.proxy.mu.Lock()
	defer a.proxy.mu.Unlock()
	return a.fired
}

// Next waits for the next call that the rule hits, each given once.
func (a *Armed) Next(ctx context.Context) (*Hit, error) {
	select {
	case h := <-a.hits:
		return h, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a call that matches method %q key %q: %w", a.rule.Method, a.rule.Key, ctx.Err())
	}
}

// Disarm removes the rule. Calls that it holds stay held.
func (a *Armed) Disarm() {
	a.proxy.mu.Lock()
	defer a.proxy.mu.Unlock()
	for i, other := range a.proxy.rules {
		if other == a {
			a.proxy.rules = append(a.proxy.rules[:i:i], a.proxy.rules[i+1:]...)
			return
		}
	}
}

// take counts the call and says whether the rule hits it. The caller holds
// proxy.mu.
func (a *Armed) take(c Call) bool {
	if a.rule.Writes && !c.Write || !a.method.MatchString(c.Method) || !a.matchesKey(c) {
		return false
	}
	a.seen++
	if a.seen <= a.rule.Skip || a.rule.Times > 0 && a.fired >= a.rule.Times {
		return false
	}
	a.fired++
	return true
}

func (a *Armed) matchesKey(c Call) bool {
	if a.rule.Key == "" {
		return true
	}
	for _, k := range c.Keys {
		if a.key.MatchString(k) {
			return true
		}
	}
	return false
}

// Hit is one call that met a fault.
type Hit struct {
	Call Call

	once    sync.Once
	release chan bool     // true forwards a held call, false drops it
	done    chan struct{} // closed when the etcd has answered, or never will
	err     error         // why it has not landed; set before done is closed
}

func newHit(c Call) *Hit {
	return &Hit{Call: c, release: make(chan bool, 1), done: make(chan struct{})}
}

// Release forwards a held call and returns when the etcd has answered.
func (h *Hit) Release(ctx context.Context) error {
	h.once.Do(func() { h.release <- true })
	return h.Wait(ctx)
}

// Drop ends a held call without forwarding it.
func (h *Hit) Drop() { h.once.Do(func() { h.release <- false }) }

// Wait returns when the etcd has answered the call, or will never see it; in
// that case with an error that says so.
func (h *Hit) Wait(ctx context.Context) error {
	select {
	case <-h.done:
		return h.err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the end of %s %v: %w", h.Call.Method, h.Call.Keys, ctx.Err())
	}
}

func (h *Hit) finish(err error) {
	h.err = err
	close(h.done)
}
