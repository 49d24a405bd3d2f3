package worktree

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
)

// QueriesDir is where the known queries of a tree stand.
const QueriesDir = "queries"

// Files are a tree's files to read: as they lie on the disk, or as a commit has
// them.
type Files struct {
	fsys fs.FS
	name string // stands in front of each file, for people
}

// Name is how people name the folder.
func (f Files) Name() string { return f.name }

// Path gives a file as the user would name it.
func (f Files) Path(file string) string { return filepath.Join(f.name, filepath.FromSlash(file)) }

// Load reads the files of the keyspaces named, or of all. Positions in errors
// lead from the current folder.
func (f Files) Load(only ...string) (*desired.Tree, error) {
	tree, err := desired.Load(f.fsys, only...)
	if err != nil {
		return nil, f.relocate(err)
	}
	return tree, nil
}

// LoadWithRules is Load of all keyspaces, where rules that cannot be read are an
// error too.
func (f Files) LoadWithRules() (*desired.Tree, error) {
	tree, err := f.Load()
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, kind := range slices.Sorted(maps.Keys(tree.UnreadableRules)) {
		failed = append(failed, f.relocate(tree.UnreadableRules[kind].Err))
	}
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	return tree, nil
}

// Queries names the files of the known queries, sorted: all in the folder for
// them but what is hidden, and prose.
func (f Files) Queries() ([]string, error) {
	return listQueries(f.fsys, QueriesDir)
}

// QueryFiles gives the paths of the files in a folder of queries, as Queries does.
func QueryFiles(dir string) ([]string, error) {
	files, err := listQueries(os.DirFS(dir), ".")
	for i, file := range files {
		files[i] = filepath.Join(dir, filepath.FromSlash(file))
	}
	return files, err
}

// Open opens a file to read.
func (f Files) Open(file string) (fs.File, error) { return f.fsys.Open(file) }

// listQueries names the files in a folder and in those below it; none where there
// is no such folder.
func listQueries(fsys fs.FS, dir string) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case file != dir && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir() && path.Ext(file) != ".md":
			out = append(out, file)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	slices.Sort(out)
	return out, err
}

// relocate puts the folder's name in front of the file of each position.
func (f Files) relocate(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok { // a bare join is taken apart
		parts := joined.Unwrap()
		moved := make([]error, len(parts))
		for i, part := range parts {
			moved[i] = f.relocate(part)
		}
		return errors.Join(moved...)
	}
	var invalid *errs.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	moved := *invalid
	if moved.Pos = f.Position(invalid.Pos); moved.Pos.File == "" && f.name != "." {
		moved.Pos.File = f.name
	}
	return &moved
}

// Position gives a position inside the files as the user would name it.
func (f Files) Position(pos errs.Position) errs.Position {
	if pos.File != "" {
		pos.File = f.Path(pos.File)
	}
	return pos
}
