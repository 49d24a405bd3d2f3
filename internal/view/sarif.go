package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
	"github.com/vtsync/vtsync/internal/review"
)

// sarifSchema names the schema that the output follows.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// LintSARIF writes what lint found as SARIF 2.1.0, with the suppressed findings
// and with the fixes that --fix would make.
func LintSARIF(w io.Writer, l Lint, version string) error {
	run := newSARIFRun(version)
	index := make(map[string]int)
	add := func(f review.Finding, suppressed ...sarifSuppression) error {
		if _, ok := index[f.Code]; !ok {
			rule, err := sarifRuleOf(f.Code)
			if err != nil {
				return err
			}
			index[f.Code] = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
		}
		result := sarifResultOf(f)
		result.RuleIndex, result.Suppressions = index[f.Code], suppressed
		run.Results = append(run.Results, result)
		return nil
	}
	for _, f := range l.report.Findings {
		if err := add(f); err != nil {
			return err
		}
	}
	for _, s := range l.report.Suppressed {
		kind := "external"
		if s.By.File == s.Pos.File {
			kind = "inSource"
		}
		if err := add(s.Finding, sarifSuppression{kind, s.Reason, sarifPlace(s.By, 0)}); err != nil {
			return err
		}
	}
	if len(l.Summary.Unread) > 0 {
		var invocation sarifInvocation
		for _, text := range l.Summary.Unread {
			invocation.Notifications = append(invocation.Notifications, sarifNotification{Level: "error", Message: sarifText{Text: "not read: " + text}})
		}
		run.Invocations = []sarifInvocation{invocation}
	}
	return run.write(w)
}

// LintErrorSARIF writes why nothing could be judged as SARIF, for whoever waits
// for a log all the same.
func LintErrorSARIF(w io.Writer, failed error, version string) error {
	run := newSARIFRun(version)
	var invocation sarifInvocation
	for _, e := range Errors(failed).Errors {
		n := sarifNotification{Level: "error", Message: sarifText{Text: e.Message}}
		if e.Next != "" {
			n.Message.Text += "\nnext: " + e.Next
		}
		if e.Position != nil && e.Position.File != "" {
			n.Locations = []sarifLocation{*sarifPlace(*e.Position, 0)}
		}
		invocation.Notifications = append(invocation.Notifications, n)
	}
	run.Invocations = []sarifInvocation{invocation}
	return run.write(w)
}

func newSARIFRun(version string) sarifRun {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "vtsync", Version: version, Rules: []sarifRule{}}
	return run
}

func (r sarifRun) write(w io.Writer) error {
	return JSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{r}})
}

func sarifRuleOf(code string) (sarifRule, error) {
	rule, _ := lint.RuleOf(code)
	out := sarifRule{ID: code, Short: sarifText{Text: rule.Name}}
	out.Default.Level = sarifLevels[rule.Severity]
	page, err := catalog.Get(code)
	if err != nil {
		return out, err
	}
	out.Full = sarifText{Text: page.What}
	out.Help = sarifText{Text: page.What + "\n\nFix: " + page.Fix, Markdown: page.What + "\n\n**Fix:** " + page.Fix}
	return out, nil
}

var sarifLevels = map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "note"}

func sarifResultOf(f review.Finding) sarifResult {
	out := sarifResult{RuleID: f.Code, Level: sarifLevels[f.Severity], Message: sarifText{Text: sentences(f.Finding)}}
	if f.Pos.File == "" {
		return out
	}
	place := sarifPlace(f.Pos, f.End)
	if name := strings.Join(append([]string{f.Keyspace}, f.Path...), "."); f.Keyspace != "" {
		place.Logical = []sarifLogical{{name}}
	}
	out.Locations = []sarifLocation{*place}
	if f.Fix != nil {
		out.Fixes = []sarifFix{{
			Description: sarifText{Text: fmt.Sprintf("write %q", f.Fix.New)},
			Changes: []sarifChange{{
				Artifact: place.Physical.Artifact,
				Replacements: []sarifReplacement{{
					Deleted:  sarifPlace(f.Fix.Pos, f.Fix.End).Physical.Region,
					Inserted: sarifText{Text: f.Fix.Text},
				}},
			}},
		}}
	}
	return out
}

func sarifPlace(pos errs.Position, end int) *sarifLocation {
	out := &sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{URI: fileURI(pos.File)}}}
	if pos.Line > 0 {
		out.Physical.Region = &sarifRegion{Line: pos.Line, Column: pos.Column, End: end}
	}
	return out
}

// fileURI writes a path as a URI, relative where the path is.
func fileURI(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
	var b strings.Builder
	if strings.HasPrefix(path, "/") {
		b.WriteString("file://")
	}
	for _, c := range []byte(path) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
