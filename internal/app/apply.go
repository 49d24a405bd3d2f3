package app

import (
	"context"
	"fmt"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/status"
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
		if err := a.served(ctx, p); err != nil {
			return record, err
		}
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

// served refuses to call it done where nothing is left to write but not every
// plane was seen to serve it: else applying again would hide that the first
// rollout has parked.
func (a *App) served(ctx context.Context, p *plan.Plan) error {
	l := a.planned
	if l == nil { // the plan was saved by another process
		now, err := a.look(ctx, &desired.Tree{}, false)
		if err != nil {
			return err
		}
		l = &now
	}
	open, err := a.openRollouts(ctx, l.heads)
	if err != nil {
		return err
	}
	in := status.Input{
		Snapshot: l.snap, Desired: map[string]*vschema.Keyspace{}, Heads: l.heads, Open: open,
		IgnoredCells: a.cluster.IgnoredCells, OpaqueVindexes: a.cluster.VindexTypes,
	}
	for _, name := range sortedKeys(p.Desired) {
		if in.Desired[name], err = vschema.DecodeJSON(p.Desired[name]); err != nil {
			return fmt.Errorf("plan %s: keyspace %s: %w", p.ID, name, err)
		}
	}
	if why := status.Build(in).Unserved(); why != "" {
		return &errs.Unknown{Msg: "nothing is left to write, and not every plane serves it: " + why, Next: "vtsync status"}
	}
	return nil
}

// mayApply refuses what could never be proved, and paused keyspaces.
func (a *App) mayApply(ctx context.Context, p *plan.Plan, run cli.Running) error {
	if err := a.provable("change"); err != nil {
		return err
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

// provable refuses to run a rollout, or to go on with one, where no vtgate
// could show that it is served.
func (a *App) provable(what string) error {
	if len(a.vtgates) > 0 {
		return nil
	}
	return &errs.Denied{
		Msg:  "no vtgate is named: nothing could prove that the " + what + " is served",
		Next: "add --vtgate HOST:PORT, or vtgates to the config",
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
