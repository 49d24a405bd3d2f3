package view

import (
	"io"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
)

// Explained is what is to know of a rule, as programs read it.
type Explained struct {
	Format   int           `json:"format"`
	Code     string        `json:"code"`
	Name     string        `json:"name"`
	Severity lint.Severity `json:"severity"`
	What     string        `json:"what"`
	// Live are the files of the state before, for a rule about a change.
	Live []ExampleFile `json:"live,omitempty"`
	// Bad is an example that breaks the rule, Good the same with the fix.
	Bad  []ExampleFile `json:"bad,omitempty"`
	Good []ExampleFile `json:"good,omitempty"`
	// Vitess says what Vitess does with the bad example.
	Vitess []string `json:"vitess,omitempty"`
	Fix    string   `json:"fix"`

	probes []catalog.Probe
}

// ExampleFile is one file of an example.
type ExampleFile struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// NewExplained joins a rule and its page.
func NewExplained(r lint.Rule, page catalog.Page) Explained {
	bad, _ := page.Case("bad")
	good, _ := page.Case("good")
	out := Explained{
		Format: Format, Code: r.Code, Name: r.Name, Severity: r.Severity,
		What: page.What, Fix: page.Fix, probes: page.Probes,
		Live: exampleFiles(page.Before), Bad: exampleFiles(bad.Files), Good: exampleFiles(good.Files),
	}
	for _, p := range page.Probes {
		out.Vitess = append(out.Vitess, p.Words()...)
	}
	return out
}

func exampleFiles(files []catalog.File) []ExampleFile {
	var out []ExampleFile
	for _, f := range files {
		out = append(out, ExampleFile{f.Path, string(f.Data)})
	}
	return out
}

// ExplainText writes what is to know of a rule for people.
func ExplainText(w io.Writer, e Explained, style Style) error {
	p := page{style: style}
	p.line("%s %s", style.paint(severityColors[e.Severity], string(e.Severity)+"["+e.Code+"]:"), style.paint(bold, e.Name))
	p.line("")
	p.line("%s", e.What)
	p.example("Live before the change", e.Live)
	p.example("Fails", e.Bad)
	p.example("Passes", e.Good)
	if len(e.probes) > 0 {
		p.line("")
		p.heading("What Vitess does with it")
		for _, probe := range e.probes {
			for i, text := range probe.Words() {
				if i > 0 {
					text = "  " + text
				}
				p.line("  %s", text)
			}
		}
	}
	p.line("")
	p.heading("Fix")
	p.block("  ", e.Fix)
	return p.writeTo(w)
}

func (p *page) example(heading string, files []ExampleFile) {
	if len(files) == 0 {
		return
	}
	p.line("")
	p.heading(heading)
	for _, f := range files {
		p.line("  %s", p.style.paint(dim, f.Path))
		p.block("    ", f.Text)
	}
}
