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

// filesToFormat gives the file at the path, or those of the repositories in the
// folder at the path.
func filesToFormat(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &errs.Invalid{Msg: "there is no file or folder " + path, Next: "vtsync fmt --help"}
	}
	if err != nil {
		return nil, fmt.Errorf("format files: %w", err)
	}
	if !info.IsDir() {
		return []string{filepath.Clean(path)}, nil
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("format files: %w", err)
	}
	files, err := filesBelow(path, filepath.Base(filepath.Dir(full)) == desired.KeyspacesDir)
	if err != nil {
		return nil, fmt.Errorf("format files: %w", err)
	}
	if len(files) == 0 {
		return nil, &errs.Invalid{
			Pos:  errs.Position{File: path},
			Msg:  "no keyspace has a file below this folder",
			Next: "name the files, or a folder that holds " + desired.KeyspacesDir + "/KEYSPACE/vschema.json",
		}
	}
	return files, nil
}

// filesBelow lists the files of the repositories below a folder, which may be
// that of a keyspace itself.
func filesBelow(dir string, isKeyspace bool) ([]string, error) {
	if isKeyspace {
		return filesIn(dir, desired.IsKeyspaceFile)
	}
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if path != dir && strings.HasPrefix(entry.Name(), ".") {
			return filepath.SkipDir
		}
		full, err := filepath.Abs(path)
		if err != nil || filepath.Base(full) != desired.KeyspacesDir {
			return err
		}
		if path != dir {
			rules, err := filesIn(filepath.Dir(path), desired.IsRuleFile)
			if err != nil {
				return err
			}
			files = append(files, rules...)
		}
		keyspaces, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		for _, ks := range keyspaces {
			found, err := filesIn(filepath.Join(path, ks.Name()), desired.IsKeyspaceFile)
			if err != nil {
				return err
			}
			files = append(files, found...)
		}
		return filepath.SkipDir
	})
	return files, err
}

// filesIn lists the files of a folder that have such a name; none where it is
// no folder. A link to a folder or a file will do.
func filesIn(dir string, wanted func(name string) bool) ([]string, error) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if wanted(entry.Name()) {
			files = append(files, filepath.Join(dir, entry.Name()))
		}
	}
	return files, nil
}
