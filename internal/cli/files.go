package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/vtsync/vtsync/internal/errs"
)

// writing guards the files that a verb rewrites, so that a request to stop is
// heard between two changes and never within one.
type writing struct {
	mu   sync.Mutex
	done []string // the files that have their new content
}

// untilStopped makes a verb that only reads and writes files end at the first
// request to stop. What it computes cannot be interrupted: it is left behind,
// and the end of the process is its end. It writes no more by then.
func (c *command) untilStopped(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		done := make(chan error, 1)
		go func() { done <- run(cmd, args) }()
		select {
		case err := <-done:
			return err
		case <-c.env.Park:
			c.writing.mu.Lock() // and never given back
			return c.writing.interrupted()
		}
	}
}

func (w *writing) interrupted() error {
	if len(w.done) == 0 {
		return errors.New("interrupted, no file was changed")
	}
	return fmt.Errorf("interrupted, after these files were rewritten: %s", strings.Join(slices.Compact(w.done), ", "))
}

// newFile is an existing file and what is to be in it.
type newFile struct {
	path string
	data []byte
}

// replace gives files their new content, each whole or not at all. It begins
// when all of it is on the disk, and tells how many it has done where one fails
// even so.
func (w *writing) replace(files ...newFile) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []staged
	defer func() {
		for _, s := range all[n:] {
			err = errors.Join(err, os.Remove(s.temp))
		}
	}()
	for _, f := range files {
		s, err := stage(f)
		if err != nil {
			return 0, &errs.Invalid{Pos: errs.Position{File: filepath.ToSlash(f.path)}, Msg: "cannot be rewritten", Err: err}
		}
		all = append(all, s)
	}
	for i, s := range all {
		if err := os.Rename(s.temp, s.path); err != nil {
			return i, &errs.Invalid{Pos: errs.Position{File: filepath.ToSlash(files[i].path)}, Msg: "cannot be rewritten", Err: err}
		}
		w.done = append(w.done, files[i].path)
	}
	return len(all), nil
}

// staged is a file's new content, beside it.
type staged struct{ temp, path string }

// stage writes a file's new content beside it. Its mode is kept, and a link
// still leads to it.
func stage(file newFile) (s staged, err error) {
	path, err := filepath.EvalSymlinks(file.path)
	if err != nil {
		return s, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".vtsync-*")
	if err != nil {
		return s, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(file.data)
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	return staged{f.Name(), path}, errors.Join(err, f.Close())
}
