package view

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

func TestLintText(t *testing.T) {
	fixed := []LintFix{{Position: errs.Position{File: "f.yaml", Line: 9, Column: 1}, Code: "VS102", Old: "colum", New: "column"}}
	l := NewLint(lintReport(), fixed)
	want(t, text(t, func(w io.Writer, s Style) error { return LintText(w, l, s) }), `
fixed[VS102]: f.yaml:9:1: colum -> column

error[VS301]: no such sequence
 --> keyspaces/a b/vschema.yaml:3:5
  |
3 |     custmer_seq: x
  |     ^^^^^^^^^^^ did you mean "customer_seq"?
  = harm: inserts fail
  = fix: name another
  = explain: vtsync lint --explain VS301

error[VS101]: too large
 --> bad.json
  = explain: vtsync lint --explain VS101

warning[VS804]: nowhere
 --> no file holds it: keyspace live
  = explain: vtsync lint --explain VS804

info[VS805]: a line
 --> x:2
  = explain: vtsync lint --explain VS805

2 errors, 1 warning, 1 info in 3 of 3 files; 2 suppressed; 1 fixed
`)
}

func TestLintTextOfNothing(t *testing.T) {
	for summary, report := range map[string]review.Report{
		"no findings in 1 file\n": {Files: 1},
		"no findings about a, b in 3 files; 1 about other keyspaces not shown\n": {Files: 3, About: []string{"a", "b"}, Hidden: 1},
	} {
		want(t, text(t, func(w io.Writer, s Style) error { return LintText(w, NewLint(report, nil), s) }), summary)
	}
}

// TestLintTextRepeats shows a rule's page once, and that files which cannot be
// read leave something unsaid.
func TestLintTextRepeats(t *testing.T) {
	f := review.Finding{Finding: lint.Finding{Code: "VS102", Severity: lint.Error, Pos: errs.Position{File: "f"}, Message: "m"}}
	l := NewLint(review.Report{Files: 1, Findings: []review.Finding{f, f}, Unreadable: true, Unjudged: true}, nil)
	got := text(t, func(w io.Writer, s Style) error { return LintText(w, l, s) })
	if n := strings.Count(got, "--explain"); n != 1 {
		t.Errorf("the page is named %d times, want once:\n%s", n, got)
	}
	if !strings.Contains(got, "what the files say together was not judged") {
		t.Errorf("nothing says that rules were not run:\n%s", got)
	}
	l.Summary.Unjudged = false // it was SQL
	got = text(t, func(w io.Writer, s Style) error { return LintText(w, l, s) })
	if strings.Contains(got, "not judged") || !strings.Contains(got, "was not taken into account") {
		t.Errorf("SQL that cannot be read is told as:\n%s", got)
	}
}

func TestLintTextColor(t *testing.T) {
	var out bytes.Buffer
	if err := LintText(&out, NewLint(lintReport(), nil), Style{Color: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\x1b[31merror[VS301]\x1b[0m") {
		t.Errorf("an error is not red: %q", out.String())
	}
}

func TestCutLine(t *testing.T) {
	long := strings.Repeat("a", 200)
	tests := []struct {
		name        string
		line        string
		column, end int
		want        sourceLine
	}{
		{"plain", "name: hsh", 7, 10, sourceLine{"name: hsh", "      ", "^^^"}},
		{"tab", "\tname: hsh", 8, 11, sourceLine{"    name: hsh", "          ", "^^^"}},
		{"wide", `"表": "x"`, 6, 9, sourceLine{`"表": "x"`, "      ", "^^^"}},
		{"wide itself", `表x`, 1, 3, sourceLine{`表x`, "", "^^^"}},
		{"combining", "e\u0301: x", 5, 6, sourceLine{"e\u0301: x", "   ", "^"}},
		{"after the end", "abc", 4, 5, sourceLine{"abc", "   ", "^"}},
		{"beyond the end", "abc", 9, 10, sourceLine{"abc", "   ", "^"}},
		{"no column", "abc", 0, 0, sourceLine{"abc", "", "^"}},
		{"escape", "a\x1b[31mb", 1, 2, sourceLine{"a\uFFFD[31mb", "", "^"}},
		{"right to left", "a\u202Eb", 3, 4, sourceLine{"a\uFFFDb", "  ", "^"}},
		{"long, at the end", long + "bad", 201, 204, sourceLine{"..." + strings.Repeat("a", 30) + "bad", strings.Repeat(" ", 33), "^^^"}},
		{"long, at the start", "bad" + long, 1, 4, sourceLine{"bad" + strings.Repeat("a", 97) + "...", "", "^^^"}},
		{"long itself", "x" + long, 2, 202, sourceLine{"x" + strings.Repeat("a", 99) + "...", " ", strings.Repeat("^", 99)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, cutLine([]rune(tt.line), tt.column, tt.end), cmp.AllowUnexported(sourceLine{})); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestLintTextOneLine shows thousands of mistakes in a file of one line. Work
// that grows with the column would take minutes here.
func TestLintTextOneLine(t *testing.T) {
	const mistakes = 5000
	line := []rune(strings.Repeat(strings.Repeat(" ", 200)+"mistake,", mistakes))
	report := review.Report{Files: 1}
	for i := range mistakes {
		column := (i+1)*208 - 7
		report.Findings = append(report.Findings, review.Finding{
			Finding: lint.Finding{Code: "VS102", Severity: lint.Error, Pos: errs.Position{File: "f.json", Line: 1, Column: column}},
			Span:    review.Span{Line: line, End: column + 7},
		})
	}
	got := text(t, func(w io.Writer, s Style) error { return LintText(w, NewLint(report, nil), s) })
	if n := strings.Count(got, "  | "+strings.Repeat(" ", 33)+"^^^^^^^\n"); n != mistakes {
		t.Errorf("%d places are marked, want %d", n, mistakes)
	}
	if most := mistakes * 300; len(got) > most {
		t.Errorf("%d bytes for %d findings: the line is not cut", len(got), mistakes)
	}
}

func FuzzCutLine(f *testing.F) {
	f.Add("\tname: 表", 3, 9)
	f.Add(strings.Repeat("a", 1<<20), 1<<19, 1<<19+9)
	f.Add(strings.Repeat("\u0301", 1<<16), 1<<15, 1<<16)
	f.Fuzz(func(t *testing.T, line string, column, end int) {
		got := cutLine([]rune(line), column, end)
		if n := lineWidth([]rune(got.pad + got.carets)); n > maxLineWidth+len("...")+1 {
			t.Errorf("the mark ends in column %d", n)
		}
		if strings.ContainsAny(got.text, "\x1b\r\n\t") {
			t.Errorf("%q would move the cursor", got.text)
		}
	})
}

func TestLintGitHub(t *testing.T) {
	report := lintReport()
	report.Findings[0].Message = "100% wrong:\nthis, that"
	report.Findings[0].Pos.File = "a:b,c.yaml"
	want(t, text(t, func(w io.Writer, _ Style) error { return LintGitHub(w, NewLint(report, nil)) }), `
::error file=a%3Ab%2Cc.yaml,line=3,col=5,endColumn=16,title=VS301%3A auto_increment sequence is not declared::100%25 wrong:%0Athis, that (did you mean "customer_seq"?)%0Aharm: inserts fail%0Afix: name another
::error file=bad.json,title=VS101%3A `+lintName(t, "VS101")+`::too large
::warning title=VS804%3A `+lintName(t, "VS804")+`::nowhere
::notice file=x,line=2,title=VS805%3A `+lintName(t, "VS805")+`::a line
2 errors, 1 warning, 1 info in 3 of 3 files; 2 suppressed
`)
}

// TestLintGitHubControls gives a log nothing that moves its cursor or reorders
// its text.
func TestLintGitHubControls(t *testing.T) {
	report := review.Report{Findings: []review.Finding{{Finding: lint.Finding{
		Code: "VS301", Severity: lint.Error, Pos: errs.Position{File: "a\x1b.yaml"}, Message: "no \x1b[31m\u202Eseq\nharm",
	}}}}
	got := text(t, func(w io.Writer, _ Style) error { return LintGitHub(w, NewLint(report, nil)) })
	if strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "::no \uFFFD[31m\uFFFDseq%0Aharm\n") {
		t.Errorf("GitHub is given %q", got)
	}
}

func lintName(t *testing.T, code string) string {
	t.Helper()
	rule, ok := lint.RuleOf(code)
	if !ok {
		t.Fatalf("there is no rule %s", code)
	}
	return escapeProperty(rule.Name)
}
