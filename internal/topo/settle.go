package topo

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	vtopo "vitess.io/vitess/go/vt/topo"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// Landing says what became of one compare-and-swap.
type Landing struct {
	Outcome Outcome
	// Current is the token of the record as it is now.
	Current planes.Token
}

// Outcome is a closed set.
type Outcome string

// The outcomes.
const (
	// Landed: the record holds exactly our bytes.
	Landed Outcome = "landed"
	// Overwritten: ours landed, and somebody else wrote since.
	Overwritten Outcome = "overwritten"
	// NotLanded: somebody else's write moved the record from our token, so
	// that ours did not land and never can.
	NotLanded Outcome = "not_landed"
	// Pending: the record is still the one that our token was read from, so
	// that ours did not land yet, and may land as long as it is in flight.
	Pending Outcome = "pending"
	// Unsettled: the record moved on, it does not hold our bytes, and the
	// server cannot or can no longer tell what came in between.
	Unsettled Outcome = "unsettled"
)

// Settle finds out whether the compare-and-swap of a record that was decided
// on tok, with exactly these bytes, landed. It only reads. It is for a write
// that came back unknown, and for the repeat of one that came back a conflict.
//
// A compare-and-swap can only land as the very next write after its token,
// which is what is looked up in the server's history where the record holds
// other bytes by now. For the absent token that is the write that created the
// record that stands there: a record that was created and deleted in between
// is not looked for.
func (s *Server) Settle(ctx context.Context, ref Ref, tok planes.Token, value []byte) (Landing, error) {
	what := "settle the write of " + ref.String()
	if _, err := s.version(ref, what, tok); err != nil {
		return Landing{}, err
	}
	_, current, err := s.get(ctx, ref)
	if err != nil {
		return Landing{}, err
	}
	switch {
	case current == tok:
		return Landing{Pending, current}, nil
	case current.Hash == hashOf(value):
		return Landing{Landed, current}, nil
	case s.backend.OpenHistory == nil:
		return Landing{Unsettled, current}, nil
	}
	next, err := s.after(ctx, ref, tok.Version)
	switch {
	case errors.Is(err, ErrCompacted):
		return Landing{Unsettled, current}, nil
	case err != nil:
		return Landing{}, readError(what, err)
	case !next.Deleted && bytes.Equal(next.Value, value):
		return Landing{Overwritten, current}, nil
	default:
		return Landing{NotLanded, current}, nil
	}
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

// Fence gives up a write: it compare-and-swaps the bytes that were read with
// tok over themselves, so that whatever is in flight on tok can land no more.
// It returns the record's new token. For the absent token, base is a harmless
// value that is created and left there: to create and delete does not fence.
//
// Fence is a write like any other, with the same outcomes. A conflict says
// that the record moved before: Settle then tells whose write moved it.
func (s *Server) Fence(ctx context.Context, ref Ref, tok planes.Token, base []byte) (planes.Token, error) {
	if !tok.IsZero() && !tok.IsAbsent() && tok.Hash != hashOf(base) {
		return planes.Token{}, &errs.Invalid{
			Msg:  fmt.Sprintf("fence %s: the value to put back is not the one that the token was read from", ref),
			Next: "plan again: the plan or the record that held it is damaged",
		}
	}
	return s.write(ctx, ref, base, tok)
}
