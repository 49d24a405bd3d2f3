package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// derived is what the files of a look were derived from, by keyspace.
type derived struct {
	// last is what each file was derived from, as far as known.
	last map[string]*vschema.Keyspace
	// committed is what was committed last, from whatever files; beside names
	// the commits of it that these files do not contain.
	committed map[string]*vschema.Keyspace
	beside    map[string][]string
	stale     []plan.Denial
}

// derive finds what each file was derived from: what was kept beside it (the
// base) or what was committed last (by the head), the newer one of those that
// the file's history has. A file that lacks both may be older than the cluster:
// it is denied where it differs from it and from what was committed last, as it
// would revert it.
func (a *App) derive(ctx context.Context, tree *desired.Tree, l *look) error {
	l.derived = derived{
		last:      map[string]*vschema.Keyspace{},
		committed: map[string]*vschema.Keyspace{},
		beside:    map[string][]string{},
	}
	heads := make(map[string]rollout.Head, len(l.heads))
	for _, h := range l.heads {
		heads[h.Keyspace] = h
	}
	for _, name := range sortedKeys(tree.Keyspaces) {
		if err := a.deriveOne(ctx, l, tree.Keyspaces[name], name, heads[name]); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) deriveOne(ctx context.Context, l *look, file *desired.Keyspace, name string, head rollout.Head) error {
	base, based, err := a.files.Base(name, a.origin(l.snap))
	if err != nil {
		return err
	}
	committed, err := a.committed(ctx, head, base)
	if err != nil {
		return err
	}
	l.committed[name] = committed

	fromBase, why := based, ""
	if based {
		fromBase, why = a.files.Derives(ctx, l.rev, file, base)
	}
	lacking, whyNot := a.lacking(ctx, l.rev.Commit, head)
	l.beside[name] = lacking
	// Without a commit nothing tells whether the file came before it or after.
	fromHead := head.Committed != "" && len(lacking) == 0 && (head.Commit != "" || !based || l.rev.Commit == "")
	switch {
	case fromBase && (!fromHead || !a.newer(ctx, head, base)):
		l.last[name] = orEmpty(a.withoutUndone(ctx, head, base.VSchema))
		return nil
	case fromHead:
		l.last[name] = committed // not known where it is gone
		return nil
	case head.Committed == "" && !based:
		return nil // never pulled here and never committed: not known
	case whyNot != "":
		why = whyNot
	}
	l.last[name] = committed
	// What is live, or was committed last, can take back nothing.
	asLive := vschema.Equal(file.VSchema, orEmpty(l.snap.Global.Keyspaces[name].VSchema))
	asCommitted := committed != nil && vschema.Equal(file.VSchema, committed)
	if !asLive && !asCommitted {
		l.stale = append(l.stale, staleFile(name, why, head, lacking))
	}
	return nil
}

// newer tells whether what was committed last is newer than a base, where the
// files' history has both. What an older clone applies is still as new as the
// commits beside its own.
func (a *App) newer(ctx context.Context, head rollout.Head, base worktree.Base) bool {
	return slices.Contains(head.Beside, base.Commit) ||
		slices.ContainsFunc(append([]string{head.Commit}, head.Beside...), func(commit string) bool {
			return a.files.After(ctx, commit, base.Commit)
		})
}

func staleFile(keyspace, why string, head rollout.Head, lacking []string) plan.Denial {
	first := "git pull"
	switch {
	case rollout.IsUncommitted(head.Commit):
		first = "commit what was applied and run vtsync apply once from that commit"
	case slices.Contains(lacking, head.Commit):
		first += fmt.Sprintf("; or, if commit %s was rewritten (amend, rebase): commit the file as it was applied, run vtsync apply once, then commit the edit", worktree.Short(head.Commit))
	}
	return plan.Denial{
		Code:   plan.DeniedStale,
		Text:   fmt.Sprintf("the file of keyspace %s may be older than the cluster: %s", keyspace, why),
		Remedy: first + "; or " + plan.RemedyPull(keyspace),
	}
}

// orEmpty makes a known absence different from an unknown value.
func orEmpty(ks *vschema.Keyspace) *vschema.Keyspace {
	if ks == nil {
		return &vschema.Keyspace{}
	}
	return ks
}

// lacking names the commits of what was committed last that the files' commit
// does not contain; why says so for the first.
func (a *App) lacking(ctx context.Context, commit string, head rollout.Head) (commits []string, why string) {
	for _, c := range append([]string{head.Commit}, head.Beside...) {
		missing := ""
		switch {
		case c == "" || c == commit:
			continue
		case rollout.IsUncommitted(c):
			missing = "it was applied last with edits that are in no commit, at " + worktree.Short(c)
		case commit == "":
			missing = fmt.Sprintf("it was applied last from commit %s, and the file is not in git", worktree.Short(c))
		default:
			ok, reason := a.files.Contains(ctx, c)
			if ok {
				continue
			}
			missing = fmt.Sprintf("commit %s, which was applied last, %s", worktree.Short(c), reason)
		}
		if why == "" {
			why = missing
		}
		commits = append(commits, c)
	}
	return commits, why
}

// committed reads the value that was committed last; it is not read where the
// base is the same. One that is gone is not known, which is the careful reading.
func (a *App) committed(ctx context.Context, head rollout.Head, base worktree.Base) (*vschema.Keyspace, error) {
	if head.Committed == "" {
		return nil, nil //nolint:nilnil // not known is an answer
	}
	if base.VSchema != nil && a.isCommitted(head, base.VSchema) {
		return base.VSchema, nil
	}
	raw, err := a.store.Blob(ctx, head.Committed)
	if errors.Is(err, errs.ErrNotFound) {
		return nil, nil //nolint:nilnil // as above
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

func (a *App) isCommitted(head rollout.Head, ks *vschema.Keyspace) bool {
	return head.Committed == a.store.BlobHash(vschema.EncodeJSON(vschema.Canonical(ks)))
}

// withoutUndone takes out of a base what a rollback has taken back since, from
// wherever it was run: what the file still says of it is then a change of its
// own, not one that others took back. In doubt the base stands, which keeps what
// is live.
func (a *App) withoutUndone(ctx context.Context, head rollout.Head, base *vschema.Keyspace) *vschema.Keyspace {
	if head.CommittedBy == "" || base == nil || a.isCommitted(head, base) {
		return base
	}
	undo, _, err := a.store.Rollout(ctx, head.CommittedBy)
	if err != nil || undo.Undoes == "" {
		return base
	}
	undone, _, err := a.store.Rollout(ctx, undo.Undoes)
	if err != nil {
		return base
	}
	p, err := a.planOf(ctx, undone)
	if err != nil {
		return base
	}
	without, err := plan.Without(p, head.Keyspace, base)
	if err != nil {
		return base
	}
	return without
}
