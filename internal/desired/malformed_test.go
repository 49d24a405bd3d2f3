package desired

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/vschema"
)

var update = flag.Bool("update", false, "rewrite testdata/malformed/WANT")

// TestMalformed reads every file of testdata/malformed, as that of keyspace
// customer, or as rules where its name begins with their kind. Each line of WANT
// is a file and its problems: FILE CODE LINE:COLUMN...
func TestMalformed(t *testing.T) {
	const dir = "testdata/malformed"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := os.ReadFile(filepath.Join(dir, "WANT"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(wanted)) {
		file, problems, _ := strings.Cut(strings.TrimSpace(line), " ")
		want[file] = problems
	}
	var all strings.Builder
	for _, entry := range entries {
		file := entry.Name()
		if file == "WANT" || strings.HasPrefix(file, ".") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		got := problemsOf(t, file, data)
		fmt.Fprintf(&all, "%s %s\n", file, got)
		if got != want[file] && !*update {
			t.Errorf("%s: got %s, want %s", file, got, want[file])
		}
		delete(want, file)
	}
	if *update {
		if err := os.WriteFile(filepath.Join(dir, "WANT"), []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(want) > 0 {
		t.Errorf("no such files: %v", want)
	}
	if n := strings.Count(all.String(), "\n"); n < 100 {
		t.Errorf("only %d files", n)
	}
}

func problemsOf(t *testing.T, file string, data []byte) string {
	_, err := Parse("customer", file, data)
	for _, kind := range vschema.RuleKinds {
		if strings.HasPrefix(file, string(kind)+".") {
			_, err = ParseRules(kind, file, data)
		}
	}
	var out []string
	for _, e := range invalids(t, err) {
		out = append(out, fmt.Sprintf("%s %d:%d", e.Code, e.Pos.Line, e.Pos.Column))
	}
	return strings.Join(out, " ")
}
