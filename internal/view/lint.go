package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/review"
)

// LintFinding is one finding as programs read it.
type LintFinding struct {
	lint.Finding
	// EndColumn is the column after what the finding is about.
	EndColumn int `json:"end_column,omitempty"`
	// Fixable tells that near is certain enough for --fix to write it.
	Fixable bool `json:"fixable,omitempty"`
}

func newLintFinding(f review.Finding) LintFinding { return LintFinding{f.Finding, f.End, f.Fix != nil} }

// LintSuppressed is a finding that does not count.
type LintSuppressed struct {
	LintFinding
	Reason string        `json:"reason"`
	By     errs.Position `json:"suppressed_at"`
}

// LintFix is one name that --fix corrected.
type LintFix struct {
	Position errs.Position `json:"position"`
	Code     string        `json:"code"`
	Old      string        `json:"old"`
	New      string        `json:"new"`
}

// LintSummary counts what was found.
type LintSummary struct {
	Errors     int `json:"errors"`
	Warnings   int `json:"warnings"`
	Infos      int `json:"infos"`
	Suppressed int `json:"suppressed"`
	Fixed      int `json:"fixed"`
	// Hidden counts the findings about other keyspaces than those asked for.
	Hidden int `json:"hidden"`
	// Files counts those that were read, FilesWithFindings those of them
	// that have any.
	Files             int `json:"files"`
	FilesWithFindings int `json:"files_with_findings"`
	// Unreadable tells that a file cannot be read, Unjudged that it is not
	// one of SQL: what the files of its folder say together was not judged.
	Unreadable bool `json:"unreadable"`
	Unjudged   bool `json:"unjudged"`
	// Notes and Unread are those of lint --live: what was left out of account,
	// and what of the cluster could not be read.
	Notes  []string `json:"notes,omitempty"`
	Unread []string `json:"unread,omitempty"`
}

// Lint is what lint found, as programs read it; docs/ci.md describes it.
type Lint struct {
	Format     int              `json:"format"`
	Findings   []LintFinding    `json:"findings"`
	Suppressed []LintSuppressed `json:"suppressed"`
	Fixed      []LintFix        `json:"fixed"`
	Summary    LintSummary      `json:"summary"`

	report review.Report
}

// NewLint gives a report as programs read it, with what was fixed before it.
func NewLint(report review.Report, fixed []LintFix) Lint {
	out := Lint{
		Format: Format, report: report,
		Findings: []LintFinding{}, Suppressed: []LintSuppressed{}, Fixed: append([]LintFix{}, fixed...),
		Summary: LintSummary{
			Suppressed: len(report.Suppressed), Fixed: len(fixed), Hidden: report.Hidden,
			Files: report.Files, Unreadable: report.Unreadable, Unjudged: report.Unjudged,
			Notes: report.Notes, Unread: report.Unread,
		},
	}
	files := make(map[string]bool)
	for _, f := range report.Findings {
		out.Findings = append(out.Findings, newLintFinding(f))
		if f.Pos.File != "" {
			files[f.Pos.File] = true
		}
		switch f.Severity {
		case lint.Error:
			out.Summary.Errors++
		case lint.Warning:
			out.Summary.Warnings++
		case lint.Info:
			out.Summary.Infos++
		}
	}
	out.Summary.FilesWithFindings = len(files)
	for _, s := range report.Suppressed {
		out.Suppressed = append(out.Suppressed, LintSuppressed{newLintFinding(s.Finding), s.Reason, s.By})
	}
	return out
}

// LintText writes what lint found for people: each place with its line, what
// is wrong there, what Vitess would do, and the fix.
func LintText(w io.Writer, l Lint, style Style) error {
	p := page{style: style}
	for _, fix := range l.Fixed {
		p.line("%s %s: %s -> %s", style.paint(green, "fixed["+fix.Code+"]:"), fix.Position, fix.Old, fix.New)
	}
	if len(l.Fixed) > 0 && len(l.report.Findings) > 0 {
		p.line("")
	}
	explained := make(map[string]bool)
	for _, f := range l.report.Findings {
		p.finding(f, !explained[f.Code])
		explained[f.Code] = true
	}
	switch {
	case l.Summary.Unjudged:
		p.line("what the files say together was not judged: correct those that cannot be read first")
	case l.Summary.Unreadable:
		p.line("what the SQL that cannot be read says of MySQL's tables was not taken into account")
	}
	for _, text := range l.Summary.Notes {
		p.line("note: %s", printable(text))
	}
	for _, text := range l.Summary.Unread {
		p.line("%s %s", style.paint(red, "not read:"), printable(text))
	}
	p.line("%s", l.summary())
	return p.writeTo(w)
}

func (p *page) finding(f review.Finding, explain bool) {
	color := severityColors[f.Severity]
	head := p.style.paint(color, fmt.Sprintf("%s[%s]", f.Severity, f.Code))
	p.line("%s%s", head, p.style.paint(bold, ": "+printable(f.Message)))
	margin := len(fmt.Sprint(max(f.Pos.Line, 1)))
	indent := strings.Repeat(" ", margin)
	if where := f.Pos.String(); where != "" {
		p.line("%s%s %s", indent, p.style.paint(dim, "-->"), where)
	} else {
		p.line("%s%s %s", indent, p.style.paint(dim, "-->"), "no file holds it: "+nowhere(f.Finding))
	}
	nearest := ""
	if f.Near != "" {
		nearest = fmt.Sprintf("did you mean %q?", f.Near)
	}
	bar := p.style.paint(dim, "|")
	if len(f.Line) > 0 {
		shown := cutLine(f.Line, f.Pos.Column, f.End)
		p.line("%s %s", indent, bar)
		p.line("%s %s %s", p.style.paint(dim, fmt.Sprint(f.Pos.Line)), bar, shown.text)
		if f.Pos.Column > 0 {
			p.line("%s %s %s", indent, bar, strings.TrimRight(shown.pad+p.style.paint(color, shown.carets+" "+nearest), " "))
		}
	}
	if nearest != "" && (len(f.Line) == 0 || f.Pos.Column == 0) {
		p.note(indent, "near", nearest)
	}
	p.note(indent, "harm", f.Harm)
	p.note(indent, "fix", f.Next)
	if explain {
		p.note(indent, "explain", "vtsync lint --explain "+f.Code)
	}
	p.line("")
}

var severityColors = map[lint.Severity]string{lint.Error: red, lint.Warning: yellow, lint.Info: cyan}

func (p *page) note(indent, label, text string) {
	if text != "" {
		p.line("%s %s %s", indent, p.style.paint(dim, "= "+label+":"), printable(text))
	}
}

// nowhere names the place of a finding that no file holds.
func nowhere(f lint.Finding) string {
	path := strings.Join(f.Path, ".")
	if f.Keyspace == "" {
		return path
	}
	return strings.TrimSuffix("keyspace "+f.Keyspace+", "+path, ", ")
}

func (l Lint) summary() string {
	s := l.Summary
	var parts []string
	for _, c := range []struct {
		n    int
		noun string
	}{{s.Errors, "error"}, {s.Warnings, "warning"}} {
		if c.n > 0 {
			parts = append(parts, count(c.n, c.noun))
		}
	}
	if s.Infos > 0 {
		parts = append(parts, fmt.Sprintf("%d info", s.Infos))
	}
	text := "no findings"
	if len(l.report.About) > 0 {
		text += " about " + strings.Join(l.report.About, ", ")
	}
	text += " in " + count(s.Files, "file")
	if len(parts) > 0 {
		text = fmt.Sprintf("%s in %d of %s", strings.Join(parts, ", "), s.FilesWithFindings, count(s.Files, "file"))
	}
	if s.Hidden > 0 {
		text += fmt.Sprintf("; %d about other keyspaces not shown", s.Hidden)
	}
	if s.Suppressed > 0 {
		text += fmt.Sprintf("; %d suppressed", s.Suppressed)
	}
	if s.Fixed > 0 {
		text += fmt.Sprintf("; %d fixed", s.Fixed)
	}
	return text
}
