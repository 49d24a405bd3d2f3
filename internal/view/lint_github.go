package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/vtsync/vtsync/internal/lint"
)

// LintGitHub writes findings as workflow commands, which GitHub shows at their
// lines in a pull request.
func LintGitHub(w io.Writer, l Lint) error {
	p := page{}
	for _, f := range l.report.Findings {
		var at []string
		add := func(name, value string) { at = append(at, name+"="+escapeProperty(value)) }
		if f.Pos.File != "" {
			add("file", printable(f.Pos.File))
		}
		if f.Pos.Line > 0 {
			add("line", fmt.Sprint(f.Pos.Line))
		}
		if f.Pos.Column > 0 {
			add("col", fmt.Sprint(f.Pos.Column))
			add("endColumn", fmt.Sprint(f.End))
		}
		add("title", title(f.Finding))
		p.line("::%s %s::%s", gitHubLevels[f.Severity], strings.Join(at, ","), escapeData(printableLines(sentences(f.Finding))))
	}
	for _, text := range l.Summary.Unread {
		p.line("::error title=%s::%s", escapeProperty("vtsync lint --live"), escapeData(printable("not read: "+text)))
	}
	p.line("%s", l.summary())
	return p.writeTo(w)
}

var gitHubLevels = map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "notice"}

// title names the rule of a finding.
func title(f lint.Finding) string {
	rule, _ := lint.RuleOf(f.Code)
	return strings.TrimSuffix(f.Code+": "+rule.Name, ": ")
}

// sentences is all that is said of a finding but its place.
func sentences(f lint.Finding) string {
	text := f.Message
	if f.Near != "" {
		text += fmt.Sprintf(" (did you mean %q?)", f.Near)
	}
	if f.Harm != "" {
		text += "\nharm: " + f.Harm
	}
	if f.Next != "" {
		text += "\nfix: " + f.Next
	}
	return text
}

// escapeData and escapeProperty are the escapes of GitHub's workflow commands.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(s))
}
