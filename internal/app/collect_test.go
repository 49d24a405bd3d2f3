package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/internal/worktree"
)

func importing(source io.Reader) cli.Collecting {
	return cli.Collecting{Sources: []string{"-"}, Stdin: source}
}

// TestCollectBesideAnother: what another process has written, from when the file was
// looked at until it is written, stays.
func TestCollectBesideAnother(t *testing.T) {
	a := &App{files: worktree.At(t.TempDir())}
	source, feed := io.Pipe()
	slow := make(chan error, 1)
	go func() {
		_, err := a.Collect(t.Context(), importing(source))
		slow <- err
	}()
	// Once it reads its source it has looked at the file.
	if _, err := io.WriteString(feed, "select a from one_table;\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Collect(t.Context(), importing(strings.NewReader("select a from another;"))); err != nil {
		t.Fatal(err)
	}
	_ = feed.Close()
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
	wantCollected(t, a, "select a from another", "select a from one_table")
}

// TestCollectAtOnce: of any number of imports at once none loses a query, and nothing
// else is left in the folder.
func TestCollectAtOnce(t *testing.T) {
	a := &App{files: worktree.At(t.TempDir())}
	var want []string
	var all sync.WaitGroup
	for i := range 16 {
		sql := fmt.Sprintf("select a from t%d", i)
		want = append(want, sql)
		all.Go(func() {
			if _, err := a.Collect(t.Context(), importing(strings.NewReader(sql))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wantCollected(t, a, want...)
}

func wantCollected(t *testing.T, a *App, want ...string) {
	t.Helper()
	file := a.files.Path("queries/imported.json")
	got, err := queriesIn(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]impact.Query{}
	for _, q := range got.list {
		found[q.SQL] = q
	}
	for _, sql := range want {
		if found[sql].Executions != 1 {
			t.Errorf("lost: %s", sql)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 || len(found) != len(want) {
		t.Errorf("%d queries, want %d; the folder has %v (%v)", len(found), len(want), left, err)
	}
}

// TestCollectBeyond: no more is written than whoever reads it keeps, and the import
// that goes beyond says so.
func TestCollectBeyond(t *testing.T) {
	folder := worktree.At(t.TempDir())
	out := view.Collected{File: folder.Path("imported.json")}
	var found []impact.Query
	for i := range 100_002 {
		found = append(found, impact.Query{SQL: fmt.Sprintf("select c%d from t", i), Executions: 1})
	}
	if err := mergeInto(folder, queriesFile{}, found, false, &out); err != nil {
		t.Fatal(err)
	}
	if out.Total.Queries != 100_000 || out.New != 100_000 || len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "2 queries are left out, of at most 1 execution each") {
		t.Errorf("%+v", out)
	}
}

// TestCollectNothing: sources without anything in them are no error; one with
// something that is of no use is, and writes nothing.
func TestCollectNothing(t *testing.T) {
	for source, named := range map[string]string{
		"": "", "create table t (a int)": "1 DDL", "use `shop/-80`; select a from t": "1 sent to a shard by name", "select a from": "syntax error",
	} {
		a := &App{files: worktree.At(t.TempDir())}
		got, err := a.Collect(t.Context(), importing(strings.NewReader(source)))
		var invalid *errs.Invalid
		switch {
		case named == "" && err != nil:
			t.Errorf("%q: %v", source, err)
		case named != "" && (!errors.As(err, &invalid) || !strings.Contains(err.Error(), named) || !strings.Contains(err.Error(), "the standard input")):
			t.Errorf("%q: got %v, want %q", source, err, named)
		}
		if _, missing := os.Stat(got.File); got.Written || !errors.Is(missing, os.ErrNotExist) {
			t.Errorf("%q: %+v", source, got)
		}
	}
}
