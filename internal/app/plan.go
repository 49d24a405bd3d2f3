package app

import (
	"context"
	"errors"
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

// derive finds what each file was derived from: the base beside it, else what
// was committed last, which the files' commit must then contain.
func (a *App) derive(ctx context.Context, tree *desired.Tree, l *look) error {
	l.last = map[string]*vschema.Keyspace{}
	for _, name := range sortedKeys(tree.Keyspaces) {
		base, known, err := a.files.Base(name, a.origin(l.snap))
		if err != nil {
			return err
		}
		if known {
			l.last[name] = orEmpty(base)
			continue
		}
		i := slices.IndexFunc(l.heads, func(h rollout.Head) bool { return h.Keyspace == name })
		if i < 0 || l.heads[i].Committed == "" {
			continue // never committed: not known
		}
		head := l.heads[i]
		if denial, ok := a.notDerived(ctx, name, head, l.commit); ok {
			l.stale = append(l.stale, denial)
		}
		if l.last[name], err = a.committed(ctx, head); err != nil {
			return err
		}
	}
	return nil
}

// orEmpty makes a known absence different from an unknown value.
func orEmpty(ks *vschema.Keyspace) *vschema.Keyspace {
	if ks == nil {
		return &vschema.Keyspace{}
	}
	return ks
}

// notDerived denies files whose commit lacks the one that was applied last:
// they would revert it.
func (a *App) notDerived(ctx context.Context, keyspace string, head rollout.Head, commit string) (plan.Denial, bool) {
	if head.Commit == "" || commit == "" {
		return plan.Denial{}, false
	}
	ok, why := a.files.DerivesFrom(ctx, head.Commit)
	if ok {
		return plan.Denial{}, false
	}
	return plan.Denial{
		Code:   plan.DeniedStale,
		Text:   fmt.Sprintf("the file of keyspace %s may be older than the cluster: %s", keyspace, why),
		Remedy: "git pull, or vtsync pull --keyspace " + keyspace + " to take the live VSchema into the file",
	}, true
}

// committed reads the value that was committed last. One that is gone is not
// known, which is the careful reading.
func (a *App) committed(ctx context.Context, head rollout.Head) (*vschema.Keyspace, error) {
	raw, err := a.store.Blob(ctx, head.Committed)
	if errors.Is(err, errs.ErrNotFound) {
		return nil, nil //nolint:nilnil // not known is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("read what was committed last in keyspace %s: %w", head.Keyspace, err)
	}
	ks, err := vschema.DecodeJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("read what was committed last in keyspace %s: %w", head.Keyspace, err)
	}
	return ks, nil
}

func (a *App) origin(snap *planes.Snapshot) worktree.Origin {
	return worktree.Origin{Cluster: snap.Global.ClusterID, Topo: a.topoOpts.URL()}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
