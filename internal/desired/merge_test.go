package desired

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/vtsync/vtsync/internal/vschema"
)

// TestMerge merges what testdata/merge holds: base and live say what was and
// what is, the first other file is what is merged into, want is what comes out:
// its text, or the conflicts.
func TestMerge(t *testing.T) {
	archives, err := filepath.Glob("testdata/merge/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal(archives, err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { testMerge(t, path) })
	}
}

func testMerge(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	parts := map[string][]byte{}
	for _, f := range archive.Files {
		parts[f.Name] = f.Data
		if strings.HasPrefix(f.Name, "vschema.") {
			name = f.Name
		}
	}
	got := mergeText(t, name, parts[name], parts["live"], parts["base"])
	if *update {
		archive.Files[len(archive.Files)-1].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := string(parts["want"])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if strings.HasPrefix(want, "conflict ") || strings.HasPrefix(want, "error: ") {
		return
	}
	windows := func(s string) string { return "\uFEFF" + strings.ReplaceAll(s, "\n", "\r\n") }
	if diff := cmp.Diff(windows(want), mergeText(t, name, []byte(windows(string(parts[name]))), parts["live"], parts["base"])); diff != "" {
		t.Errorf("with a mark and CRLF, -want +got:\n%s", diff)
	}
	if again := mergeText(t, name, []byte(got), parts["live"], parts["live"]); again != got {
		t.Errorf("a second merge gives\n%s", again)
	}
}

// mergeText gives the merged text, or the conflicts as text.
func mergeText(t *testing.T, file string, data, live, base []byte) string {
	t.Helper()
	var last *vschema.Keyspace
	if base != nil {
		last = parsed(t, base)
	}
	merged, err := Merge("customer", file, data, parsed(t, live), last)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	if merged.Conflicts == nil {
		return string(merged.Data)
	}
	var b strings.Builder
	for _, c := range merged.Conflicts {
		fmt.Fprintf(&b, "conflict %s at %s\n  file: %s\n  live: %s\n", strings.Join(c.Path, "."), c.Pos, c.File, c.Live)
	}
	return b.String()
}

// parsed reads a value that a test writes in YAML.
func parsed(t *testing.T, data []byte) *vschema.Keyspace {
	t.Helper()
	ks, err := Parse("customer", "value.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return ks.VSchema
}
