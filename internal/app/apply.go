package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/admit"
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
	if err := a.within("plan "+p.ID, admit.Keyspaces(p)); err != nil {
		return rollout.Record{}, err
	}
	var record rollout.Record
	if p.Empty() {
		record, err = a.adopt(ctx, p, run)
	} else {
		record, err = a.start(ctx, p, run)
	}
	if err == nil && (record.State == rollout.Committed || record.State == rollout.Skipped) {
		a.keepBases(ctx, p)
	}
	return record, err
}

// start runs a plan that has something to do.
func (a *App) start(ctx context.Context, p *plan.Plan, run cli.Running) (rollout.Record, error) {
	if err := a.mayApply(ctx, p, run); err != nil {
		return rollout.Record{}, err
	}
	by, err := a.runs(p.Base.Commit, run)
	if err != nil {
		return rollout.Record{}, err
	}
	stop, done := untilParked(ctx, run.Park)
	defer done()
	return a.runner(run).Start(stop, p, by, "")
}

// adopt records what the files hold as committed.
func (a *App) adopt(ctx context.Context, p *plan.Plan, run cli.Running) (rollout.Record, error) {
	l := a.planned
	if l == nil { // the plan was saved by another process
		now, err := a.look(ctx, &desired.Tree{}, false)
		if err != nil {
			return rollout.Record{}, err
		}
		l = &now
	}
	if v := admit.Ground(p, l.snap.Global); v.Verdict != rollout.Allow {
		return rollout.Record{}, groundLost(v)
	}
	if err := a.served(ctx, p, l); err != nil {
		return rollout.Record{}, err
	}
	seen := make(map[string]rollout.Head, len(p.Desired))
	for name := range p.Desired {
		seen[name] = rollout.Head{} // none yet
	}
	for _, h := range l.heads {
		if _, managed := seen[h.Keyspace]; managed {
			seen[h.Keyspace] = h
		}
	}
	if err := a.runner(run).RecordCommitted(ctx, p, seen, p.Base.Commit); err != nil {
		return rollout.Record{}, err
	}
	record := rollout.Record{State: rollout.Skipped, PlanID: p.ID, Keyspaces: sortedKeys(p.Desired), Reason: "all planes agree"}
	if len(p.Kept) > 0 {
		record.Reason = "only what others made differs, and it is kept"
	}
	return record, nil
}

// groundLost is the error of a plan that says what is not so any more.
func groundLost(v admit.Verdict) error {
	if v.Code == rollout.CodeStale {
		return &errs.Conflict{Msg: v.Reason, Diff: v.Diff, Next: v.Remedy}
	}
	return &errs.Denied{Msg: v.Reason, Next: v.Remedy}
}

// within refuses what reaches beyond the keyspaces that were asked for.
func (a *App) within(what string, keyspaces []string) error {
	if len(a.keyspaces) == 0 {
		return nil
	}
	for _, name := range keyspaces {
		if !slices.Contains(a.keyspaces, name) {
			return &errs.Denied{
				Msg:  fmt.Sprintf("%s is for keyspace %s too, nothing was changed", what, name),
				Next: "leave --keyspace out, or name each: --keyspace " + strings.Join(keyspaces, " --keyspace "),
			}
		}
	}
	return nil
}

// served refuses to call it done where nothing is left to write but not every
// plane was seen to serve it: else applying again would hide that the first
// rollout has parked.
func (a *App) served(ctx context.Context, p *plan.Plan, l *look) error {
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
	paused, err := a.Paused(ctx, admit.Keyspaces(p))
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
	var at worktree.Revision
	if a.planned != nil {
		at = a.planned.rev
	} else if at, err = a.files.Revision(ctx); err != nil {
		a.log.WarnContext(ctx, "the bases of the files are not kept", "err", err)
		return
	}
	of := worktree.Origin{Cluster: p.Cluster, Topo: a.backend.url}
	for _, name := range sortedKeys(p.Desired) {
		applied, err := vschema.DecodeJSON(p.Desired[name])
		file, ok := tree.Keyspaces[name]
		if err != nil || !ok || !vschema.Equal(file.VSchema, applied) {
			continue
		}
		base, err := a.files.BaseOf(ctx, at, file.File, file.VSchema)
		if err == nil {
			err = a.files.SaveBase(name, of, base)
		}
		if err != nil {
			a.log.WarnContext(ctx, "the base of a file could not be kept", "keyspace", name, "err", err)
		}
	}
}
