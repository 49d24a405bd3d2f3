package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
)

// TestReplaceAllOrNone changes no file where one of them cannot be changed, and
// leaves nothing beside them.
func TestReplaceAllOrNone(t *testing.T) {
	dir := t.TempDir()
	first := filepath.Join(dir, "a.json")
	writeFile(t, first, []byte("old"))
	var w writing
	n, err := w.replace(newFile{first, []byte("new")}, newFile{filepath.Join(dir, "b.json"), []byte("new")})
	if n != 0 || errs.ExitCode(err) != errs.ExitError || !strings.Contains(err.Error(), "b.json: cannot be rewritten") {
		t.Errorf("replaced %d files: %v", n, err)
	}
	if data, err := os.ReadFile(first); err != nil || string(data) != "old" {
		t.Errorf("a.json = %q, %v: want it as it was", data, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// TestStopDropsFiles shows that the first request to stop ends the verbs that
// only read and write files, and that they tell what they have written.
func TestStopDropsFiles(t *testing.T) {
	silent, feed := io.Pipe()
	defer feed.Close()
	park := make(chan struct{})
	close(park)
	var stderr bytes.Buffer
	code := Run(t.Context(), Env{
		Args: []string{"fmt", "-"}, Stdin: silent, Stdout: io.Discard, Stderr: &stderr, Park: park,
		Getenv: func(string) string { return "" },
	})
	if code != errs.ExitError || !strings.Contains(stderr.String(), "interrupted, no file was changed") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}

	file := filepath.Join(t.TempDir(), "a.json")
	writeFile(t, file, []byte("old"))
	var w writing
	if _, err := w.replace(newFile{file, []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if got := w.interrupted().Error(); !strings.Contains(got, "after these files were rewritten: "+file) {
		t.Errorf("interrupted says %q", got)
	}
}
