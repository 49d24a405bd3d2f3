package vtctld

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// WriteKeyspace checks that a keyspace's VSchema is the one that tok was read
// from, writes the value over whatever is there then, and reads back what came
// of it. The cells are not rebuilt.
//
// What was sent and not answered is noted before it is sent. The process that
// sent it only looks for it from then on; another one, which a person started
// to resume, sends it again.
func (b *Backend) WriteKeyspace(ctx context.Context, ks string, value []byte, tok planes.Token) (planes.Token, error) {
	what := "write the VSchema of keyspace " + ks
	if err := errors.Join(checkName("keyspace", ks), checkToken(what, tok)); err != nil {
		return planes.Token{}, err
	}
	if err := b.bound(ctx); err != nil {
		return planes.Token{}, notSent(what, err)
	}
	note, err := b.noted(ctx, ks)
	if err != nil {
		return planes.Token{}, notSent(what, err)
	}
	pending := note.open(tok)
	now, err := b.tokenNow(ctx, ks)
	switch {
	case err != nil && pending:
		return planes.Token{}, unanswered(what, ks, err)
	case err != nil:
		return planes.Token{}, notSent(what, err)
	case now != tok:
		return planes.Token{}, conflict(what)
	case pending && note.Writer == b.writer:
		return planes.Token{}, unanswered(what, ks, errors.New("it was sent, and the record has not changed yet"))
	}
	if err := b.tryApply(ctx, what, ks, value); err != nil && !pending {
		return planes.Token{}, err
	} else if err != nil {
		return planes.Token{}, unanswered(what, ks, err)
	}
	note = sent{Token: tok, Hash: hashOf(value), Writer: b.writer, record: note.record}
	if err := b.note(ctx, ks, &note); err != nil {
		return planes.Token{}, notSent(what, err)
	}
	return b.apply(ctx, what, ks, value, note)
}

// tokenNow reads the token that a keyspace's VSchema has. One that cannot be
// decoded may hold anything: nobody has said that another wrote it.
func (b *Backend) tokenNow(ctx context.Context, ks string) (planes.Token, error) {
	now, err := b.ReadKeyspace(ctx, ks)
	if err == nil && now.Err != "" {
		err = errors.New(now.Err)
	}
	return now.Token, err
}

// tryApply has vtctld judge the VSchema and write nothing. All of vtctld's
// refusals have the same code, so that only of this one it is sure that nothing
// was written. It is final where it is about the VSchema or this client; what
// else goes wrong may pass.
func (b *Backend) tryApply(ctx context.Context, what, ks string, value []byte) error {
	_, err := b.applyVSchema(ctx, what, ks, value, true)
	_, invalid := errors.AsType[*errs.Invalid](err)
	switch {
	case err == nil:
		return nil
	case invalid, strings.Contains(err.Error(), judgedVSchema), status.Code(err) == codes.InvalidArgument:
		return fmt.Errorf("nothing was written: %w", err)
	default:
		return notSent(what, err)
	}
}

// judgedVSchema stands in ApplyVSchema's refusal of a VSchema.
const judgedVSchema = "BuildKeyspace("

func (b *Backend) applyVSchema(ctx context.Context, what, ks string, value []byte, dryRun bool) (*vtctldatapb.ApplyVSchemaResponse, error) {
	message, _, err := vschema.DecodeTopo(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return call(ctx, b.Client, "ApplyVSchema", what, b.rpc.ApplyVSchema, &vtctldatapb.ApplyVSchemaRequest{
		Keyspace: ks, VSchema: message, SkipRebuild: true, DryRun: dryRun,
	})
}

// apply sends the write, once, and reads back what came of it. ApplyVSchema may
// fail after it has saved, so that its error alone says nothing.
func (b *Backend) apply(ctx context.Context, what, ks string, value []byte, note sent) (planes.Token, error) {
	_, failed := b.applyVSchema(ctx, what, ks, value, false)
	if _, refused := errors.AsType[*errs.Invalid](failed); refused { // before it came to the write
		note.Outcome = outcomeRefused
		b.noteIfCan(ctx, ks, &note)
		return planes.Token{}, fmt.Errorf("nothing was written: %w", failed)
	}
	after, err := b.tokenNow(ctx, ks)
	switch {
	case err != nil:
		return planes.Token{}, unanswered(what, ks, errors.Join(failed, err))
	case after != note.Token && after.Hash == note.Hash:
		note.Outcome = outcomeLanded
		b.noteIfCan(ctx, ks, &note)
		return after, nil
	case failed != nil:
		return planes.Token{}, unanswered(what, ks, failed)
	case after == note.Token:
		return planes.Token{}, unanswered(what, ks, errors.New("vtctld said that it is saved, and the record has not changed"))
	default:
		note.Outcome = outcomeLanded
		b.noteIfCan(ctx, ks, &note)
		return planes.Token{}, conflict(what)
	}
}

// Replaced tells where a write of ours fell on another's that came between the
// check and it: that one is lost, and only a person can say whether it was to
// stay. Where topo keeps no past, as only etcd does, or does not answer, it says
// that; it is empty where nothing was replaced.
func (b *Backend) Replaced(ctx context.Context, ks string, checked, landed planes.Token) string {
	seen, err := b.replaced(ctx, ks, checked, landed)
	switch {
	case err != nil:
		return fmt.Sprintf("whether our write replaced another's is not known, as the history of the record could not be read: %v", err)
	case seen == 0:
		return ""
	default:
		return fmt.Sprintf("our write replaced another's, which came between our check and our write and is lost: vtctldclient GetTopologyPath --version %d %s",
			seen, errs.Word(vschemaPath(ks)))
	}
}

// replaced gives the version that a write of ours fell on, where it is not that
// of the check.
func (b *Backend) replaced(ctx context.Context, ks string, checked, landed planes.Token) (int64, error) {
	version, err := strconv.ParseInt(landed.Version, 10, 64)
	if err != nil || version < 2 {
		return 0, fmt.Errorf("it is at version %s", landed.Version)
	}
	const what = "look for a write that ours replaced"
	before, err := b.node(ctx, what, vschemaPath(ks), version-1)
	switch {
	case err != nil && checked.IsAbsent() && told(err):
		return 0, nil // there was none before ours
	case err != nil:
		return 0, err
	case checked.IsAbsent():
		return version - 1, nil
	}
	old, err := strconv.ParseInt(checked.Version, 10, 64)
	if err != nil || old == 0 {
		return 0, fmt.Errorf("it was at version %s", checked.Version)
	}
	seen, err := b.node(ctx, what, vschemaPath(ks), old)
	if err != nil || seen.Data == before.Data {
		return 0, err
	}
	return version - 1, nil
}

// SettleKeyspace tells what became of a write, as far as reads and the notes of
// this host can. What was sent and not answered, where another has written
// since, is unclear: it may have landed before that, and may yet land after it.
func (b *Backend) SettleKeyspace(ctx context.Context, ks string, tok planes.Token, value []byte) (planes.Landing, planes.Token, error) {
	what := "settle the write of keyspace " + ks
	if err := errors.Join(checkName("keyspace", ks), checkToken(what, tok)); err != nil {
		return "", planes.Token{}, err
	}
	note, err := b.noted(ctx, ks)
	if err != nil {
		return "", planes.Token{}, err
	}
	now, err := b.tokenNow(ctx, ks)
	hash := hashOf(value)
	ours := note.Token == tok && note.Hash == hash
	switch {
	case err != nil:
		return "", planes.Token{}, err
	case now == tok:
		return planes.LandingOpen, now, nil
	case now.Hash == hash:
		return planes.LandingHere, now, nil
	case ours && note.Outcome == outcomeLanded:
		return planes.LandingLost, now, nil
	case ours && note.Outcome == outcomeOpen:
		return planes.LandingUnclear, now, nil
	default:
		return planes.LandingNever, now, nil
	}
}

// FenceKeyspace gives up a write. One that was sent and not answered cannot be
// given up: nothing that vtctld offers would kill it. Where none was sent there
// is nothing to give up.
func (b *Backend) FenceKeyspace(ctx context.Context, ks string, tok planes.Token, _ []byte) (planes.Token, error) {
	what := "give up the write of keyspace " + ks
	if err := errors.Join(checkName("keyspace", ks), checkToken(what, tok)); err != nil {
		return planes.Token{}, err
	}
	note, err := b.noted(ctx, ks)
	if err != nil {
		return planes.Token{}, err
	}
	if !note.open(tok) {
		return tok, nil
	}
	now, err := b.tokenNow(ctx, ks)
	switch {
	case err != nil:
		return planes.Token{}, unanswered(what, ks, err)
	case now != tok:
		return planes.Token{}, conflict(what)
	default:
		return planes.Token{}, &errs.Unknown{
			Msg:  what + ": a write through vtctld cannot be fenced off (check-then-write): it may still land",
			Next: lookAtVSchema(ks),
		}
	}
}

// LockKeyspace takes no lock: vtctld offers none.
func (b *Backend) LockKeyspace(context.Context, string, string) (func(context.Context) error, error) {
	return func(context.Context) error { return nil }, nil
}

// WriteCell has vtctld rebuild one cell from the global topo, after a check of
// its token. What it ships is all that global holds then, not the given value.
func (b *Backend) WriteCell(ctx context.Context, cell string, _ []byte, tok planes.Token) (planes.Token, error) {
	what := "rebuild cell " + cell
	if err := checkToken(what, tok); err != nil {
		return planes.Token{}, err
	}
	now := b.ReadCell(ctx, cell)
	switch {
	case now.Err != "":
		return planes.Token{}, notSent(what, errors.New(now.Err))
	case now.Token != tok:
		return planes.Token{}, conflict(what)
	}
	_, err := call(ctx, b.Client, "RebuildVSchemaGraph", what, b.rpc.RebuildVSchemaGraph, &vtctldatapb.RebuildVSchemaGraphRequest{Cells: []string{cell}})
	if _, refused := errors.AsType[*errs.Invalid](err); refused {
		return planes.Token{}, err
	}
	after := b.ReadCell(ctx, cell)
	switch {
	case err != nil:
		return planes.Token{}, &errs.Unknown{Msg: what + ": it may have been written, and may still be", Next: nextDoctor, Err: err}
	case after.Err != "":
		return planes.Token{}, &errs.Unknown{Msg: what + ": it could not be read back", Next: nextDoctor, Err: errors.New(after.Err)}
	default:
		return after.Token, nil
	}
}

const nextDoctor = "vtsync doctor shows which planes answer"

func lookAtVSchema(ks string) string {
	return "look at what is there: vtctldclient GetVSchema " + ks + "; vtsync resume looks again, and sends it once more where it has not landed"
}

func conflict(what string) error {
	return &errs.Conflict{Msg: what + ": somebody else wrote this record since it was read", Next: "plan again, on what is there now"}
}

// unanswered is the error of a write that may have landed, and may still land.
func unanswered(what, ks string, err error) error {
	return &errs.Unknown{Msg: what + ": no answer, it may have landed and may still land", Next: lookAtVSchema(ks), Err: err}
}

// notSent is the error of a write that never left this process.
func notSent(what string, err error) error {
	return &errs.Unknown{Msg: what, Next: nextDoctor, Err: fmt.Errorf("%w: %w", errs.ErrNotSent, err)}
}
