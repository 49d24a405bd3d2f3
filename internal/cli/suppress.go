package cli

import (
	"fmt"
	"path/filepath"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/lint"
)

// suppressions gives those of the config for the files below dir. Their own
// file is named as dir is, from the current folder or in full: a suppression's
// pattern is only held against paths that are named alike.
func suppressions(cfg *config.Config, dir string) ([]lint.Ignore, error) {
	file := cfg.File
	if filepath.IsAbs(file) != filepath.IsAbs(dir) {
		here, err := filepath.Abs(".")
		if err == nil && filepath.IsAbs(dir) {
			file = filepath.Join(here, file)
		} else if err == nil {
			file, err = filepath.Rel(here, file)
		}
		if err != nil {
			return nil, fmt.Errorf("name %s: %w", cfg.File, err)
		}
	}
	var out []lint.Ignore
	for _, i := range cfg.Ignores {
		ignore := lint.Ignore{Path: i.Path, Reason: i.Reason, Pos: i.Pos}
		ignore.Pos.File = file
		if i.Rule != "" {
			ignore.Codes = []string{i.Rule}
		}
		out = append(out, ignore)
	}
	return out, nil
}
