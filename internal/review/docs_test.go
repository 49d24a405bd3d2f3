package review_test

import (
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/lint/catalog"
)

var update = flag.Bool("update", false, "write docs/rules.md anew")

const rulesPage = "../../docs/rules.md"

// TestRulesPage holds docs/rules.md against the rules and their pages.
func TestRulesPage(t *testing.T) {
	got, err := os.ReadFile(rulesPage)
	if err != nil && !*update {
		t.Fatal(err)
	}
	want := renderRules(t, parityBlock(string(got)))
	if *update {
		if err := os.WriteFile(rulesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(got) != want {
		t.Errorf("docs/rules.md is not that of the rules; write it anew with: go test ./internal/review -run TestRulesPage -update")
	}
}

// The marks around what `go run ./parity -write` keeps up to date.
const parityBegin, parityEnd = "<!-- parity -->", "<!-- /parity -->"

// parityBlock gives what stands between the marks of a page.
func parityBlock(page string) string {
	_, rest, _ := strings.Cut(page, parityBegin)
	block, _, ok := strings.Cut(rest, parityEnd)
	if !ok {
		return "\n"
	}
	return block
}

const rulesIntro = `# Rules of lint

<!-- Generated from internal/lint and its catalog by the test TestRulesPage of internal/review; do not edit. -->

What ` + "`vtsync lint`" + ` and ` + "`vtsync plan`" + ` know. Each rule is shown with files that break it, the same files with the fix, and what Vitess 24 does with the first: a test runs that part on real Vitess, with MySQL behind it where rows are shown.

An **error** breaks queries, sends them astray, or loses or hides rows; a **warning** works today and is likely not meant; an **info** is good to know and fails no build. A comment such as ` + "`# VS301`" + ` in an example marks the line of the finding. A code never changes its meaning.

` + "`vtsync lint --explain VS301`" + ` shows one of these on the terminal. How to suppress a finding, and how to run lint in CI: [ci.md](ci.md).

## How it compares with Vitess itself

`

// families are the groups of codes, by their first digit.
var families = []struct{ digit, title string }{
	{"1", "Files and their format"},
	{"2", "Vindexes"},
	{"3", "Sequences and auto_increment"},
	{"4", "Lookup vindexes"},
	{"5", "Reference, pinned and unsharded tables"},
	{"6", "Columns and the physical schema"},
	{"7", "Routing, shard, keyspace and mirror rules"},
	{"8", "Across keyspaces"},
	{"9", "Size and operations"},
}

func renderRules(t *testing.T, parity string) string {
	var b strings.Builder
	b.WriteString(rulesIntro + parityBegin + parity + parityEnd + "\n\n## Contents\n")
	for _, family := range families {
		fmt.Fprintf(&b, "\n**%s**\n\n| code | | what |\n|---|---|---|\n", family.title)
		for _, r := range inFamily(family.digit) {
			fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.Code, strings.ToLower(r.Code), r.Severity, r.Name)
		}
	}
	for _, family := range families {
		fmt.Fprintf(&b, "\n## %s\n", family.title)
		for _, r := range inFamily(family.digit) {
			renderRule(t, &b, r)
		}
	}
	return b.String()
}

func inFamily(digit string) []lint.Rule {
	var out []lint.Rule
	for _, r := range lint.All {
		if strings.HasPrefix(r.Code, "VS"+digit) {
			out = append(out, r)
		}
	}
	return out
}

func renderRule(t *testing.T, b *strings.Builder, r lint.Rule) {
	page, err := catalog.Get(r.Code)
	if err != nil {
		t.Error(err)
		return
	}
	fmt.Fprintf(b, "\n<a id=\"%s\"></a>\n\n### %s: %s\n\n**%s.** %s\n", strings.ToLower(r.Code), r.Code, r.Name, r.Severity, page.What)
	bad, _ := page.Case("bad")
	good, _ := page.Case("good")
	renderFiles(b, "Live before the change:", page.Before)
	renderFiles(b, "Fails:", bad.Files)
	if len(page.Probes) > 0 {
		b.WriteString("\nWhat Vitess does with it:\n\n")
		for _, p := range page.Probes {
			renderProbe(b, p)
		}
	}
	renderFiles(b, "Passes:", good.Files)
	fmt.Fprintf(b, "\n**Fix:** %s\n", page.Fix)
}

func renderFiles(b *strings.Builder, heading string, files []catalog.File) {
	if len(files) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", heading)
	for _, f := range files {
		language := strings.TrimPrefix(path.Ext(f.Path), ".")
		fmt.Fprintf(b, "\n`%s`\n```%s\n%s```\n", f.Path, language, withNewline(string(f.Data)))
	}
}

func withNewline(text string) string {
	if strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

func renderProbe(b *strings.Builder, p catalog.Probe) {
	words := p.Words()
	if p.Statement() {
		statement, first := strings.CutPrefix(words[0], "first: ")
		if words[0] = "`" + statement + "`"; first {
			words[0] = "first: " + words[0]
		}
	}
	fmt.Fprintf(b, "- %s\n", strings.Join(words, "; "))
}
