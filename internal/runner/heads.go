package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// headTries bounds how often a head is read again after another process saved
// it first: heads are written a few times per rollout, never in a loop.
const headTries = 20

// updateHead changes one keyspace's head by CAS; change returns false where
// there is nothing to change, and is called again on a fresh read after a
// conflict.
func (r *Runner) updateHead(ctx context.Context, keyspace string, change func(*rollout.Head) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, r.Limits.Write)
	defer cancel()
	for range headTries {
		var tok planes.Token
		h, err := again(ctx, r.Limits, func() (h rollout.Head, err error) {
			h, tok, err = r.Store.Head(ctx, keyspace)
			return h, err
		})
		if err != nil {
			return fmt.Errorf("reading the head of keyspace %s: %w", keyspace, err)
		}
		h.Format, h.Keyspace = rollout.Format, keyspace
		again, err := change(&h)
		if err != nil || !again {
			return err
		}
		h.Seq++
		h.Writer = r.writer
		_, err = r.Store.SaveHead(ctx, h, tok)
		if !isConflict(err) {
			return err
		}
	}
	return &errs.Unknown{
		Msg:  fmt.Sprintf("the head of keyspace %s keeps changing", keyspace),
		Next: "vtsync history",
	}
}

// takeHeads takes every keyspace of the rollout, in name order, so that two
// rollouts can never wait for each other. Taking again what it holds is
// nothing. A paused keyspace is only taken to go back, or by a person who
// confirmed it.
func (x *run) takeHeads(ctx context.Context) error {
	for _, ks := range x.rec.Keyspaces {
		err := x.updateHead(ctx, ks, func(h *rollout.Head) (bool, error) {
			if h.Open == x.rec.ID {
				return false, nil
			}
			if h.Open != "" {
				// That saves this head too, maybe with a pause: then the save
				// below is refused, and it is read again.
				if err := x.settleEnded(ctx, h.Open); err != nil {
					return false, err
				}
			}
			if h.Paused != nil && !x.rec.By.OverPause && x.rec.Undoes == "" {
				return false, &errs.Denied{
					Msg:  fmt.Sprintf("keyspace %s is paused: %s", ks, h.Paused.Reason),
					Next: "vtsync unpause " + ks,
				}
			}
			h.Open = x.rec.ID
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// settleEnded lets a keyspace go that is still held by a rollout which has
// ended: its process died between its last save and its heads. A rollout that
// has not ended keeps it.
func (x *run) settleEnded(ctx context.Context, id string) error {
	rec, _, err := x.record(ctx, id)
	if err != nil && !errors.Is(err, errs.ErrNotFound) {
		return fmt.Errorf("reading rollout %s: %w", id, err)
	}
	if err == nil && !rec.State.Final() {
		return &errs.Denied{
			Msg:  fmt.Sprintf("keyspace held by rollout %s (%s, started by %s@%s)", id, rec.State, rec.By.User, rec.By.Host),
			Next: fmt.Sprintf("vtsync resume %s to go on with it, or vtsync rollback %s to take it back", id, id),
		}
	}
	if err != nil {
		return nil
	}
	other, err := x.open(ctx, id)
	if err != nil {
		return err
	}
	return other.finish(ctx)
}

// finish settles the heads of a rollout that has ended. It may run any number
// of times, in any process.
func (x *run) finish(ctx context.Context) error {
	x.unlock(ctx)
	var toPrune []string
	for _, ks := range x.rec.Keyspaces {
		var hash string
		if raw := x.plan.Recorded(ks); x.served() && len(raw) > 0 && string(raw) != "null" {
			h, err := x.Store.PutBlob(ctx, raw)
			if err != nil {
				return x.unsettled(err)
			}
			hash = h
		}
		var saves int64
		err := x.updateHead(ctx, ks, func(h *rollout.Head) (bool, error) {
			saves = h.Seq
			return x.settleHead(h, hash), nil
		})
		if err != nil {
			return x.unsettled(err)
		}
		if saves%pruneEvery < savesPerRollout {
			toPrune = append(toPrune, ks)
		}
	}
	for _, ks := range toPrune {
		if err := x.Store.Prune(ctx, ks, keepRollouts); err != nil {
			x.Log.WarnContext(ctx, "old rollouts could not be pruned", "keyspace", ks, "err", err)
		}
	}
	return nil
}

func (x *run) settleHead(h *rollout.Head, hash string) bool {
	if h.Open != x.rec.ID {
		return false
	}
	h.Open = ""
	_, managed := x.plan.Desired[h.Keyspace]
	switch {
	case x.served() && managed && x.rec.Undoes != "":
		// No files say so. Those that must be held against it stay the same.
		h.Committed, h.CommittedBy = hash, x.rec.ID
	case x.served() && managed:
		h.Record(hash, x.rec.ID, x.rec.By.Commit, x.plan.Base.Beside[h.Keyspace])
		h.CommittedBy = x.rec.ID
	case (x.rec.State == rollout.RolledBack || x.rec.State == rollout.Failed) && x.rec.Auto:
		h.Paused = &rollout.Pause{Reason: x.rec.Reason, Rollout: x.rec.ID, Since: x.rec.Updated}
	}
	return true
}

// served tells whether the rollout ended with every plane serving its plan:
// skipped means that they did before it began.
func (x *run) served() bool {
	return x.rec.State == rollout.Committed || x.rec.State == rollout.Skipped
}

func (x *run) unsettled(err error) error {
	return &errs.Unknown{
		Msg:  fmt.Sprintf("rollout %s has ended as %s, but its keyspaces could not be let go", x.rec.ID, x.rec.State),
		Next: "vtsync resume " + x.rec.ID,
		Err:  err,
	}
}

// releaseHeads lets go of what a rollout that never began had taken.
func (x *run) releaseHeads(ctx context.Context) {
	for _, ks := range x.rec.Keyspaces {
		err := x.updateHead(ctx, ks, func(h *rollout.Head) (bool, error) {
			held := h.Open == x.rec.ID
			if held {
				h.Open = ""
			}
			return held, nil
		})
		if err != nil {
			x.Log.WarnContext(ctx, "keyspace could not be let go", "keyspace", ks, "rollout", x.rec.ID, "err", err)
		}
	}
}

// RecordCommitted notes what the files hold as last committed, for the
// keyspaces whose heads are given as they were when it was seen that live
// serves them already: an apply with nothing to do is how a cluster is adopted.
// A keyspace with an open rollout is left alone, and so is one whose head or
// VSchema is another by now: what was committed meanwhile is newer.
func (r *Runner) RecordCommitted(ctx context.Context, p *plan.Plan, seen map[string]rollout.Head, commit string) error {
	for _, ks := range slices.Sorted(maps.Keys(seen)) {
		hash := r.Store.BlobHash(p.Recorded(ks))
		err := r.updateHead(ctx, ks, func(h *rollout.Head) (bool, error) {
			if h.Open != "" || h.Seq != seen[ks].Seq || !h.Record(hash, "", commit, p.Base.Beside[ks]) {
				return false, nil
			}
			if same, err := r.holds(ctx, p, ks); err != nil || !same {
				return false, err
			}
			// The value comes before the head that names it.
			if _, err := r.Store.PutBlob(ctx, p.Recorded(ks)); err != nil {
				return false, fmt.Errorf("recording keyspace %s: %w", ks, err)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// holds tells whether global holds what the files want of a keyspace. What only
// others made may stand beside it.
func (r *Runner) holds(ctx context.Context, p *plan.Plan, ks string) (bool, error) {
	want, err := decode(p.Desired[ks])
	if err != nil {
		return false, fmt.Errorf("plan %s, keyspace %s: %w", p.ID, ks, err)
	}
	last, err := decode(p.Base.Last[ks])
	if err != nil {
		return false, fmt.Errorf("plan %s, keyspace %s: %w", p.ID, ks, err)
	}
	live, err := r.Topo.ReadKeyspace(ctx, ks)
	if err != nil {
		return false, fmt.Errorf("reading keyspace %s: %w", ks, err)
	}
	d := diff.Compare(ks, live.VSchema, want, last)
	return live.Err == "" && len(d.Ours) == 0 && len(d.Conflicts) == 0, nil
}

// Unpause lifts a keyspace's pause; false means that it was not paused.
func (r *Runner) Unpause(ctx context.Context, keyspace string) (bool, error) {
	lifted := false
	err := r.updateHead(ctx, keyspace, func(h *rollout.Head) (bool, error) {
		lifted = h.Paused != nil
		h.Paused = nil
		return lifted, nil
	})
	return lifted, err
}

// lock takes Vitess's keyspace locks, all or none.
func (x *run) lock(ctx context.Context, a rollout.Lock) rollout.Event {
	x.unlock(ctx)
	for _, ks := range a.Keyspaces {
		unlock, err := x.Topo.LockKeyspace(ctx, ks, "vtsync rollout "+x.rec.ID)
		if err != nil {
			x.unlock(ctx)
			return rollout.LockHeld{At: x.at(), By: err.Error(), Silent: isUnknown(err), Expired: x.expired(x.Limits.Lock)}
		}
		x.unlocks = append(x.unlocks, unlock)
	}
	return rollout.Locked{At: x.at()}
}

// unlock releases what is held, and tries again while there is no answer: a
// lock that is left keeps others waiting until its lease ends, and each election
// of a leader lets that begin anew. Correctness never rests on it.
func (x *run) unlock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, x.Limits.Write)
	defer cancel()
	for _, unlock := range slices.Backward(x.unlocks) {
		_, err := again(ctx, x.Limits, func() (struct{}, error) { return struct{}{}, unlock(ctx) })
		if err != nil {
			x.Log.DebugContext(ctx, "lock not released", "rollout", x.rec.ID, "err", err)
		}
	}
	x.unlocks = nil
}

// admittedTokens are the tokens to write a phase's records on.
func admittedTokens(g planes.Global, keyspaces []string) map[string]planes.Token {
	tokens := make(map[string]planes.Token, len(keyspaces))
	for _, ks := range keyspaces {
		tokens[ks] = g.Keyspaces[ks].Token
	}
	return tokens
}
