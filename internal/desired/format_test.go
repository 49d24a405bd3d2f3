package desired

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestFormat lays out each file of testdata/format, whose name ends in .in, and
// wants what stands beside it.
func TestFormat(t *testing.T) {
	archives, err := filepath.Glob("testdata/format/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, archive := range archives {
		data, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		content := map[string]string{}
		for _, f := range txtar.Parse(data).Files {
			content[f.Name] = string(f.Data)
		}
		for name, in := range content {
			file, ok := strings.CutSuffix(name, ".in")
			if !ok {
				continue
			}
			t.Run(file, func(t *testing.T) {
				want := content[file]
				got, err := Format(file, []byte(in))
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, string(got)); d != "" {
					t.Errorf("layout (-want +got):\n%s", d)
				}
				crlf, err := Format(file, []byte("\uFEFF"+strings.ReplaceAll(in, "\n", "\r\n")))
				if err != nil || string(crlf) != want {
					t.Errorf("with a mark and CRLF: %v\n%s", err, crlf)
				}
				again, err := Format(file, got)
				if err != nil || string(again) != want {
					t.Errorf("once more: %v\n%s", err, again)
				}
			})
		}
	}
}

// A file on one line, of wide letters and with a comment behind it, takes no
// longer than one with many lines.
func TestFormatLongLine(t *testing.T) {
	var text strings.Builder
	text.WriteString("{tables: {")
	for i := range 30_000 {
		fmt.Fprintf(&text, "'é%05d': {column_vindexes: [{column: 'ü', name: x}]}, ", i)
	}
	text.WriteString("}} # vtsync:ignore VS301 all of them")
	start := time.Now()
	out, err := Format("v.yaml", []byte(text.String()))
	if err != nil || !strings.HasSuffix(string(out), "\n# vtsync:ignore VS301 all of them\n") {
		t.Fatalf("%v: %d bytes", err, len(out))
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}
