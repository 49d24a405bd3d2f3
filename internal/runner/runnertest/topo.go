package runnertest

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// ReadGlobal is part of the runner's Topo.
func (p *Process) ReadGlobal(ctx context.Context) (planes.Global, error) {
	done, err := p.call(ctx, "read the global topo")
	if err != nil {
		return planes.Global{}, err
	}
	defer done()
	return p.cluster.global(), nil
}

// ReadKeyspace is part of the runner's Topo.
func (p *Process) ReadKeyspace(ctx context.Context, ks string) (planes.Keyspace, error) {
	done, err := p.call(ctx, "read keyspace "+ks)
	if err != nil {
		return planes.Keyspace{}, err
	}
	defer done()
	return p.cluster.keyspace(ks), nil
}

// ReadCell is part of the runner's Topo.
func (p *Process) ReadCell(ctx context.Context, cell string) planes.Cell {
	done, err := p.call(ctx, "read cell "+cell)
	if err != nil {
		return planes.Cell{Name: cell, Err: err.Error()}
	}
	defer done()
	return p.cluster.cell(cell)
}

// WriteKeyspace is part of the runner's Topo.
func (p *Process) WriteKeyspace(ctx context.Context, ks string, value []byte, tok planes.Token) (planes.Token, error) {
	return p.write(ctx, KeyspacePath(ks), append([]byte{}, value...), tok)
}

// WriteCell is part of the runner's Topo.
func (p *Process) WriteCell(ctx context.Context, cell string, value []byte, tok planes.Token) (planes.Token, error) {
	p.cluster.mu.Lock()
	silent := p.cluster.silent[cell]
	p.cluster.mu.Unlock()
	if silent {
		return planes.Token{}, noAnswer("write cell " + cell)
	}
	return p.write(ctx, CellPath(cell), append([]byte{}, value...), tok)
}

// SettleKeyspace tells, from the record's history, what became of a write.
func (p *Process) SettleKeyspace(ctx context.Context, ks string, tok planes.Token, value []byte) (planes.Landing, planes.Token, error) {
	done, err := p.call(ctx, "settle keyspace "+ks)
	if err != nil {
		return "", planes.Token{}, err
	}
	defer done()
	c := p.cluster
	now := c.current(KeyspacePath(ks)).token
	switch {
	case now == tok:
		return planes.LandingOpen, now, nil
	case now.Hash == hashOf(value):
		return planes.LandingHere, now, nil
	case c.noHistory:
		return planes.LandingUnclear, now, nil
	}
	next, ok := c.after(KeyspacePath(ks), tok)
	switch {
	case ok && bytes.Equal(next.Value, value):
		return planes.LandingLost, now, nil
	case ok && (hashOf(next.Value) == tok.Hash || tok.IsAbsent() && len(next.Value) == 0):
		return planes.LandingFenced, now, nil
	}
	return planes.LandingNever, now, nil
}

// after gives the write that came next after a token.
func (c *Cluster) after(path string, tok planes.Token) (Revision, bool) {
	all := c.records[path]
	if tok.IsAbsent() && len(all) > 0 {
		return all[0], true
	}
	for i, r := range all {
		if r.token == tok && i+1 < len(all) {
			return all[i+1], true
		}
	}
	return Revision{}, false
}

// FenceKeyspace writes a record over itself, or creates an absent one.
func (p *Process) FenceKeyspace(ctx context.Context, ks string, tok planes.Token, ifAbsent []byte) (planes.Token, error) {
	if tok.IsAbsent() {
		return p.WriteKeyspace(ctx, ks, ifAbsent, tok)
	}
	value, now, err := p.Get(ctx, KeyspacePath(ks))
	if err != nil {
		return planes.Token{}, err
	}
	if now != tok {
		return planes.Token{}, &errs.Conflict{Msg: "fence keyspace " + ks + ": the record has moved on"}
	}
	return p.WriteKeyspace(ctx, ks, value, tok)
}

// LockKeyspace takes a lock without waiting. The lock of a process that died
// stands until its time is over.
func (p *Process) LockKeyspace(ctx context.Context, ks, action string) (func(context.Context) error, error) {
	done, err := p.call(ctx, "lock keyspace "+ks)
	if err != nil {
		return nil, err
	}
	defer done()
	c := p.cluster
	if held := c.locks[ks]; time.Now().Before(held.until) {
		return nil, fmt.Errorf("the lock on keyspace %s is held by %s", ks, held.by)
	}
	c.version++
	id := c.version
	c.locks[ks] = lock{id: id, by: action, until: time.Now().Add(lockTime)}
	return func(ctx context.Context) error {
		done, err := p.call(ctx, "unlock keyspace "+ks)
		if err != nil {
			return err
		}
		defer done()
		if c.locks[ks].id == id {
			delete(c.locks, ks)
		}
		return nil
	}, nil
}
