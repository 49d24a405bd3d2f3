package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
)

// formatted are the files that fmt is to lay out, and why some cannot be found.
type formatted struct {
	files  []string
	failed []error
}

func (f *formatted) fail(path string, err error) {
	f.failed = append(f.failed, desired.Unreachable(path, err))
}

// add adds the file at the path, or those of the repositories in the folder at
// the path.
func (f *formatted) add(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &errs.Invalid{Msg: "there is no file or folder " + path, Next: "vtsync fmt --help"}
	}
	if err != nil {
		return desired.Unreachable(path, err)
	}
	if !info.IsDir() {
		f.files = append(f.files, filepath.Clean(path))
		return nil
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("format files: %w", err)
	}
	before := len(f.files) + len(f.failed)
	if filepath.Base(filepath.Dir(full)) == desired.KeyspacesDir {
		f.addFrom(path, desired.IsKeyspaceFile)
	} else if err := f.addBelow(path); err != nil {
		return fmt.Errorf("format files: %w", err)
	}
	if len(f.files)+len(f.failed) == before {
		return &errs.Invalid{
			Pos:  errs.Position{File: path},
			Msg:  "no keyspace has a file below this folder",
			Next: "name the files, or a folder that holds " + desired.KeyspacesDir + "/KEYSPACE/vschema.json",
		}
	}
	return nil
}

// addBelow adds the files of the repositories below a folder.
func (f *formatted) addBelow(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			f.fail(path, err)
			return nil
		}
		if !entry.IsDir() {
			return nil
		}
		if path != dir && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		full, err := filepath.Abs(path)
		if err != nil || filepath.Base(full) != desired.KeyspacesDir {
			return err
		}
		if path != dir {
			f.addFrom(filepath.Dir(path), desired.IsRuleFile)
		}
		keyspaces, err := os.ReadDir(path)
		if err != nil {
			f.fail(path, err)
		}
		for _, ks := range keyspaces {
			f.addFrom(filepath.Join(path, ks.Name()), desired.IsKeyspaceFile)
		}
		return filepath.SkipDir
	})
}

// addFrom adds the files of a folder that have such a name; none where it is no
// folder. A link to a folder or a file will do.
func (f *formatted) addFrom(dir string, wanted func(name string) bool) {
	info, err := os.Stat(dir)
	if err != nil {
		f.fail(dir, err)
		return
	}
	if !info.IsDir() {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.fail(dir, err)
	}
	for _, entry := range entries {
		if wanted(entry.Name()) {
			f.files = append(f.files, filepath.Join(dir, entry.Name()))
		}
	}
}
