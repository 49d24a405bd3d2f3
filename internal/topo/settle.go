package topo

import (
	"bytes"
	"context"
	"errors"

	vtopo "vitess.io/vitess/go/vt/topo"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// Settle finds out whether the compare-and-swap of a record that was decided
// on tok, with exactly these bytes, landed. It only reads. It is for a write
// that came back unknown, and for the repeat of one that came back a conflict.
//
// A compare-and-swap can only land as the very next write after its token,
// which is what is looked up in the server's history where the record holds
// other bytes by now. For the absent token that is the write that created the
// record that stands there: a record that was created and deleted in between
// is not looked for. Without a history the answer is LandingUnclear.
//
// It also gives the record's token as it is now.
func (s *Server) Settle(ctx context.Context, ref Ref, tok planes.Token, value []byte) (planes.Landing, planes.Token, error) {
	what := "settle the write of " + ref.String()
	if _, err := s.version(ref, what, tok); err != nil {
		return "", planes.Token{}, err
	}
	_, current, err := s.get(ctx, ref)
	if err != nil {
		return "", planes.Token{}, err
	}
	switch {
	case current == tok:
		return planes.LandingOpen, current, nil
	case current.Hash == hashOf(value):
		return planes.LandingHere, current, nil
	case s.backend.OpenHistory == nil:
		return planes.LandingUnclear, current, nil
	}
	next, err := s.after(ctx, ref, tok.Version)
	switch {
	case errors.Is(err, ErrCompacted):
		return planes.LandingUnclear, current, nil
	case err != nil:
		return "", planes.Token{}, readError(what, err)
	case !next.Deleted && bytes.Equal(next.Value, value):
		return planes.LandingLost, current, nil
	case !next.Deleted && isFence(tok, next.Value):
		return planes.LandingFenced, current, nil
	default:
		return planes.LandingNever, current, nil
	}
}

// isFence tells whether a write left the record as it was, which is how Fence
// gives up what is in flight on its token.
func isFence(tok planes.Token, value []byte) bool {
	if tok.IsAbsent() {
		return len(value) == 0
	}
	return hashOf(value) == tok.Hash
}

// after asks the history of the record's cell for the write after a version.
// It is rare, so it connects each time and keeps nothing.
func (s *Server) after(ctx context.Context, ref Ref, version string) (Event, error) {
	return run(ctx, s, func(ctx context.Context) (Event, error) {
		address, root := s.opts.Address, s.opts.Root
		if ref.Cell != vtopo.GlobalCell {
			info, err := s.cellInfo(ctx, ref.Cell)
			if err != nil {
				return Event{}, err
			}
			address, root = info.ServerAddress, info.Root
		}
		history, err := s.backend.OpenHistory(address, root)
		if err != nil {
			return Event{}, err
		}
		event, err := history.After(ctx, ref.Path, version)
		return event, errors.Join(err, history.Close())
	}, nil)
}

// Fence gives up a write: it compare-and-swaps the record's bytes over
// themselves on tok, so that whatever is in flight on tok can land no more. It
// returns the record's new token. A record that is absent is fenced by creating
// it with the given value, which must be harmless, and stays: to create and
// delete does not fence.
//
// Fence is a write like any other, with the same outcomes. A conflict says
// that the record has moved already: Settle then tells whose write moved it.
func (s *Server) Fence(ctx context.Context, ref Ref, tok planes.Token, ifAbsent []byte) (planes.Token, error) {
	what := "fence " + ref.String()
	if _, err := s.version(ref, what, tok); err != nil {
		return planes.Token{}, err
	}
	if tok.IsAbsent() {
		return s.write(ctx, ref, ifAbsent, tok)
	}
	value, current, err := s.get(ctx, ref)
	if err != nil {
		return planes.Token{}, err
	}
	if current != tok {
		return planes.Token{}, &errs.Conflict{Msg: what + ": the record has moved on", Next: "plan again, on what is there now"}
	}
	return s.write(ctx, ref, value, tok)
}

// SettleKeyspace is Settle for a keyspace's VSchema.
func (s *Server) SettleKeyspace(ctx context.Context, ks string, tok planes.Token, value []byte) (planes.Landing, planes.Token, error) {
	return s.Settle(ctx, KeyspaceRef(ks), tok, value)
}

// FenceKeyspace is Fence for a keyspace's VSchema.
func (s *Server) FenceKeyspace(ctx context.Context, ks string, tok planes.Token, ifAbsent []byte) (planes.Token, error) {
	return s.Fence(ctx, KeyspaceRef(ks), tok, ifAbsent)
}
