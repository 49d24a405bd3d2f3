// Package storetest has an in-memory key-value store with faults, and the
// contract that every store over a real one keeps. Only tests import it.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// Fault is what happens to one write.
type Fault int

// The faults.
const (
	None             Fault = iota
	LandedUnanswered       // it lands, the answer is lost
	NotLanded              // it is lost
	LandsLate              // no answer, and it lands just before the next write
	Refused                // the server answers no
)

// Memory is a key-value store in memory that keeps its contract and can be
// made to fail. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	records map[string]record
	version int
	late    []func()
	fault   func(path string, nth int) Fault
	writes  map[string]int
	silent  bool
}

type record struct {
	value []byte
	token planes.Token
}

// NewMemory gives an empty store.
func NewMemory() *Memory {
	return &Memory{records: map[string]record{}, writes: map[string]int{}}
}

// Fail asks f before each write what happens to it; nth counts the writes to
// that path from 1.
func (m *Memory) Fail(f func(path string, nth int) Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}

// Silence makes reads go unanswered, or ends that.
func (m *Memory) Silence(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.silent = on
}

// Writes tells how many writes to a path were tried.
func (m *Memory) Writes(path string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes[path]
}

// Landed tells how many writes have landed since the beginning.
func (m *Memory) Landed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.version
}

// Set writes bytes over whatever is there, as no API of ours can.
func (m *Memory) Set(path string, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(path, value)
}

// Get is part of the KV.
func (m *Memory) Get(ctx context.Context, path string) ([]byte, planes.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.silent || ctx.Err() != nil {
		return nil, planes.Token{}, &errs.Unknown{Msg: "read " + path + ": no answer"}
	}
	r, ok := m.records[path]
	if !ok {
		return nil, planes.Absent(), nil
	}
	return slices.Clone(r.value), r.token, nil
}

// Put is part of the KV.
func (m *Memory) Put(ctx context.Context, path string, value []byte, tok planes.Token) (planes.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.write(ctx, path, func() error {
		if m.current(path) != tok {
			return conflict(path)
		}
		m.set(path, value)
		return nil
	})
	if err != nil {
		return planes.Token{}, err
	}
	return m.records[path].token, nil
}

// Delete is part of the KV.
func (m *Memory) Delete(ctx context.Context, path string, tok planes.Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.write(ctx, path, func() error {
		switch current := m.current(path); {
		case current.IsAbsent():
			return errs.ErrNotFound
		case current != tok:
			return conflict(path)
		}
		delete(m.records, path)
		m.version++
		return nil
	})
}

// List is part of the KV.
func (m *Memory) List(ctx context.Context, dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.silent || ctx.Err() != nil {
		return nil, &errs.Unknown{Msg: "list " + dir + ": no answer"}
	}
	var names []string
	for p := range m.records {
		if rest, ok := strings.CutPrefix(p, dir+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// write does one write, or what the fault makes of it.
func (m *Memory) write(ctx context.Context, path string, do func() error) error {
	for _, late := range m.late {
		late()
	}
	m.late = nil
	m.writes[path]++
	unanswered := &errs.Unknown{Msg: "write " + path + ": no answer"}
	if ctx.Err() != nil {
		return unanswered
	}
	fault := None
	if m.fault != nil {
		fault = m.fault(path, m.writes[path])
	}
	switch fault {
	case LandedUnanswered:
		_ = do() // a refusal is lost as well
		return unanswered
	case NotLanded:
		return unanswered
	case LandsLate:
		m.late = append(m.late, func() { _ = do() })
		return unanswered
	case Refused:
		return errRefused
	default:
		return do()
	}
}

func (m *Memory) current(path string) planes.Token {
	if r, ok := m.records[path]; ok {
		return r.token
	}
	return planes.Absent()
}

func (m *Memory) set(path string, value []byte) {
	m.version++
	sum := sha256.Sum256(value)
	m.records[path] = record{
		value: slices.Clone(value),
		token: planes.Token{Version: strconv.Itoa(m.version), Hash: hex.EncodeToString(sum[:])},
	}
}

func conflict(path string) error {
	return &errs.Conflict{Msg: "write " + path + ": somebody else wrote it"}
}
