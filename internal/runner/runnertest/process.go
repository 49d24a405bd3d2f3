package runnertest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// Fault is what the network or the server makes of one write.
type Fault struct {
	kind  faultKind
	calls int
}

type faultKind int

const (
	none faultKind = iota
	unanswered
	notLanded
	late
	refused
	unsent
)

// The faults. The zero Fault is none.
var (
	LandedUnanswered = Fault{kind: unanswered} // it lands, the answer is lost
	NotLanded        = Fault{kind: notLanded}  // it is lost on the way
	Refused          = Fault{kind: refused}    // the server says no, for good
	NotSent          = Fault{kind: unsent}     // there is no connection to send it over
)

// LandsLate loses the answer, and the write lands after so many further calls
// of anybody, if its token still stands then.
func LandsLate(calls int) Fault { return Fault{kind: late, calls: calls} }

// lockTime is how long a lock lives when its holder dies.
const lockTime = 10 * time.Second

var errRefused = errors.New("permission denied")

// Process is one process's connection to the cluster. It is a runner's Topo
// and Observer, and the key-value store below its records.
type Process struct {
	cluster *Cluster
	name    string
	fault   func(Write) Fault
	look    func()         // before each snapshot
	tries   map[string]int // writes, by path
	writes  int
	calls   int
	cutAt   int // the write at which the process dies; 0 for none
	electAt int // the call at which the topo server loses its leader; 0 for none
	after   bool
	dead    bool
}

// Process connects a process; its name stands in the history of what it writes.
func (c *Cluster) Process(name string) *Process {
	return &Process{cluster: c, name: name, tries: map[string]int{}}
}

// Write is one write on its way.
type Write struct {
	Path  string
	Nth   int // of the process's writes to that path, from 1
	Value []byte
}

// Fail asks f before each write of the process what happens to it. F may
// change the cluster.
func (p *Process) Fail(f func(Write) Fault) { p.fault = f }

// DieAt lets the process die at its nth write: just after it takes effect, or
// just before, so that it never does. From then on nothing that the process
// does reaches the cluster.
func (p *Process) DieAt(nth int, after bool) { p.cutAt, p.after = nth, after }

// Kill lets the process die now.
func (p *Process) Kill() {
	p.cluster.mu.Lock()
	defer p.cluster.mu.Unlock()
	p.dead = true
}

// OnSnapshot asks f before each snapshot that the process takes. F may change
// the cluster.
func (p *Process) OnSnapshot(f func()) { p.look = f }

// Dead tells whether the process has died.
func (p *Process) Dead() bool {
	p.cluster.mu.Lock()
	defer p.cluster.mu.Unlock()
	return p.dead
}

// Writes tells how many writes the process has sent.
func (p *Process) Writes() int {
	p.cluster.mu.Lock()
	defer p.cluster.mu.Unlock()
	return p.writes
}

// Calls tells how often the process has asked the cluster for anything.
func (p *Process) Calls() int {
	p.cluster.mu.Lock()
	defer p.cluster.mu.Unlock()
	return p.calls
}

// call begins a read; done ends it.
func (p *Process) call(ctx context.Context, what string) (done func(), err error) {
	p.cluster.mu.Lock()
	p.calls++
	p.cluster.elect(p.calls == p.electAt)
	if p.dead || ctx.Err() != nil || p.cluster.leaderless() {
		p.cluster.mu.Unlock()
		return nil, noAnswer(what)
	}
	p.cluster.called()
	return p.cluster.mu.Unlock, nil
}

// write sends one compare-and-swap of a record; a nil value deletes it.
func (p *Process) write(ctx context.Context, path string, value []byte, tok planes.Token) (planes.Token, error) {
	if tok.IsZero() {
		return planes.Token{}, fmt.Errorf("write %s: no token", path)
	}
	fault := p.next(path, value)
	p.cluster.mu.Lock()
	defer p.cluster.mu.Unlock()
	p.cluster.called()
	p.calls++
	p.writes++
	p.cluster.elect(p.calls == p.electAt)
	if p.dead || ctx.Err() != nil || p.cluster.leaderless() {
		return planes.Token{}, noAnswer("write " + path)
	}
	if p.writes == p.cutAt {
		if p.after {
			_, _ = p.land(path, value, tok)
		}
		p.dead = true
		return planes.Token{}, noAnswer("write " + path)
	}
	switch fault.kind {
	case unanswered:
		_, _ = p.land(path, value, tok) // a refusal is lost as well
		return planes.Token{}, noAnswer("write " + path)
	case notLanded:
		return planes.Token{}, noAnswer("write " + path)
	case late:
		p.cluster.flight = append(p.cluster.flight, flight{fault.calls, func() { _, _ = p.land(path, value, tok) }})
		return planes.Token{}, noAnswer("write " + path)
	case unsent:
		return planes.Token{}, &errs.Unknown{Msg: "write " + path + ": no connection", Err: errs.ErrNotSent}
	case refused:
		return planes.Token{}, fmt.Errorf("write %s: %w", path, errRefused)
	case none:
	}
	return p.land(path, value, tok)
}

func (p *Process) next(path string, value []byte) Fault {
	p.cluster.mu.Lock()
	p.tries[path]++
	nth := p.tries[path]
	p.cluster.mu.Unlock()
	if p.fault == nil {
		return Fault{}
	}
	return p.fault(Write{Path: path, Nth: nth, Value: value})
}

// land applies a write where its token still stands.
func (p *Process) land(path string, value []byte, tok planes.Token) (planes.Token, error) {
	now := p.cluster.current(path)
	switch {
	case value == nil && now.token.IsAbsent():
		return planes.Token{}, errs.ErrNotFound
	case now.token.Version != tok.Version:
		return planes.Token{}, &errs.Conflict{Msg: "write " + path + ": somebody else wrote it"}
	case value == nil:
		p.cluster.version++
		p.cluster.records[path] = append(p.cluster.records[path], Revision{By: p.name, Deleted: true})
		return planes.Token{}, nil
	}
	return p.cluster.put(p.name, path, value), nil
}

func noAnswer(what string) error { return &errs.Unknown{Msg: what + ": no answer"} }

// Get is part of the key-value store.
func (p *Process) Get(ctx context.Context, path string) ([]byte, planes.Token, error) {
	done, err := p.call(ctx, "read "+path)
	if err != nil {
		return nil, planes.Token{}, err
	}
	defer done()
	now := p.cluster.current(path)
	return slices.Clone(now.Value), now.token, nil
}

// Put is part of the key-value store.
func (p *Process) Put(ctx context.Context, path string, value []byte, tok planes.Token) (planes.Token, error) {
	return p.write(ctx, path, append([]byte{}, value...), tok)
}

// Delete is part of the key-value store.
func (p *Process) Delete(ctx context.Context, path string, tok planes.Token) error {
	_, err := p.write(ctx, path, nil, tok)
	return err
}

// List is part of the key-value store.
func (p *Process) List(ctx context.Context, dir string) ([]string, error) {
	done, err := p.call(ctx, "list "+dir)
	if err != nil {
		return nil, err
	}
	defer done()
	var names []string
	for at := range p.cluster.records {
		if rest, ok := strings.CutPrefix(at, path.Clean(dir)+"/"); ok && !p.cluster.current(at).token.IsAbsent() {
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
