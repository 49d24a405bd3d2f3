package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/status"
)

// Status tells how far the planes agree.
func (a *App) Status(ctx context.Context) (status.Status, error) {
	tree, err := a.load()
	if err != nil {
		return status.Status{}, err
	}
	ctx, span, err := a.begin(ctx, "status")
	if err != nil {
		return status.Status{}, err
	}
	defer span.End()
	look, err := a.look(ctx, tree, false)
	if err != nil {
		return status.Status{}, err
	}
	open, err := a.openRollouts(ctx, look.heads)
	if err != nil {
		return status.Status{}, err
	}
	files := make(map[string]string, len(tree.Keyspaces))
	for name, k := range tree.Keyspaces {
		files[name] = a.files.Path(k.File)
	}
	return status.Build(status.Input{
		Snapshot:       look.snap,
		Backend:        string(a.backend.kind),
		Desired:        values(tree),
		Files:          files,
		Last:           look.last,
		Heads:          look.heads,
		Open:           open,
		IgnoredCells:   a.cluster.IgnoredCells,
		OpaqueVindexes: a.cluster.VindexTypes,
		Only:           a.keyspaces,
	}), nil
}

// openRollouts reads the records that the heads name.
func (a *App) openRollouts(ctx context.Context, heads []rollout.Head) (map[string]rollout.Record, error) {
	open := map[string]rollout.Record{}
	for _, h := range heads {
		if _, read := open[h.Open]; read || h.Open == "" {
			continue
		}
		rec, _, err := a.store.Rollout(ctx, h.Open)
		if errors.Is(err, errs.ErrNotFound) {
			continue // its head is settled by the next rollout
		}
		if err != nil {
			return nil, fmt.Errorf("read the open rollout %s: %w", h.Open, err)
		}
		open[h.Open] = rec
	}
	return open, nil
}
