package cli

import (
	"fmt"
	"path/filepath"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/lint"
)

// suppressions gives those of the config for the files below dir. Their own
// file is named as dir is, from the current folder or in full.
func suppressions(cfg *config.Config, dir string) ([]lint.Ignore, error) {
	file, from, err := configFrom(cfg.File, filepath.IsAbs(dir))
	if err != nil {
		return nil, fmt.Errorf("name %s: %w", cfg.File, err)
	}
	var out []lint.Ignore
	for _, i := range cfg.Ignores {
		ignore := lint.Ignore{Path: i.Path, From: from, Reason: i.Reason, Pos: i.Pos}
		ignore.Pos.File = file
		if i.Rule != "" {
			ignore.Codes = []string{i.Rule}
		}
		out = append(out, ignore)
	}
	return out, nil
}

// configFrom names the config in full, or from the current folder, which it then
// gives as seen from that of the config.
func configFrom(file string, full bool) (name, from string, err error) {
	name, err = filepath.Abs(file)
	if err != nil || full {
		return name, "", err
	}
	here, err := filepath.Abs(".")
	if err != nil {
		return "", "", err
	}
	if from, err = filepath.Rel(filepath.Dir(name), here); err != nil {
		return "", "", err
	}
	name, err = filepath.Rel(here, name)
	return name, from, err
}
