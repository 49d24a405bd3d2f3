// Package worktree is the adapter to the folder that holds a cluster's files:
// it loads them, writes what pull takes in, keeps what they were derived from
// (.vtsync/base) and asks git about them. It must import no other adapter.
package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
)

// Tree is the folder that holds keyspaces/ and .vtsync/.
type Tree struct {
	Files // as they lie there
	dir   string
}

// At gives the tree at a folder, which need not exist yet.
func At(dir string) Tree {
	dir = filepath.Clean(dir)
	return Tree{Files: Files{fsys: os.DirFS(dir), name: dir}, dir: dir}
}

// Dir is the tree's folder.
func (t Tree) Dir() string { return t.dir }

// LoadIfAny is Load where a folder without keyspaces/ is an empty tree, as
// before the first pull, and where keyspaces that cannot be read are no error:
// they stand in the tree.
func (t Tree) LoadIfAny(only ...string) (*desired.Tree, error) {
	if _, err := os.Stat(t.Path("keyspaces")); errors.Is(err, fs.ErrNotExist) {
		return &desired.Tree{Keyspaces: map[string]*desired.Keyspace{}}, nil
	}
	tree, err := desired.LoadReadable(os.DirFS(t.dir), only...)
	if err != nil {
		return nil, t.relocate(err)
	}
	for name, bad := range tree.Unreadable {
		bad.Err = t.relocate(bad.Err)
		tree.Unreadable[name] = bad
	}
	return tree, nil
}

// KeyspaceFile is where pull writes a keyspace that has no file yet.
func KeyspaceFile(keyspace string) string {
	return "keyspaces/" + keyspace + "/vschema.json"
}

// Read gives the text of a file of the tree.
func (t Tree) Read(file string) ([]byte, error) { return os.ReadFile(t.Path(file)) }

// Write writes a file of the tree: whole, or not at all.
func (t Tree) Write(file string, data []byte) error {
	if !filepath.IsLocal(filepath.FromSlash(file)) { // a keyspace's name is part of it
		return &errs.Invalid{Msg: fmt.Sprintf("%q does not name a file below %s", file, t.dir)}
	}
	if err := writeFile(t.Path(file), data); err != nil {
		return fmt.Errorf("write %s: %w", t.Path(file), err)
	}
	return nil
}

// Remove removes a file of the tree.
func (t Tree) Remove(file string) error {
	return os.Remove(t.Path(file))
}

// writeFile replaces a file by a rename, so that no reader sees half of it.
func writeFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".vtsync-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
