package app

import (
	"context"
	"fmt"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// Paused gives the heads of those keyspaces that are paused.
func (a *App) Paused(ctx context.Context, keyspaces []string) ([]rollout.Head, error) {
	if err := a.connect(ctx); err != nil {
		return nil, err
	}
	var out []rollout.Head
	for _, ks := range keyspaces {
		head, _, err := a.store.Head(ctx, ks)
		if err != nil {
			return nil, err
		}
		if head.Paused != nil {
			out = append(out, head)
		}
	}
	return out, nil
}

// Apply runs a plan to its end, or parks it. A plan with nothing to do records
// what the files hold as committed: that is how a cluster is adopted.
func (a *App) Apply(ctx context.Context, p *plan.Plan, run cli.Running) (rollout.Record, error) {
	ctx, span, err := a.begin(ctx, "apply")
	if err != nil {
		return rollout.Record{}, err
	}
	defer span.End()
	r := a.runner(run)
	var record rollout.Record
	if p.Empty() {
		managed := sortedKeys(p.Desired)
		if err := r.RecordCommitted(ctx, p, managed, p.Base.Commit); err != nil {
			return record, err
		}
		record = rollout.Record{State: rollout.Skipped, PlanID: p.ID, Keyspaces: managed, Reason: "all planes agree"}
		if len(p.Kept) > 0 {
			record.Reason = "only what others made differs, and it is kept"
		}
	} else {
		if err := a.mayApply(ctx, p, run); err != nil {
			return record, err
		}
		stop, done := untilParked(ctx, run.Park)
		defer done()
		if record, err = r.Start(stop, p, a.who(p.Base.Commit), ""); err != nil {
			return record, err
		}
	}
	if record.State == rollout.Committed || record.State == rollout.Skipped {
		a.keepBases(ctx, p)
	}
	return record, nil
}

// mayApply refuses what could never be proved, and paused keyspaces.
func (a *App) mayApply(ctx context.Context, p *plan.Plan, run cli.Running) error {
	if len(a.vtgates) == 0 {
		return &errs.Denied{Msg: "no vtgate is named: nothing could prove that the change is served", Next: "add --vtgate HOST:PORT, or vtgates to the config"}
	}
	if run.OverPause {
		return nil
	}
	var names []string
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			names = append(names, w.Keyspace)
		}
	}
	paused, err := a.Paused(ctx, names)
	if err != nil || len(paused) == 0 {
		return err
	}
	return &errs.Denied{
		Msg:  fmt.Sprintf("keyspace %s is paused: %s", paused[0].Keyspace, paused[0].Paused.Reason),
		Next: "vtsync unpause " + paused[0].Keyspace,
	}
}

// keepBases notes beside the files what was committed from them. The cluster
// is changed by now, so a folder that cannot be written is a warning; a file
// that says something else than the plan was not what was applied.
func (a *App) keepBases(ctx context.Context, p *plan.Plan) {
	tree, err := a.files.LoadIfAny()
	if err != nil {
		a.log.WarnContext(ctx, "files could not be read again, their bases are not kept", "err", err)
		return
	}
	of := worktree.Origin{Cluster: p.Cluster, Topo: a.topoOpts.URL()}
	for _, name := range sortedKeys(p.Desired) {
		applied, err := vschema.DecodeJSON(p.Desired[name])
		file, ok := tree.Keyspaces[name]
		if err != nil || !ok || !vschema.Equal(file.VSchema, applied) {
			continue
		}
		if err := a.files.SaveBase(name, of, file.VSchema); err != nil {
			a.log.WarnContext(ctx, "the base of a file could not be kept", "keyspace", name, "err", err)
		}
	}
}
