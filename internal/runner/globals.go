package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/workflow"
)

// saveGlobal does one CAS. Whatever the answer was, it may be done again with
// the same token: at most one lands.
func (x *run) saveGlobal(ctx context.Context, a rollout.SaveGlobal) rollout.Event {
	w := x.rec.Globals[a.Index]
	var ev rollout.Wrote
	if a.Back {
		ev = x.saveBack(ctx, a.Index, w)
	} else {
		ev = x.saveForward(ctx, a.Index, w)
	}
	if weaker, ok := x.Topo.(checkThenWrite); ok && ev.Outcome == rollout.Landed {
		if ev.Replaced = weaker.Replaced(ctx, w.Keyspace, w.Token, ev.Token); ev.Replaced != "" {
			x.Log.WarnContext(ctx, ev.Replaced, "rollout", x.rec.ID, "keyspace", w.Keyspace)
		}
	}
	return ev
}

// checkThenWrite is a Topo whose writes may fall on another's.
type checkThenWrite interface {
	// Replaced tells whether the one that was decided on checked did, and
	// landed; empty where it did not.
	Replaced(ctx context.Context, keyspace string, checked, landed planes.Token) string
}

func (x *run) saveForward(ctx context.Context, index int, w rollout.Write) rollout.Wrote {
	want := x.shape.writes[x.rec.Phase][w.Keyspace]
	value, err := vschema.EncodeTopo(want.after)
	if err != nil {
		return rollout.Wrote{At: x.at(), Index: index, Outcome: rollout.WriteFailed, Text: err.Error()}
	}
	if ev, withheld := x.withheld(ctx, w, want); withheld {
		ev.At, ev.Index, ev.Expired = x.at(), index, x.expired(x.Limits.Write)
		return ev
	}
	tok, err := x.Topo.WriteKeyspace(ctx, w.Keyspace, value, w.Token)
	ev := rollout.Wrote{At: x.at(), Index: index, Outcome: outcome(err), Token: tok, Text: text(err), Expired: x.expired(x.Limits.Write)}
	if ev.Outcome != rollout.Refused {
		return ev
	}
	// Refused may mean that an earlier try of this very write landed, or the
	// fence that gave it up.
	ev.Outcome, ev.Token, ev.Text = x.settle(ctx, w, want, value, ev.Text)
	if ev.Outcome == rollout.FencedOff && w.Attempts == 1 {
		ev.Outcome = rollout.Refused // there was nothing to fence yet
	}
	if ev.Outcome == rollout.Refused || ev.Outcome == rollout.LandedThenLost {
		ev.Diff = x.since(ctx, w.Keyspace, want)
	}
	return ev
}

// settle tells what became of a write that was refused on its token. Where topo
// cannot tell, and where another wrote since, what counts is whether our entries
// stand.
func (x *run) settle(ctx context.Context, w rollout.Write, ours write, value []byte, refusal string) (rollout.Outcome, planes.Token, string) {
	landing, now, err := x.Topo.SettleKeyspace(ctx, w.Keyspace, w.Token, value)
	if err != nil {
		return rollout.OutcomeUnknown, planes.Token{}, err.Error()
	}
	past := landing == planes.LandingLost || landing == planes.LandingUnclear
	switch {
	case landing == planes.LandingHere, past && x.stands(ctx, w.Keyspace, ours):
		return rollout.Landed, now, ""
	case landing == planes.LandingLost:
		return rollout.LandedThenLost, now, refusal
	case landing == planes.LandingUnclear:
		return rollout.Unclear, now, refusal
	case landing == planes.LandingFenced:
		return rollout.FencedOff, now, refusal
	case landing == planes.LandingNever:
		return rollout.Refused, now, refusal
	default:
		return rollout.OutcomeUnknown, now, refusal
	}
}

// stands tells whether every entry of a write is there, under what another wrote
// since.
func (x *run) stands(ctx context.Context, keyspace string, ours write) bool {
	live, err := x.readWritable(ctx, keyspace)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(ours.changes, func(ch diff.EntryChange) bool {
		return !vschema.EntryEqual(live.VSchema, ours.after, ch.Entry)
	})
}

// since shows what others changed in a keyspace after the plan was made.
func (x *run) since(ctx context.Context, keyspace string, w write) string {
	live, err := x.Topo.ReadKeyspace(ctx, keyspace)
	if err != nil {
		return ""
	}
	return diff.Text(diff.Between(keyspace, w.before, live.VSchema))
}

// fence makes sure that a write can no longer land. The base is written over
// itself; an absent VSchema is created empty and left, as create-and-delete
// does not fence.
//
// No workflow holds a fence back, though any write of the record can make its
// create or externalize fail: a write of ours, allowed when there was none, is
// on its way on this very token, and does the same harm whenever it lands.
func (x *run) fence(ctx context.Context, a rollout.Fence) rollout.Event {
	w := x.rec.Globals[a.Index]
	want := x.shape.writes[x.rec.Phase][w.Keyspace]
	ev := rollout.Fenced{At: x.at(), Index: a.Index}
	base, err := vschema.EncodeTopo(want.before)
	if err != nil {
		ev.Outcome, ev.Text = rollout.OutcomeUnknown, err.Error()
		return ev
	}
	tok, err := x.Topo.FenceKeyspace(ctx, w.Keyspace, w.Token, base)
	if ev.Token = tok; err == nil {
		ev.Outcome = rollout.FencedOff
		return ev
	}
	ev.Text = err.Error()
	if ev.Outcome = outcome(err); ev.Outcome != rollout.Refused {
		ev.Outcome = rollout.OutcomeUnknown
		return ev
	}
	value, err := vschema.EncodeTopo(want.after)
	if err != nil {
		ev.Outcome, ev.Text = rollout.OutcomeUnknown, err.Error()
		return ev
	}
	ev.Outcome, ev.Token, ev.Text = x.settle(ctx, w, want, value, ev.Text)
	if ev.Outcome == rollout.Refused {
		// The record moved on without our write: its token is dead.
		ev.Outcome = rollout.FencedOff
	}
	return ev
}

// readGlobals tells what is left of ours in the records to be taken back.
func (x *run) readGlobals(ctx context.Context, a rollout.ReadGlobals) rollout.Event {
	ev := rollout.GlobalsRead{At: x.at(), Expired: x.expired(x.Limits.Write)}
	own, err := x.owners(ctx)
	if err != nil {
		ev.Unknown = err.Error()
		return ev
	}
	for _, ks := range a.Keyspaces {
		fact, held, err := x.readBack(ctx, ks, own)
		switch {
		case err != nil:
			ev.Unknown = err.Error()
			return ev
		case held != "":
			ev.Held, ev.Silent = held, own.silent
			return ev
		}
		ev.Facts = append(ev.Facts, fact)
	}
	return ev
}

func (x *run) readWritable(ctx context.Context, keyspace string) (planes.Keyspace, error) {
	live, err := x.Topo.ReadKeyspace(ctx, keyspace)
	switch {
	case err != nil:
		return live, fmt.Errorf("reading keyspace %s: %w", keyspace, err)
	case live.Err != "":
		return live, fmt.Errorf("reading keyspace %s: %s", keyspace, live.Err)
	case len(live.Unknown) > 0:
		return live, fmt.Errorf("keyspace %s has fields that this build does not know: %s", keyspace, live.Unknown[0])
	}
	return live, nil
}

// reverted is a record with our changes taken out of it.
type reverted struct {
	value *vschema.Keyspace
	// conflicts are what others changed after us, owned what workflows use by
	// now: both stay.
	conflicts []diff.EntryChange
	owned     []workflow.Break
}

// revert takes our changes out of a live record: on the way back those of all
// phases written, when unwinding those of the phase in hand.
func (x *run) revert(keyspace string, live *vschema.Keyspace, own owners) (reverted, error) {
	first := 0
	if x.rec.State != rollout.RollingBack {
		first = x.rec.Phase
	}
	value := live
	var out reverted
	for i := x.rec.Phase; i >= first; i-- {
		w, ok := x.shape.writes[i][keyspace]
		if !ok {
			continue
		}
		before, lost, err := diff.Revert(value, w.changes)
		if err != nil {
			return reverted{}, fmt.Errorf("taking back keyspace %s: %w", keyspace, err)
		}
		value, out.conflicts = before, append(out.conflicts, lost...)
	}
	if value == nil {
		// A VSchema that we created is left empty: vtsync deletes none.
		value = &vschema.Keyspace{}
	}
	out.value, out.owned = own.keep(keyspace, live, value)
	return out, nil
}

// saveBack takes our changes out of a record by CAS on the token saved.
func (x *run) saveBack(ctx context.Context, index int, w rollout.Write) rollout.Wrote {
	ev := rollout.Wrote{At: x.at(), Index: index, Outcome: rollout.OutcomeUnknown, Expired: x.expired(x.Limits.Write)}
	own, err := x.owners(ctx)
	if err != nil {
		ev.Text = err.Error()
		return ev
	}
	if held, _ := own.hold(w.Keyspace); held != "" {
		ev.Text = "not sent: " + held // an earlier try may still land
		return ev
	}
	live, err := x.readWritable(ctx, w.Keyspace)
	if err != nil {
		ev.Text = err.Error()
		return ev
	}
	back, err := x.revert(w.Keyspace, live.VSchema, own)
	if err != nil {
		ev.Outcome, ev.Text = rollout.WriteFailed, err.Error()
		return ev
	}
	value := back.value
	if live.Token.Version != w.Token.Version {
		// An earlier try landed, or another wrote: nothing on the old token
		// can land any more, so what is seen now decides.
		ev.Token = live.Token
		ev.Outcome, ev.Text = rollout.Refused, "the record has changed since it was read"
		if vschema.Equal(value, live.VSchema) {
			ev.Outcome = rollout.Landed
		}
		return ev
	}
	raw, err := vschema.EncodeTopo(value)
	if err != nil {
		ev.Outcome, ev.Text = rollout.WriteFailed, err.Error()
		return ev
	}
	ev.Token, err = x.Topo.WriteKeyspace(ctx, w.Keyspace, raw, w.Token)
	ev.Outcome, ev.Text = outcome(err), text(err)
	if ev.Outcome == rollout.Landed && len(back.owned) > 0 && !slices.Contains(x.rec.Kept, w.Keyspace) {
		// The workflow has begun since the record was read: it is read once
		// more, so that what stays is recorded.
		ev.Outcome, ev.Text = rollout.Refused, workflow.Refusals(back.owned)[0].Text
	}
	return ev
}

// outcome translates a write's error.
func outcome(err error) rollout.Outcome {
	var (
		conflict *errs.Conflict
		unknown  *errs.Unknown
	)
	switch {
	case err == nil:
		return rollout.Landed
	case errors.As(err, &unknown):
		return rollout.OutcomeUnknown
	case errors.As(err, &conflict):
		return rollout.Refused
	default:
		return rollout.WriteFailed
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
