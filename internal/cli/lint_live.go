package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/review"
)

// liveJob finds the folder of one cluster, and asks the cluster.
func (c *command) liveJob(ctx context.Context, dir string) (lintJob, error) {
	s, err := c.settings(dir)
	if err != nil {
		return lintJob{}, err
	}
	if s.Cluster.VTCtld.Address.Value == "" {
		return lintJob{}, &errs.Invalid{
			Msg:  "lint --live reads MySQL's tables through vtctld, and none is named",
			Next: "add --vtctld HOST:PORT, or `vtctld` to the cluster in the config",
		}
	}
	job, err := c.liveFolder(s.Cluster, dir)
	if err != nil {
		return lintJob{}, err
	}
	live, err := look(ctx, c, dir, "reading the cluster and its tables", func(ctx context.Context, e Engine) (Live, error) {
		return e.Live(ctx)
	})
	if err != nil {
		return lintJob{}, err
	}
	for i := range job.folders {
		job.folders[i].Live, job.folders[i].Shards = &live.Live, live.Shards
	}
	return job, nil
}

// liveFolder gives the one folder that follows the cluster. Only where nobody
// names it may it have no files.
func (c *command) liveFolder(cluster config.Cluster, dir string) (lintJob, error) {
	if dir != "" {
		if err := checkFolder(filepath.Clean(dir), nil); err != nil {
			return lintJob{}, err
		}
		if _, err := os.Stat(filepath.Join(dir, desired.KeyspacesDir)); errors.Is(err, fs.ErrNotExist) {
			return lintJob{}, &errs.Invalid{
				Pos: errs.Position{File: filepath.ToSlash(dir)}, Msg: "no " + desired.KeyspacesDir + "/ directory here",
				Next: "leave DIR out, in a folder without files, to judge the live VSchema",
			}
		}
	}
	if c.flags.topo != "" {
		dir = filepath.Clean(cmp.Or(dir, "."))
		return lintJob{folders: []review.Folder{lintFolder(dir, []*config.Cluster{&cluster})}}, checkFolder(dir, nil)
	}
	cfg, err := c.flags.configIfAny()
	if err != nil {
		return lintJob{}, err
	}
	return configuredJob(cfg, []*config.Cluster{&cluster}, dir)
}
