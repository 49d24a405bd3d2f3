package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/internal/vschema"
)

// malformed are files that cannot be read, and the problems of each in WANT.
const malformed = "../desired/testdata/malformed"

// TestLintMalformed puts each of them into a repository: lint exits with 2 and
// names every problem with its place.
func TestLintMalformed(t *testing.T) {
	wanted, err := os.ReadFile(filepath.Join(malformed, "WANT"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(wanted)), "\n")
	if len(lines) < 100 {
		t.Fatalf("only %d files", len(lines))
	}
	for _, line := range lines {
		name, problems, _ := strings.Cut(line, " ")
		t.Run(name, func(t *testing.T) { lintMalformed(t, name, problems) })
	}
}

func lintMalformed(t *testing.T, name, problems string) {
	data, err := os.ReadFile(filepath.Join(malformed, name))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := "keyspaces/customer/vschema" + filepath.Ext(name)
	if kind, _, _ := strings.Cut(name, "."); slices.Contains(vschema.RuleKinds, vschema.RuleKind(kind)) {
		file = kind + filepath.Ext(name)
		writeFile(t, filepath.Join(dir, "keyspaces/commerce/vschema.json"), []byte("{}"))
	}
	writeFile(t, filepath.Join(dir, file), data)

	got := (&double{}).runIn(t, nil, "lint", "--format", "json", dir)
	if got.code != errs.ExitError {
		t.Errorf("exit code %d, want %d\n%s%s", got.code, errs.ExitError, got.stdout, got.stderr)
	}
	var shown view.Lint
	if err := json.Unmarshal([]byte(got.stdout), &shown); err != nil {
		t.Fatalf("%v\n%s%s", err, got.stdout, got.stderr)
	}
	var found, want []string
	for _, f := range shown.Findings {
		if f.Pos.File != filepath.ToSlash(filepath.Join(dir, file)) {
			t.Errorf("finding in %s, want %s", f.Pos.File, file)
		}
		found = append(found, fmt.Sprintf("%s %d:%d", f.Code, f.Pos.Line, f.Pos.Column))
	}
	fields := strings.Fields(problems)
	for i := 0; i+1 < len(fields); i += 2 {
		want = append(want, fields[i]+" "+fields[i+1])
	}
	slices.Sort(found)
	slices.Sort(want)
	if d := cmp.Diff(want, found); d != "" || len(found) == 0 {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
