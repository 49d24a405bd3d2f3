package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
)

// Record gives one rollout's record; an empty id stands for the one that is
// open.
func (a *App) Record(ctx context.Context, id string) (rollout.Record, error) {
	ctx, span, err := a.begin(ctx, "record")
	if err != nil {
		return rollout.Record{}, err
	}
	defer span.End()
	if id != "" {
		return a.record(ctx, id)
	}
	records, err := a.store.Rollouts(ctx)
	if err != nil {
		return rollout.Record{}, err
	}
	return theOpen(records, a.keyspaces)
}

// theOpen gives the one rollout that has not ended.
func theOpen(records []rollout.Record, keyspaces []string) (rollout.Record, error) {
	touches := func(r rollout.Record) bool {
		return len(keyspaces) == 0 || slices.ContainsFunc(r.Keyspaces, func(ks string) bool { return slices.Contains(keyspaces, ks) })
	}
	var open []rollout.Record
	var names []string
	for _, r := range records {
		if !r.State.Final() && touches(r) {
			open = append(open, r)
			names = append(names, fmt.Sprintf("%s (%s)", r.ID, strings.Join(r.Keyspaces, ", ")))
		}
	}
	switch len(open) {
	case 0:
		return rollout.Record{}, &errs.Invalid{Msg: "no rollout is open", Next: "vtsync history shows those that have ended"}
	case 1:
		return open[0], nil
	}
	return rollout.Record{}, &errs.Invalid{
		Msg:  "several rollouts are open: " + strings.Join(names, "; "),
		Next: "name one: vtsync watch " + open[0].ID,
	}
}

// Waits asks how far the migrations are that the phase in hand waits for.
func (a *App) Waits(ctx context.Context, rec rollout.Record) ([]ddl.Answer, error) {
	if a.vtctld == nil || rec.State != rollout.Waiting {
		return nil, nil
	}
	ctx, span, err := a.begin(ctx, "waits")
	if err != nil {
		return nil, err
	}
	defer span.End()
	p, err := a.planOf(ctx, rec)
	if err != nil || p.Undoes != "" || rec.Phase >= len(p.Phases) {
		return nil, err
	}
	snap, err := a.observe.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	in := admit.Input{Plan: p, Phase: rec.Phase, Global: snap.Global, VTGates: snap.VTGates, Waits: rec.AllWaits()}
	found := runner.LookPhysical(ctx, a.physical(), in)
	in.Physical = &found
	return admit.Answers(in), nil
}
