package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// backend is how this build writes.
const backend = "topo"

// Plan compares the files with the cluster.
func (a *App) Plan(ctx context.Context, allow []string, bind bool) (*plan.Plan, error) {
	tree, err := a.load()
	if err != nil {
		return nil, err
	}
	ctx, span, err := a.begin(ctx, "plan")
	if err != nil {
		return nil, err
	}
	defer span.End()
	look, err := a.look(ctx, tree, bind)
	if err != nil {
		return nil, err
	}
	a.planned = &look
	in := a.planInput(look)
	in.Desired = values(tree)
	in.Last = look.last
	in.Allow = allow
	in.Denials = look.stale
	in.Position = func(ks string, path ...string) errs.Position {
		k, ok := tree.Keyspaces[ks]
		if !ok {
			return errs.Position{}
		}
		return a.files.Position(k.Position(path...))
	}
	for _, file := range tree.IgnoredFiles {
		in.Notes = append(in.Notes, a.files.Path(file)+" is not read: this version of vtsync does not manage rules")
	}
	if len(a.vtgates) == 0 {
		in.Notes = append(in.Notes, "no vtgate is named, so nothing could prove a change: apply needs one (--vtgate HOST:PORT)")
	}
	return plan.Build(in)
}

func (a *App) planInput(l look) plan.Input {
	in := plan.Input{
		Snapshot:       l.snap,
		IgnoredCells:   a.cluster.IgnoredCells,
		MaxCellBytes:   a.cluster.Policy.MaxCellBytes,
		Cluster:        l.snap.Global.ClusterID,
		Backend:        backend,
		Commit:         l.commit,
		OpaqueVindexes: a.cluster.VindexTypes,
	}
	if len(a.cluster.IgnoredCells) > 0 {
		in.Notes = append(in.Notes, fmt.Sprintf("cells ignored by the config: %v", a.cluster.IgnoredCells))
	}
	return in
}

// load reads the files of the chosen keyspaces.
func (a *App) load() (*desired.Tree, error) {
	tree, err := a.files.Load()
	if err != nil {
		return nil, err
	}
	return tree, a.choose(tree)
}

// choose drops the keyspaces that were not asked for.
func (a *App) choose(tree *desired.Tree) error {
	if len(a.keyspaces) == 0 {
		return nil
	}
	names := sortedKeys(tree.Keyspaces)
	for _, name := range a.keyspaces {
		if !slices.Contains(names, name) {
			return &errs.Invalid{
				Msg:  fmt.Sprintf("keyspace %s has no file below %s", name, a.files.Dir()),
				Near: near.Name(name, names),
				Next: "vtsync pull --keyspace " + name,
			}
		}
	}
	maps.DeleteFunc(tree.Keyspaces, func(name string, _ *desired.Keyspace) bool {
		return !slices.Contains(a.keyspaces, name)
	})
	return nil
}

func values(tree *desired.Tree) map[string]*vschema.Keyspace {
	out := make(map[string]*vschema.Keyspace, len(tree.Keyspaces))
	for name, k := range tree.Keyspaces {
		out[name] = k.VSchema
	}
	return out
}

// look is the cluster as it is, and what the files were derived from.
type look struct {
	snap   *planes.Snapshot
	commit string
	heads  []rollout.Head
	last   map[string]*vschema.Keyspace
	stale  []plan.Denial
}

// look reads everything at once. bind makes the cluster's id where it has none
// yet: a plan that will be applied is tied to it.
func (a *App) look(ctx context.Context, tree *desired.Tree, bind bool) (look, error) {
	var l look
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		l.snap, err = a.observe.Snapshot(gctx)
		return err
	})
	group.Go(func() (err error) {
		l.heads, err = a.store.Heads(gctx)
		return err
	})
	group.Go(func() error {
		l.commit = a.files.Commit(gctx)
		return nil
	})
	if err := group.Wait(); err != nil {
		return l, err
	}
	if bind && l.snap.Global.ClusterID == "" {
		id, err := a.store.ClusterID(ctx, true)
		if err != nil {
			return l, fmt.Errorf("name the cluster: %w", err)
		}
		l.snap.Global.ClusterID = id
	}
	err := a.derive(ctx, tree, &l)
	return l, err
}

func (a *App) origin(snap *planes.Snapshot) worktree.Origin {
	return worktree.Origin{Cluster: snap.Global.ClusterID, Topo: a.topoOpts.URL()}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
