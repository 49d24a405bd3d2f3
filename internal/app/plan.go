package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// Plan compares the files with the cluster.
func (a *App) Plan(ctx context.Context, wish cli.Planning) (*plan.Plan, error) {
	tree, err := a.load()
	if err != nil {
		return nil, err
	}
	ctx, span, err := a.begin(ctx, "plan")
	if err != nil {
		return nil, err
	}
	defer span.End()
	schemas, unread, err := a.files.Schemas(tree)
	if err != nil {
		return nil, err
	}
	forbidden, err := review.Forbidden(tree)
	if err != nil {
		return nil, err
	}
	known, err := a.knownQueries(ctx)
	if err != nil {
		return nil, err
	}
	look, err := a.look(ctx, tree, wish.Bind)
	if err != nil {
		return nil, err
	}
	a.planned = &look
	in := a.planInput(look)
	in.Desired = values(tree)
	in.Last = look.last
	in.Allow = wish.Allow
	in.After, in.Requires = wish.After, a.requires(tree)
	in.Physical = a.lookPhysical(ctx, look.snap.Global, asked(tree, look.snap.Global, wish.After))
	in.Denials = look.stale
	in.Schemas = schemas
	in.Forbidden = slices.DeleteFunc(forbidden, func(v lint.Forbidden) bool { return v.Keyspace == "" }) // rules are not planned
	in.Ignores = slices.Concat(a.ignores, a.inlineIgnores(tree))
	in.ImpactPolicy = a.cluster.Policy.Impact
	if in.Impact = a.judgeKnown(ctx, known, look.snap, a.tablesOfFiles(tree)); in.Impact == nil {
		in.Notes = append(in.Notes, known.notes...)
	}
	in.Position = func(ks string, path ...string) errs.Position {
		k, ok := tree.Keyspaces[ks]
		if !ok {
			return errs.Position{}
		}
		return a.files.Position(k.Position(path...))
	}
	in.Notes = append(in.Notes, a.planNotes(tree, look, unread)...)
	p, err := plan.Build(in)
	if err != nil {
		return nil, err
	}
	a.holdups = a.readiness(ctx, p, look.snap, in.Physical)
	return p, nil
}

// planNotes says what a plan does not look at, and why.
func (a *App) planNotes(tree *desired.Tree, look look, unread []*errs.Invalid) []string {
	var out []string
	if look.rev.Dirty {
		out = append(out, "the files hold edits that are not committed: others are denied what differs from them, until a commit of them is applied")
	}
	for _, file := range tree.RuleFiles() {
		out = append(out, a.files.Path(file)+" is not applied: this version of vtsync lints rules and does not manage them")
	}
	for _, problem := range unread {
		out = append(out, problem.Error()+"; what it says of MySQL's tables is not taken into account")
	}
	if note := a.unmanaged(tree, look.snap.Global); note != "" {
		out = append(out, note)
	}
	if len(a.vtgates) == 0 {
		out = append(out, "no vtgate is named, so nothing could prove a change: apply needs one (--vtgate HOST:PORT)")
	}
	if a.vtctld == nil {
		out = append(out, unwatched)
	}
	return out
}

// inlineIgnores gives the suppressions in the comments of the files.
func (a *App) inlineIgnores(tree *desired.Tree) []lint.Ignore {
	var out []lint.Ignore
	for _, name := range sortedKeys(tree.Keyspaces) {
		for _, i := range tree.Keyspaces[name].Ignores {
			out = append(out, lint.Ignore{Codes: i.Codes, Reason: i.Reason, Line: i.Line, Pos: a.files.Position(i.Pos)})
		}
	}
	return out
}

// unmanaged names the live keyspaces that no file speaks of, unless only some
// keyspaces were asked for.
func (a *App) unmanaged(tree *desired.Tree, global planes.Global) string {
	if len(a.keyspaces) > 0 {
		return ""
	}
	names := slices.DeleteFunc(sortedKeys(global.Keyspaces), func(name string) bool {
		_, managed := tree.Keyspaces[name]
		return managed
	})
	if len(names) == 0 {
		return ""
	}
	return "no file, not managed: " + strings.Join(names, ", ")
}

func (a *App) planInput(l look) plan.Input {
	in := plan.Input{
		Snapshot:       l.snap,
		IgnoredCells:   a.cluster.IgnoredCells,
		MaxCellBytes:   a.cluster.Policy.MaxCellBytes,
		Cluster:        l.snap.Global.ClusterID,
		Backend:        string(a.backend.kind),
		Notes:          a.backend.notes(),
		Committed:      l.committed,
		Beside:         l.beside,
		Commit:         l.commit(),
		OpaqueVindexes: a.cluster.VindexTypes,
	}
	if len(a.cluster.IgnoredCells) > 0 {
		in.Notes = append(in.Notes, fmt.Sprintf("cells ignored by the config: %v", a.cluster.IgnoredCells))
	}
	return in
}

// load reads the files of the chosen keyspaces. To have none is a wrong folder
// rather than a wish to manage nothing.
func (a *App) load() (*desired.Tree, error) {
	tree, err := a.files.Load(a.keyspaces...)
	if err != nil {
		return nil, err
	}
	if len(a.keyspaces) == 0 && len(tree.Keyspaces) == 0 {
		return nil, &errs.Invalid{
			Msg:  "no keyspace has a file below " + a.files.Dir(),
			Next: "vtsync pull writes the live VSchemas there, or name another folder",
		}
	}
	for _, name := range a.keyspaces {
		if _, ok := tree.Keyspaces[name]; ok {
			continue
		}
		missing := &errs.Invalid{
			Msg:  fmt.Sprintf("keyspace %s has no file below %s", name, a.files.Dir()),
			Near: near.Name(name, slices.Concat(sortedKeys(tree.Keyspaces), tree.Others)),
			Next: "vtsync pull --keyspace " + name,
		}
		if missing.Near != "" {
			missing.Next = "--keyspace " + missing.Near
		}
		return nil, missing
	}
	return tree, nil
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
	snap  *planes.Snapshot
	heads []rollout.Head
	rev   worktree.Revision // of the files; none where there are none to look at
	derived
}

// commit is what to record as the commit of the files.
func (l look) commit() string {
	if l.rev.Dirty {
		return rollout.Uncommitted(l.rev.Commit)
	}
	return l.rev.Commit
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
	var gitErr error
	group.Go(func() error {
		if len(tree.Keyspaces) > 0 {
			l.rev, gitErr = a.files.Revision(gctx, a.chosenFiles(tree)...)
		}
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
	if gitErr != nil {
		l.stale = append(l.stale, plan.Denial{
			Code:   plan.DeniedStale,
			Text:   fmt.Sprintf("nobody can tell whether the files are older than the cluster: %v", gitErr),
			Remedy: "git status says more where the files are: " + a.files.Dir(),
		})
	}
	return l, err
}

// chosenFiles names the files of the keyspaces that were asked for; none where
// that is all: an edit of another keyspace does not make these uncommitted.
func (a *App) chosenFiles(tree *desired.Tree) []string {
	if len(a.keyspaces) == 0 {
		return nil
	}
	files := make([]string, 0, len(tree.Keyspaces))
	for _, name := range sortedKeys(tree.Keyspaces) {
		files = append(files, tree.Keyspaces[name].File)
	}
	return files
}

func (a *App) origin(snap *planes.Snapshot) worktree.Origin {
	return worktree.Origin{Cluster: snap.Global.ClusterID, Topo: a.backend.url}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
