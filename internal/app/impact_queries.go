package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/internal/worktree"
)

// nextQueries is what to do where no query is known.
const nextQueries = "vtsync queries collect writes those of the vtgates to " + worktree.QueriesDir + "/; or give --queries FILE"

// readQueries reads the known queries, of the sources named or of the files.
func (r *impactRun) readQueries(ctx context.Context) error {
	corpus := queries.NewCorpus()
	if len(r.ask.Queries) == 0 {
		if err := readQueriesOf(ctx, corpus, r.files.Files); err != nil {
			return err
		}
	}
	for _, source := range r.ask.Queries {
		var err error
		switch source {
		case "-":
			err = readStdin(ctx, corpus, r.ask.Stdin)
		case cli.SideLive:
			err = r.readCached(ctx, corpus)
		default:
			err = readQueriesAt(ctx, corpus, source)
		}
		if err != nil {
			return err
		}
	}
	r.queries = corpus.Queries()
	r.notes = append(r.notes, corpus.Notes()...)
	if len(r.queries) > 0 {
		return nil
	}
	none := &errs.Invalid{Msg: "no query is known, so there is nothing to plan", Next: nextQueries}
	if notes := corpus.Notes(); len(notes) > 0 {
		none.Msg += ": " + strings.Join(notes, "; ")
	}
	if len(r.ask.Queries) == 0 {
		none.Pos.File = filepath.ToSlash(r.files.Path(worktree.QueriesDir))
	}
	return none
}

// readQueriesOf reads the known queries that stand beside the files, if any.
func readQueriesOf(ctx context.Context, corpus *queries.Corpus, files worktree.Files) error {
	names, err := files.Queries()
	if err != nil {
		return fmt.Errorf("look for queries: %w", err)
	}
	for _, name := range names {
		f, err := files.Open(name)
		if err != nil {
			return unreadableSource(files.Path(name), err)
		}
		if err := readSource(ctx, corpus, files.Path(name), f); err != nil {
			return err
		}
	}
	return nil
}

// readQueriesAt reads a file, or all files of a folder.
func readQueriesAt(ctx context.Context, corpus *queries.Corpus, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unreadableSource(path, err)
	}
	paths := []string{path}
	if info.IsDir() {
		if paths, err = worktree.QueryFiles(path); err != nil {
			return unreadableSource(path, err)
		}
		if len(paths) == 0 {
			return &errs.Invalid{Pos: errs.Position{File: filepath.ToSlash(path)}, Msg: "no file in this folder holds queries", Next: nextQueries}
		}
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return unreadableSource(path, err)
		}
		if err := readSource(ctx, corpus, path, f); err != nil {
			return err
		}
	}
	return nil
}

// readStdin reads the standard input to its end.
func readStdin(ctx context.Context, corpus *queries.Corpus, in io.Reader) error {
	ctx, done := context.WithCancel(ctx)
	defer done()
	return corpus.Read("the standard input", until(ctx, in))
}

// readSource reads one file to its end and closes it.
func readSource(ctx context.Context, corpus *queries.Corpus, name string, f io.ReadCloser) error {
	ctx, done := context.WithCancel(ctx)
	defer done()
	return errors.Join(corpus.Read(filepath.ToSlash(name), until(ctx, f)), f.Close())
}

func unreadableSource(path string, err error) error {
	bad := &errs.Invalid{Pos: errs.Position{File: filepath.ToSlash(path)}, Msg: "these queries cannot be read", Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		bad.Msg, bad.Err, bad.Next = "there is no such file or folder", nil, "--queries takes a file, a folder, - or live"
	}
	return bad
}
