package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/internal/vschema"
)

// mergeGround is what a merge of live values into files goes by.
type mergeGround struct {
	// last is what each file was derived from, as plan takes it; one that is
	// not there is not known. stale says of which files nobody can tell.
	last  map[string]*vschema.Keyspace
	stale map[string]plan.Denial
	// texts are the files as they are to be.
	texts map[string][]byte
}

// mergeGround finds what the files were derived from.
func (a *App) mergeGround(ctx context.Context, tree *desired.Tree, global planes.Global) (*mergeGround, error) {
	g := &mergeGround{stale: map[string]plan.Denial{}, texts: map[string][]byte{}}
	if len(tree.Keyspaces) == 0 {
		return g, nil
	}
	heads, err := a.store.Heads(ctx)
	if err != nil {
		return nil, err
	}
	rev, err := a.files.Revision(ctx, a.chosenFiles(tree)...)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]rollout.Head, len(heads))
	for _, h := range heads {
		byName[h.Keyspace] = h
	}
	l := look{snap: &planes.Snapshot{Global: global}, rev: rev, derived: derived{
		last:      map[string]*vschema.Keyspace{},
		committed: map[string]*vschema.Keyspace{},
		beside:    map[string][]string{},
	}}
	for _, name := range sortedKeys(tree.Keyspaces) {
		before := len(l.stale)
		if err := a.deriveOne(ctx, &l, tree.Keyspaces[name], name, byName[name]); err != nil {
			return nil, err
		}
		if len(l.stale) > before {
			g.stale[name] = l.stale[before]
		}
	}
	g.last = l.last
	return g, nil
}

// mergeInto takes what others made into the text of a file, or says why not.
func (p puller) mergeInto(out view.Pulled, file *desired.Keyspace, live *vschema.Keyspace) (view.Pulled, error) {
	if old, stale := p.merge.stale[out.Keyspace]; stale {
		out.Action, out.Reason, out.Next = view.PullRefused, old.Text, old.Remedy
		return out, nil
	}
	data, err := p.files.Read(file.File)
	if err != nil {
		return out, err
	}
	last, known := p.merge.last[out.Keyspace]
	known = known && last != nil
	merged, err := desired.Merge(out.Keyspace, file.File, data, live, last)
	if bad, ok := errors.AsType[*errs.Invalid](err); ok {
		moved := *bad
		moved.Pos = p.files.Position(bad.Pos)
		out.Action, out.Reason, out.Next = view.PullRefused, moved.Error(), bad.Next
		return out, nil
	}
	if err != nil {
		return out, fmt.Errorf("merge into %s: %w", out.File, err)
	}
	switch {
	case merged.Conflicts != nil:
		p.conflicts(&out, merged.Conflicts, known)
	case bytes.Equal(merged.Data, data):
		out.Action = view.PullKept
	default:
		out.Action = view.PullMerged
		out.Changes = diff.Between(out.Keyspace, file.VSchema, merged.VSchema)
		p.merge.texts[out.Keyspace] = merged.Data
	}
	return out, nil
}

// conflicts refuses a merge, and says what would settle each conflict.
func (p puller) conflicts(out *view.Pulled, conflicts []desired.Conflict, known bool) {
	out.Action = view.PullRefused
	out.Reason = "the file and the cluster both changed the same:"
	if !known {
		out.Reason = "what the file was derived from is not known, so that --merge cannot tell whose change this is:"
	}
	out.Next = fmt.Sprintf("write the live value there, run vtsync pull --merge, then make the edit again; or %s", plan.RemedyPull(out.Keyspace))
	for _, c := range conflicts {
		c.Pos = p.files.Position(c.Pos)
		out.Conflicts = append(out.Conflicts, view.PullConflict{Position: c.Pos, Path: c.Path, File: c.File, Live: c.Live})
	}
}
