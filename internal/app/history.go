package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

// History gives the rollouts that are kept, newest first. Damaged records are
// told in the error, beside the others.
func (a *App) History(ctx context.Context) ([]rollout.Record, error) {
	ctx, span, err := a.begin(ctx, "history")
	if err != nil {
		return nil, err
	}
	defer span.End()
	return a.store.Rollouts(ctx)
}

// Rollout gives one rollout with its plan. A plan that cannot be read back
// hides no record.
func (a *App) Rollout(ctx context.Context, id string) (view.Rollout, error) {
	ctx, span, err := a.begin(ctx, "show")
	if err != nil {
		return view.Rollout{}, err
	}
	defer span.End()
	rec, err := a.record(ctx, id)
	if err != nil {
		return view.Rollout{}, err
	}
	p, err := a.planOf(ctx, rec)
	r := view.NewRollout(rec, p)
	if err != nil {
		r.PlanErr = err.Error()
	}
	return r, nil
}

// record reads one rollout's record.
func (a *App) record(ctx context.Context, id string) (rollout.Record, error) {
	rec, _, err := a.store.Rollout(ctx, id)
	if !errors.Is(err, errs.ErrNotFound) {
		return rec, err
	}
	missing := &errs.Invalid{Msg: "there is no rollout " + id, Next: "vtsync history"}
	if records, err := a.store.Rollouts(ctx); err == nil {
		ids := make([]string, len(records))
		for i, r := range records {
			ids[i] = r.ID
		}
		missing.Near = near.Name(id, ids)
	}
	return rec, missing
}

func (a *App) planOf(ctx context.Context, rec rollout.Record) (*plan.Plan, error) {
	raw, err := a.store.Blob(ctx, rec.Plan)
	if err != nil {
		return nil, fmt.Errorf("read the plan of rollout %s: %w", rec.ID, err)
	}
	p, err := plan.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("read the plan of rollout %s: %w", rec.ID, err)
	}
	return p, nil
}

// Resume goes on with a rollout.
func (a *App) Resume(ctx context.Context, id string, run cli.Running) (rollout.Record, error) {
	ctx, span, err := a.begin(ctx, "resume")
	if err != nil {
		return rollout.Record{}, err
	}
	defer span.End()
	rec, err := a.record(ctx, id)
	if err != nil {
		return rec, err
	}
	if !rec.State.Final() { // what has ended only lets its keyspaces go
		if err := a.provable("change"); err != nil {
			return rec, err
		}
	}
	by, err := a.runs(rec.By.Commit, run)
	if err != nil {
		return rec, err
	}
	stop, done := untilParked(ctx, run.Park)
	defer done()
	rec, err = a.runner(run).Resume(stop, id, by)
	if err == nil && rec.State == rollout.Committed {
		if p, perr := a.planOf(ctx, rec); perr == nil {
			a.keepBases(ctx, p)
		}
	}
	return rec, err
}

// Unpause lifts a keyspace's pause.
func (a *App) Unpause(ctx context.Context, keyspace string) (*rollout.Pause, error) {
	ctx, span, err := a.begin(ctx, "unpause")
	if err != nil {
		return nil, err
	}
	defer span.End()
	head, _, err := a.store.Head(ctx, keyspace)
	if err != nil {
		return nil, err
	}
	if head.Keyspace == "" { // nothing is known of it: does it exist?
		global, err := a.topo.ReadGlobal(ctx)
		if err != nil {
			return nil, err
		}
		if _, ok := global.Keyspaces[keyspace]; !ok {
			return nil, &errs.Invalid{
				Msg:  "the cluster has no keyspace " + keyspace,
				Near: near.Name(keyspace, sortedKeys(global.Keyspaces)),
				Next: "vtsync status names what is paused",
			}
		}
	}
	lifted, err := a.runner(cli.Running{}).Unpause(ctx, keyspace)
	if err != nil || !lifted {
		return nil, err
	}
	return head.Paused, nil
}
