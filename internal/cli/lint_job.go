package cli

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/view"
)

// lintJob is what one run of lint judges.
type lintJob struct {
	folders []review.Folder
	config  review.Suppressions
}

// lintJob finds the folders, and what the config says of them. dir is the
// verb's argument, if it has one.
func (c *command) lintJob(dir string) (lintJob, error) {
	if c.flags.topo != "" || len(c.flags.vtgates) > 0 || c.flags.vtctld != "" {
		return lintJob{}, &errs.Invalid{Msg: "lint reads files and asks no cluster: it takes neither --topo nor --vtctld nor --vtgate", Next: "add --live to judge the files with what the cluster holds"}
	}
	cfg, err := c.flags.configIfAny()
	if err != nil {
		return lintJob{}, err
	}
	if cfg == nil {
		if c.flags.cluster != "" {
			return lintJob{}, &errs.Invalid{Msg: "--cluster " + c.flags.cluster + " names a cluster of a config, and there is no ./" + config.FileName, Next: "add --config FILE"}
		}
		dir = cmp.Or(dir, ".")
		dir = filepath.Clean(dir)
		return lintJob{folders: []review.Folder{lintFolder(dir, nil)}}, checkFolder(dir, nil)
	}
	clusters, err := cfg.Chosen(c.flags.cluster)
	if err != nil {
		return lintJob{}, err
	}
	return configuredJob(cfg, clusters, dir)
}

// configuredJob takes the folder at dir, or those of the clusters, or the
// config's own.
func configuredJob(cfg *config.Config, clusters []*config.Cluster, dir string) (lintJob, error) {
	name, err := namer(cfg, dir)
	if err != nil {
		return lintJob{}, err
	}
	known := make(map[string][]*config.Cluster) // by the folder's name
	for _, cluster := range clusters {
		files := name(cfg.FilesDir(cluster))
		known[files] = append(known[files], cluster)
	}
	if len(clusters) == 0 {
		known[name(filepath.Dir(cfg.File))] = nil
	}
	ignores, err := suppressions(cfg, name("."))
	if err != nil {
		return lintJob{}, err
	}
	job := lintJob{config: review.Suppressions{Ignores: ignores, Source: cfg.Source}}
	job.config.Partial = len(clusters) < len(cfg.Clusters)
	if dir == "" {
		for _, files := range slices.Sorted(maps.Keys(known)) {
			if err := checkFolder(files, known[files]); err != nil {
				return lintJob{}, err
			}
			job.folders = append(job.folders, lintFolder(files, known[files]))
		}
		return job, nil
	}
	files := name(dir)
	own, ok := known[files]
	if !ok {
		own = clusters
	}
	job.folders = []review.Folder{lintFolder(files, own)}
	job.config.Partial = job.config.Partial || !ok || len(known) > 1
	return job, checkFolder(files, nil)
}

// namer gives how paths are named: all from the current folder, or, where one
// of them is given in full, all in full. One folder has one name, however it is
// spelled.
func namer(cfg *config.Config, dir string) (func(string) string, error) {
	full := filepath.IsAbs(cfg.File) || filepath.IsAbs(dir)
	for _, cluster := range cfg.Clusters {
		full = full || filepath.IsAbs(cluster.Path)
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	return func(path string) string {
		if !filepath.IsAbs(path) {
			path = filepath.Join(here, path)
		}
		if name, err := filepath.Rel(here, path); err == nil && !full {
			return name
		}
		return filepath.Clean(path)
	}, nil
}

// lintFolder is the folder at a path, with what its clusters say: the vindex
// types of all of them, and the least size of a cell's SrvVSchema.
func lintFolder(path string, clusters []*config.Cluster) review.Folder {
	opts := review.Options{Dir: filepath.ToSlash(path)}
	for _, cluster := range clusters {
		opts.OpaqueVindexes = append(opts.OpaqueVindexes, cluster.VindexTypes...)
		if most := cluster.Policy.MaxCellBytes; opts.MaxCellBytes == 0 || most < opts.MaxCellBytes {
			opts.MaxCellBytes = most
		}
	}
	return review.Folder{FS: os.DirFS(path), Options: opts}
}

// writeFixes corrects the files once and says what it did, where it fails too.
func (c *command) writeFixes(folders []review.Folder, report review.Report) ([]view.LintFix, error) {
	edits, err := review.Fixed(folders, report)
	if err != nil {
		return nil, err
	}
	files := make([]newFile, len(edits))
	for i, edit := range edits {
		files[i] = newFile{edit.File, edit.Data}
	}
	n, err := c.writing.replace(files...)
	var out []view.LintFix
	for _, edit := range edits[:n] {
		for _, fix := range edit.Fixes {
			out = append(out, view.LintFix{Position: fix.Pos, Code: fix.Code, Old: fix.Old, New: fix.New})
		}
	}
	return out, err
}
