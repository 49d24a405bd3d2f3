package vtctld

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// sent is the note of the last write of a keyspace that was sent to vtctld. It
// tells, in any process of this host, a write that was never sent from one that
// may be in flight: no read of topo can.
type sent struct {
	Token   planes.Token `json:"token"` // that it was decided on
	Hash    string       `json:"hash"`  // of what it writes
	Writer  string       `json:"writer"`
	Outcome outcome      `json:"outcome,omitempty"`

	record planes.Token // of the note itself
}

// outcome is what is known of a write that was sent.
type outcome string

const (
	outcomeOpen    outcome = "" // it may have landed, and may still
	outcomeLanded  outcome = "landed"
	outcomeRefused outcome = "refused"
)

// open tells whether a write that was decided on the token may be in flight.
func (s sent) open(tok planes.Token) bool {
	return !s.Token.IsZero() && s.Token == tok && s.Outcome == outcomeOpen
}

func notePath(ks string) string { return "vtsync/sent/" + ks }

// noted reads the note of a keyspace; one without is zero.
func (b *Backend) noted(ctx context.Context, ks string) (sent, error) {
	raw, tok, err := b.state.Get(ctx, notePath(ks))
	if err != nil {
		return sent{}, err
	}
	s := sent{record: tok}
	if tok.IsAbsent() {
		return s, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return sent{}, &errs.Invalid{
			Msg:  "damaged record " + notePath(ks),
			Next: "put a backup of the state file back",
			Err:  err,
		}
	}
	return s, nil
}

// note saves a note over the one that it was read as.
func (b *Backend) note(ctx context.Context, ks string, s *sent) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("note the write of keyspace %s: %w", ks, err)
	}
	tok, err := b.state.Put(ctx, notePath(ks), raw, s.record)
	if err != nil {
		return err
	}
	s.record = tok
	return nil
}

// noteIfCan saves how a write ended. A note that stays open only makes it
// unclear later.
func (b *Backend) noteIfCan(ctx context.Context, ks string, s *sent) {
	if err := b.note(ctx, ks, s); err != nil {
		b.log.WarnContext(ctx, "what became of a write could not be noted", "keyspace", ks, "err", err)
	}
}
