package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// Rollback takes a rollout back: an open one by turning it round, a committed
// one by a rollout of its own.
func (a *App) Rollback(ctx context.Context, id string, run cli.Running) (rollout.Record, error) {
	ctx, span, err := a.begin(ctx, "rollback")
	if err != nil {
		return rollout.Record{}, err
	}
	defer span.End()
	rec, err := a.toRollBack(ctx, id)
	if err != nil {
		return rec, err
	}
	if err := a.within("rollout "+rec.ID, rec.Keyspaces); err != nil {
		return rec, err
	}
	if err := a.provable("rollback"); err != nil {
		return rec, err
	}
	stop, done := untilParked(ctx, run.Park)
	defer done()
	if !rec.State.Final() {
		question := fmt.Sprintf("turn rollout %s (%s, keyspaces %s) round?", rec.ID, rec.State, strings.Join(rec.Keyspaces, ", "))
		if err := confirm(run, question); err != nil {
			return rec, err
		}
		return a.runner(run).Rollback(stop, rec.ID, a.who(""))
	}
	p, err := a.planOf(ctx, rec)
	if err != nil {
		return rec, err
	}
	undo, err := a.undo(ctx, p)
	if err != nil {
		return rec, err
	}
	if run.Show != nil {
		if err := run.Show(undo); err != nil {
			return rec, err
		}
	}
	if err := undoable(undo, rec.ID); err != nil {
		return rec, err
	}
	if undo.Empty() {
		return rollout.Record{
			State: rollout.Skipped, Undoes: rec.ID, Keyspaces: rec.Keyspaces,
			Reason: "nothing that rollout " + rec.ID + " changed is left in any plane",
		}, nil
	}
	if err := confirm(run, "take rollout "+rec.ID+" back by this plan?"); err != nil {
		return rec, err
	}
	undone, err := a.runner(run).Start(stop, undo, a.who(""), rec.ID)
	if err == nil && undone.State == rollout.Committed {
		a.revertBases(ctx, p)
	}
	return undone, err
}

func confirm(run cli.Running, question string) error {
	if run.Confirm == nil {
		return nil
	}
	return run.Confirm(question)
}

// revertBases takes a rollout's changes out of the bases too: what the files
// still say of it is then a change of theirs, not one that others took back.
func (a *App) revertBases(ctx context.Context, p *plan.Plan) {
	of := worktree.Origin{Cluster: p.Cluster, Topo: a.backend.url}
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			base, known, err := a.files.Base(w.Keyspace, of)
			if err == nil && known {
				if base.VSchema, err = plan.Without(p, w.Keyspace, orEmpty(base.VSchema)); err == nil {
					err = a.files.SaveBase(w.Keyspace, of, base)
				}
			}
			if err != nil {
				a.log.WarnContext(ctx, "the base of a file could not be taken back", "keyspace", w.Keyspace, "err", err)
			}
		}
	}
}

// toRollBack finds the rollout to take back.
func (a *App) toRollBack(ctx context.Context, id string) (rollout.Record, error) {
	if id != "" {
		rec, err := a.record(ctx, id)
		if err == nil && rec.State.Final() && rec.State != rollout.Committed {
			err = &errs.Denied{Msg: fmt.Sprintf("rollout %s has ended as %s: there is nothing to take back", id, rec.State), Next: "vtsync history"}
		}
		return rec, err
	}
	records, err := a.store.Rollouts(ctx)
	if err != nil {
		return rollout.Record{}, err
	}
	heads, err := a.store.Heads(ctx)
	if err != nil {
		return rollout.Record{}, err
	}
	return lastRollout(records, heads, a.keyspaces)
}

// lastRollout gives the newest rollout that left something behind, or may: one
// that is pending and holds no keyspace never began. The one after a rollback
// is not guessed: taking back the rollback is rarely meant.
func lastRollout(records []rollout.Record, heads []rollout.Head, keyspaces []string) (rollout.Record, error) {
	for _, r := range records {
		touches := func(ks string) bool { return slices.Contains(r.Keyspaces, ks) }
		holds := func(h rollout.Head) bool { return h.Open == r.ID }
		switch {
		case len(keyspaces) > 0 && !slices.ContainsFunc(keyspaces, touches):
		case r.State == rollout.Pending && !slices.ContainsFunc(heads, holds):
		case r.State.Final() && r.State != rollout.Committed:
		case r.State == rollout.Committed && r.Undoes != "":
			return r, &errs.Denied{
				Msg:  fmt.Sprintf("the last rollout, %s, has taken back %s", r.ID, r.Undoes),
				Next: "name the rollout to take back: vtsync history, then vtsync rollback ROLLOUT",
			}
		default:
			return r, nil
		}
	}
	return rollout.Record{}, &errs.Denied{Msg: "there is no rollout to take back", Next: "vtsync history"}
}

// undo plans the way back from what the planes hold now.
func (a *App) undo(ctx context.Context, p *plan.Plan) (*plan.Plan, error) {
	look, err := a.look(ctx, &desired.Tree{}, false)
	if err != nil {
		return nil, err
	}
	in := a.planInput(look)
	in.Physical = a.lookPhysical(ctx, look.snap.Global, nil)
	in.Committed = map[string]*vschema.Keyspace{}
	for _, h := range look.heads {
		if !slices.Contains(admit.Keyspaces(p), h.Keyspace) {
			continue
		}
		if in.Committed[h.Keyspace], err = a.committed(ctx, h, worktree.Base{}); err != nil {
			return nil, err
		}
	}
	if in.Physical != nil {
		undo, err := plan.Undo(p, in)
		if err != nil {
			return nil, err
		}
		in.Notes = append(in.Notes, a.missing(ctx, undo, look.snap.Global, *in.Physical)...)
	}
	in.Impact = a.judgeUndo(ctx, look.snap, undoJudged)
	return plan.Undo(p, in)
}

// undoable refuses a way back that would take back what others wrote.
func undoable(undo *plan.Plan, id string) error {
	if len(undo.Denials) == 0 {
		return nil
	}
	d := undo.Denials[0]
	if len(undo.Conflicts) > 0 {
		return &errs.Conflict{
			Msg:  fmt.Sprintf("roll back %s: others changed the same entries since, nothing was changed", id),
			Diff: diff.Text(undo.Conflicts),
			Next: d.Remedy,
		}
	}
	return &errs.Denied{Msg: fmt.Sprintf("roll back %s: %s", id, d.Text), Next: d.Remedy}
}
