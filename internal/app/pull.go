package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// Pull takes the live VSchemas into files: all that may be written, or, where
// one is refused, none.
func (a *App) Pull(ctx context.Context, mode view.PullMode) (view.Pull, error) {
	tree, err := a.files.LoadIfAny(a.keyspaces...)
	if err != nil {
		return view.Pull{}, err
	}
	if err := pullOver(tree, mode == view.PullForce); err != nil {
		return view.Pull{}, err
	}
	ctx, span, err := a.begin(ctx, "pull")
	if err != nil {
		return view.Pull{}, err
	}
	defer span.End()
	global, err := a.topo.ReadGlobal(ctx)
	if err != nil {
		return view.Pull{}, err
	}
	names, err := a.pullable(global)
	if err != nil {
		return view.Pull{}, err
	}
	if _, err := a.files.Revision(ctx); err != nil { // before anything is written
		return view.Pull{}, err
	}
	p := puller{files: a.files, of: a.origin(&planes.Snapshot{Global: global}), force: mode == view.PullForce}
	if mode == view.PullMerge {
		if p.merge, err = a.mergeGround(ctx, tree, global); err != nil {
			return view.Pull{}, err
		}
	}
	out := view.Pull{Format: view.Format, Keyspaces: make([]view.Pulled, 0, len(names))}
	for _, name := range names {
		pulled, err := p.judge(name, tree, global.Keyspaces[name])
		if err != nil {
			return view.Pull{}, err
		}
		out.Keyspaces = append(out.Keyspaces, pulled)
	}
	for _, name := range sortedKeys(tree.Keyspaces) {
		if _, live := global.Keyspaces[name]; !live && len(a.keyspaces) == 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("%s: the cluster has no keyspace %s", a.files.Path(tree.Keyspaces[name].File), name))
		}
	}
	if out.Refused() {
		return out, nil
	}
	return out, p.write(ctx, out.Keyspaces, tree, global)
}

// pullOver refuses files that cannot be read. Under force one that can only be
// the keyspace's is an edit to give up.
func pullOver(tree *desired.Tree, force bool) error {
	if !force {
		return tree.Err()
	}
	rest := desired.Tree{Unreadable: maps.Clone(tree.Unreadable)}
	maps.DeleteFunc(rest.Unreadable, func(_ string, bad desired.Unreadable) bool { return bad.File != "" })
	return rest.Err()
}

// pullable gives the keyspaces to pull, sorted.
func (a *App) pullable(global planes.Global) ([]string, error) {
	all := sortedKeys(global.Keyspaces)
	if len(a.keyspaces) == 0 {
		return all, nil
	}
	for _, name := range a.keyspaces {
		if !slices.Contains(all, name) {
			return nil, &errs.Invalid{Msg: "the cluster has no keyspace " + name, Near: near.Name(name, all)}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(a.keyspaces))), nil
}

// puller decides about files and writes them.
type puller struct {
	files worktree.Tree
	of    worktree.Origin
	force bool
	merge *mergeGround // nil where files are not merged into
}

// judge says what pull will do with one keyspace.
func (p puller) judge(name string, tree *desired.Tree, live planes.Keyspace) (view.Pulled, error) {
	out := view.Pulled{Keyspace: name, File: p.files.Path(worktree.KeyspaceFile(name))}
	file := tree.Keyspaces[name]
	if file != nil {
		out.File = p.files.Path(file.File)
	}
	_, unreadable := tree.Unreadable[name]
	refuse := func(next, reason string, args ...any) (view.Pulled, error) {
		out.Action, out.Reason, out.Next = view.PullRefused, fmt.Sprintf(reason, args...), next
		return out, nil
	}
	switch {
	case live.Err != "":
		return refuse("vtctldclient GetVSchema "+name, "the live VSchema cannot be read: %s", live.Err)
	case len(live.Unknown) > 0:
		return refuse("use a vtsync built for the Vitess that wrote it",
			"the live VSchema has fields that this vtsync does not know and the file would lose: %s", strings.Join(live.Unknown, ", "))
	case unreadable: // and pull was told to give it up
		out.Action = view.PullUpdated
		return out, nil
	case live.VSchema == nil && file == nil:
		out.Action = view.PullEmpty
		return out, nil
	case p.merge != nil && file != nil:
		return p.mergeInto(out, file, orEmpty(live.VSchema))
	}
	base, known, err := p.files.Base(name, p.of)
	if err != nil && !p.force {
		return out, err
	}
	verdict := worktree.JudgePull(file, base.VSchema, known, orEmpty(live.VSchema))
	if file != nil && verdict != worktree.PullSame {
		out.Changes = diff.Between(name, file.VSchema, live.VSchema)
	}
	switch verdict {
	case worktree.PullCreate:
		out.Action = view.PullWritten
	case worktree.PullSame:
		out.Action = view.PullKept
	case worktree.PullEdited:
		if !p.force {
			return refuse("vtsync pull --merge keeps it and takes what others changed; vtsync pull --force gives it up",
				"%s has an edit that pull would lose; from the file to the cluster:", out.File)
		}
		out.Action = view.PullUpdated
	case worktree.PullYAML:
		if !p.force {
			return refuse("vtsync pull --merge keeps them; vtsync pull --force replaces the file by vschema.json",
				"%s is YAML, and its comments would be lost; from the file to the cluster:", out.File)
		}
		out.Action = view.PullUpdated
	case worktree.PullUpdate:
		out.Action = view.PullUpdated
	}
	if out.Action == view.PullUpdated {
		out.File = p.files.Path(worktree.KeyspaceFile(name))
	}
	return out, nil
}

// write writes what was judged. The file comes before its base: a base without
// its file would make the old file look like an edit of the new value.
func (p puller) write(ctx context.Context, pulled []view.Pulled, tree *desired.Tree, global planes.Global) error {
	files := map[string]string{}
	for _, k := range pulled {
		if k.Action == view.PullEmpty {
			continue
		}
		files[k.Keyspace] = fileOf(tree, k.Keyspace)
		if k.Action == view.PullWritten || k.Action == view.PullUpdated {
			live := orEmpty(global.Keyspaces[k.Keyspace].VSchema)
			if err := p.replace(k.Keyspace, files[k.Keyspace], live); err != nil {
				return err
			}
			files[k.Keyspace] = worktree.KeyspaceFile(k.Keyspace)
		}
		if k.Action == view.PullMerged {
			if err := p.files.Write(files[k.Keyspace], p.merge.texts[k.Keyspace]); err != nil {
				return err
			}
		}
	}
	at, err := p.files.Revision(ctx) // with what was written
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(files) {
		base, err := p.files.BaseOf(ctx, at, files[name], global.Keyspaces[name].VSchema)
		if err != nil {
			return err
		}
		if err := p.files.SaveBase(name, p.of, base); err != nil {
			return err
		}
	}
	return nil
}

// fileOf gives the file that a keyspace has; "" for none.
func fileOf(tree *desired.Tree, name string) string {
	if k, ok := tree.Keyspaces[name]; ok {
		return k.File
	}
	return tree.Unreadable[name].File
}

// replace writes one keyspace's file, in place of an old one of another form.
func (p puller) replace(name, old string, live *vschema.Keyspace) error {
	data, err := desired.Encode(live)
	if err != nil {
		return fmt.Errorf("write the VSchema of keyspace %s: %w", name, err)
	}
	file := worktree.KeyspaceFile(name)
	if old != "" && old != file {
		if err := p.files.Remove(old); err != nil {
			return fmt.Errorf("replace %s: %w", p.files.Path(old), err)
		}
	}
	return p.files.Write(file, data)
}
