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
)

// derive finds what each file was derived from: the base beside it, else what
// was committed last, which the files' commit must then contain.
func (a *App) derive(ctx context.Context, tree *desired.Tree, l *look) error {
	l.last = map[string]*vschema.Keyspace{}
	for _, name := range sortedKeys(tree.Keyspaces) {
		base, known, err := a.files.Base(name, a.origin(l.snap))
		if err != nil {
			return err
		}
		i := slices.IndexFunc(l.heads, func(h rollout.Head) bool { return h.Keyspace == name })
		if known && (i < 0 || !a.takenBack(ctx, l.heads[i], base)) {
			l.last[name] = orEmpty(base)
			continue
		}
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

// takenBack tells whether a base is what a rollout committed that a rollback
// has taken back since, from wherever it was run: what the file still says of
// it is then a change of its own, not one that others took back. In doubt the
// base stands, which keeps what is live.
func (a *App) takenBack(ctx context.Context, head rollout.Head, base *vschema.Keyspace) bool {
	if head.CommittedBy == "" {
		return false
	}
	undo, _, err := a.store.Rollout(ctx, head.CommittedBy)
	if err != nil || undo.Undoes == "" {
		return false
	}
	undone, _, err := a.store.Rollout(ctx, undo.Undoes)
	if err != nil {
		return false
	}
	p, err := a.planOf(ctx, undone)
	if err != nil {
		return false
	}
	was, err := vschema.DecodeJSON(p.Desired[head.Keyspace])
	return err == nil && was != nil && vschema.Equal(was, orEmpty(base))
}
