package worktree

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// baseFormat is the version of the base files. A reader refuses any other.
const baseFormat = 1

// Origin names the cluster that files were derived from. Two clusters may
// follow the same files, and what one of them held says nothing of the other.
type Origin struct {
	// Cluster is the cluster's id; empty before the first apply made one.
	Cluster string `json:"cluster,omitempty"`
	// Topo is the address of its global topo, which stands in for the id
	// where that is not known.
	Topo string `json:"topo"`
}

func (o Origin) same(p Origin) bool {
	if o.Cluster != "" && p.Cluster != "" {
		return o.Cluster == p.Cluster
	}
	return o.Topo == p.Topo
}

// Base is what a keyspace's file was derived from: what was last pulled into it
// or applied from it.
type Base struct {
	VSchema *vschema.Keyspace
	Revised
}

// Revised ties a base to the file that it was kept for, so that a checkout of
// something else does not pass for an edit of it.
type Revised struct {
	// Commit is what was checked out; empty where the file was not in git.
	Commit string `json:"commit,omitempty"`
	// Instead is git's name for the content that the commit has in the file's
	// place, where the file differed from it: a file that has it again is not
	// derived from the base. Empty where the file was as the commit has it, or
	// was a new one.
	Instead string `json:"instead,omitempty"`
	// Kept is git's name for the file's own content then, where the commit did
	// not have it.
	Kept string `json:"kept,omitempty"`
}

// baseFile is what .vtsync/base/CLUSTER/KEYSPACE.json holds.
type baseFile struct {
	Format   int    `json:"format"`
	Keyspace string `json:"keyspace"`
	Origin
	Revised
	VSchema json.RawMessage `json:"vschema"`
}

// Base gives what the keyspace's file was derived from. known is false where
// nothing was kept, or something of another cluster only.
func (t Tree) Base(keyspace string, of Origin) (b Base, known bool, err error) {
	for _, file := range basePaths(keyspace, of) {
		if b, known, err = t.readBase(file, keyspace, of); known || err != nil {
			return b, known, err
		}
	}
	return Base{}, false, nil
}

func (t Tree) readBase(file, keyspace string, of Origin) (b Base, known bool, err error) {
	path := t.Path(file)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Base{}, false, nil
	}
	if err != nil {
		return Base{}, false, fmt.Errorf("read the base of keyspace %s: %w", keyspace, err)
	}
	b, known, err = decodeBase(data, keyspace, of)
	if err != nil {
		return Base{}, false, &errs.Invalid{
			Pos: errs.Position{File: path}, Msg: "the base file is damaged", Err: err,
			Next: "remove it, then run vtsync pull",
		}
	}
	return b, known, nil
}

// decodeBase reads a base file strictly; known is false for another cluster's.
func decodeBase(data []byte, keyspace string, of Origin) (base Base, known bool, err error) {
	var b baseFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		return Base{}, false, err
	}
	if _, more := dec.Token(); !errors.Is(more, io.EOF) {
		return Base{}, false, errors.New("data after its end")
	}
	if b.Format != baseFormat || b.Keyspace != keyspace {
		return Base{}, false, fmt.Errorf("it is of format %d for keyspace %q", b.Format, b.Keyspace)
	}
	if !b.same(of) {
		return Base{}, false, nil
	}
	ks, err := vschema.DecodeJSON(b.VSchema)
	return Base{VSchema: ks, Revised: b.Revised}, err == nil, err
}

// BaseOf makes the base of a file as it lies there, at the revision given.
func (t Tree) BaseOf(ctx context.Context, at Revision, file string, ks *vschema.Keyspace) (Base, error) {
	b := Base{VSchema: ks, Revised: Revised{Commit: at.Commit}}
	if !at.Dirty {
		return b, nil
	}
	now, head, err := t.blobs(ctx, at.Commit, file)
	if err != nil {
		return Base{}, fmt.Errorf("compare %s with its commit: %w", t.Path(file), err)
	}
	if now != head {
		b.Instead, b.Kept = head, now
	}
	return b, nil
}

// Derives tells whether the file, as it lies there, can have been derived from
// the base; why says why not.
func (t Tree) Derives(ctx context.Context, at Revision, file *desired.Keyspace, b Base) (ok bool, why string) {
	if at.Commit == "" || b.Commit == "" {
		return true, ""
	}
	if b.Commit != at.Commit {
		if ok, why := t.Contains(ctx, b.Commit); !ok {
			return false, fmt.Sprintf("what was pulled or applied here last was at commit %s, which %s", Short(b.Commit), why)
		}
	}
	if b.Kept == "" {
		return true, ""
	}
	now, _, err := t.blobs(ctx, at.Commit, file.File)
	switch {
	case err != nil:
		return false, err.Error()
	case now == b.Instead:
		return false, "what was pulled or applied here last is not in the file any more: it is as commit " + Short(b.Commit) + " has it"
	case now == b.Kept, at.Commit == b.Commit:
		return true, ""
	}
	ok, err = t.follows(ctx, at, file, b)
	switch {
	case err != nil:
		return false, err.Error()
	case !ok:
		return false, "what was pulled or applied here last, with edits on commit " + Short(b.Commit) + ", is neither in the file nor in a commit of its history"
	default:
		return true, ""
	}
}

// follows tells whether a file of a later commit was made from what was kept
// with edits: its history has that content, or it still has every entry that
// was kept. Else the commits may come from files that never had those edits,
// and to lack them is no wish to take them out.
func (t Tree) follows(ctx context.Context, at Revision, file *desired.Keyspace, b Base) (bool, error) {
	log, err := t.git(ctx, "log", "--full-history", "--format=", "--raw", "--no-abbrev", b.Commit+".."+at.Commit, "--", file.File)
	if err != nil || strings.Contains(log, b.Kept) {
		return err == nil, err
	}
	instead := &vschema.Keyspace{}
	if b.Instead != "" {
		data, err := t.git(ctx, "cat-file", "blob", b.Instead)
		if err != nil {
			return false, err
		}
		then, err := desired.Parse(file.Name, file.File, []byte(data))
		if err != nil {
			return false, fmt.Errorf("the file at commit %s: %w", Short(b.Commit), err)
		}
		instead = then.VSchema
	}
	gone := map[vschema.Entry]bool{}
	for _, c := range diff.Between(file.Name, file.VSchema, b.VSchema) {
		gone[c.Entry] = true
	}
	kept := diff.Between(file.Name, instead, b.VSchema)
	return !slices.ContainsFunc(kept, func(c diff.EntryChange) bool { return gone[c.Entry] }), nil
}

// SaveBase keeps what the keyspace's file is derived from. What is kept already
// is not written again.
func (t Tree) SaveBase(keyspace string, of Origin, base Base) error {
	b := baseFile{
		Format: baseFormat, Keyspace: keyspace, Origin: of, Revised: base.Revised,
		VSchema: vschema.EncodeJSON(base.VSchema),
	}
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the base of keyspace %s: %w", keyspace, err)
	}
	data = append(data, '\n')
	paths := basePaths(keyspace, of)
	if kept, err := os.ReadFile(t.Path(paths[0])); err == nil && bytes.Equal(kept, data) {
		return nil
	}
	// Bases belong to one person's checkout: they must not travel by git.
	if _, err := os.Stat(t.Path(".vtsync/.gitignore")); errors.Is(err, fs.ErrNotExist) {
		if err := t.Write(".vtsync/.gitignore", []byte("*\n")); err != nil {
			return err
		}
	}
	if err := t.Write(paths[0], data); err != nil {
		return err
	}
	for _, old := range paths[1:] { // kept before the id was made; it must not pass for the next cluster's
		if err := t.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the old base of keyspace %s: %w", keyspace, err)
		}
	}
	return nil
}

// basePaths names where the base of a keyspace is kept, a folder for each
// cluster, and after it where it was kept before the cluster had an id.
func basePaths(keyspace string, of Origin) []string {
	path := func(cluster string) string {
		sum := sha256.Sum256([]byte(cluster))
		return ".vtsync/base/" + hex.EncodeToString(sum[:6]) + "/" + keyspace + ".json"
	}
	if of.Cluster == "" {
		return []string{path(of.Topo)}
	}
	return []string{path(of.Cluster), path(of.Topo)}
}
