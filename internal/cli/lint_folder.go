package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
)

// checkFolder refuses a path that cannot be meant: what is not there, a file, or
// a part of a repository. Clusters are those that it is taken from, if it is: the
// error stands in their config. That a folder has no keyspaces is for its reader
// to say.
func checkFolder(path string, clusters []*config.Cluster) error {
	bad := &errs.Invalid{Pos: errs.Position{File: filepath.ToSlash(path)}}
	named := "this"
	for _, cluster := range clusters {
		if cluster.PathPos.Line > 0 {
			bad.Pos, named = cluster.PathPos, "folder "+filepath.ToSlash(path)
			break
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		bad.Msg, bad.Next = named+" does not exist", "name the folder that holds "+desired.KeyspacesDir+"/"
		return bad
	case err != nil:
		bad.Msg, bad.Err = named+" cannot be read", err
		return bad
	case !info.IsDir():
		bad.Msg, bad.Next = named+" is a file, and lint judges all of a folder together", "name the folder that holds "+desired.KeyspacesDir+"/"
		return bad
	}
	keyspaces := filepath.Join(path, desired.KeyspacesDir)
	info, err = os.Stat(keyspaces)
	if err == nil && !info.IsDir() {
		return &errs.Invalid{Pos: errs.Position{File: filepath.ToSlash(keyspaces)}, Msg: "a file, where the folder of all keyspaces is expected"}
	}
	if err == nil {
		return nil
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find %s: %w", path, err)
	}
	above := filepath.Join(path, "..")
	switch desired.KeyspacesDir {
	case filepath.Base(full):
	case filepath.Base(filepath.Dir(full)):
		above = filepath.Join(above, "..")
	default:
		return nil
	}
	bad.Msg, bad.Next = named+" is a part of a repository, which lint judges as a whole", "vtsync lint "+above
	return bad
}
