package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

// ImpactMarker is the first line of a report in Markdown. It is not shown: a
// bot finds the comment by it that it wrote before.
const ImpactMarker = "<!-- vtsync impact -->"

// ImpactMarkdownLimit is what GitHub takes for a comment. It counts characters;
// counted in bytes a text is never too long, however it is counted.
const ImpactMarkdownLimit = 65536

// Bounds of what is shown in Markdown, so that no part leaves the others
// without room.
const (
	markdownOpen  = 10  // queries before the part that is folded
	markdownNotes = 10  // notes
	markdownText  = 300 // characters of an SQL, an error or a note
)

// ImpactMarkdown writes a report as a comment for a pull request, of at most so
// many bytes; 0 stands for GitHub's limit. The summary is always whole: of the
// queries, the worst are shown, and the rest is counted.
func ImpactMarkdown(w io.Writer, r *impact.Report, limit int) error {
	if limit <= 0 {
		limit = ImpactMarkdownLimit
	}
	head, foot := markdownHead(r), "\n<sub>"+escapeMarkdown(plannedBy(r))+"</sub>\n"
	if least := len(head) + len(foot) + len(moreLine(changedCount(r))); least > limit {
		return fmt.Errorf("write impact as markdown: the summary takes %d bytes, and the limit is %d", least, limit)
	}
	p := page{}
	p.WriteString(head)
	p.markdownQueries(r, limit-len(foot))
	p.WriteString(foot)
	return p.writeTo(w)
}

// markdownHead is all that stands before the queries.
func markdownHead(r *impact.Report) string {
	p := page{}
	p.line("%s", ImpactMarker)
	p.line("### Impact: %s", escapeMarkdown(headline(r)))
	p.line("")
	for _, note := range r.Notes[:min(markdownNotes, len(r.Notes))] {
		p.line("- note: %s", escapeMarkdown(cutText(oneLine(note), markdownText)))
	}
	if more := len(r.Notes) - markdownNotes; more > 0 {
		p.line("- and %s", count(more, "more note"))
	}
	for _, text := range besides(r.Summary) {
		p.line("- %s", escapeMarkdown(text))
	}
	if r.Summary.Queries == 0 {
		return p.String()
	}
	if len(r.Notes) > 0 || len(besides(r.Summary)) > 0 {
		p.line("")
	}
	counted := weighed(r.Summary)
	p.line("%s", markdownRow(counted, "verdict", "queries", "executions"))
	p.line("%s", markdownRow(counted, "---", "--:", "--:"))
	for _, v := range impact.Verdicts {
		n := r.Summary.ByVerdict[v]
		p.line("%s", markdownRow(counted, string(v), fmt.Sprint(n.Queries), share(n.Executions, r.Summary.Executions)))
	}
	return p.String()
}

// markdownRow writes the cells of a table's row; the last one only where it is
// wanted.
func markdownRow(last bool, cells ...string) string {
	if !last {
		cells = cells[:len(cells)-1]
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// markdownQueries writes the queries that have room: the first ones open, the
// others folded.
func (p *page) markdownQueries(r *impact.Report, limit int) {
	changed := changedQueries(r)
	counted := weighed(r.Summary)
	table := "\n" + markdownRow(counted, "#", "verdict", "query", "before", "after", "executions") + "\n" +
		markdownRow(counted, "--:", "---", "---", "---", "---", "--:") + "\n"
	fold := fmt.Sprintf("\n<details><summary>%d more</summary>\n", max(changedCount(r)-markdownOpen, 0)) + table
	const unfold = "\n</details>\n"

	room := limit - p.Len() - len(moreLine(changedCount(r)))
	shown := 0
	for i := range changed {
		before := ""
		switch i {
		case 0:
			before = table
		case markdownOpen:
			before = fold
			room -= len(unfold)
		}
		row := before + markdownQuery(i+1, &changed[i], r.Summary) + "\n"
		if room -= len(row); room < 0 {
			break
		}
		p.WriteString(row)
		shown++
	}
	if shown > markdownOpen {
		p.WriteString(unfold)
	}
	if more := changedCount(r) - shown; more > 0 {
		p.WriteString(moreLine(more))
	}
}

func moreLine(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\n%d more changed %s not shown: `vtsync impact` has them all.\n", n, verb(n, "query is", "queries are"))
}

// markdownQuery is the row of one query.
func markdownQuery(number int, res *impact.Result, s impact.Summary) string {
	query := codeSpan(res.SQL)
	if at := session(res); at != "" {
		query = codeSpan(at) + ": " + query
	}
	verdict := string(res.Verdict)
	if why := reasons(res); why != "" {
		verdict += ": " + escapeMarkdown(cutText(why, markdownText))
	}
	return markdownRow(weighed(s), fmt.Sprint(number), verdict, query,
		markdownSide(res.Before), markdownSide(res.After), share(res.Weight, s.Executions))
}

func markdownSide(s impact.Side) string {
	head, routes, more := sideWords(s)
	text := escapeMarkdown(head)
	if routes != "" {
		text += ": " + codeSpan(routes)
	}
	for _, m := range more {
		text += "; " + escapeMarkdown(cutText(m, markdownText))
	}
	return text
}

// codeSpan gives a text as code in a table's cell: nothing in it is markup,
// nobody is notified, and no link is made.
func codeSpan(text string) string {
	text = cutText(oneLine(text), markdownText)
	if text == "" {
		return ""
	}
	if strings.Contains(text, `\`) {
		// A table cannot have a backslash before a pipe in a span.
		return "<code>" + entities(text, markup) + "</code>"
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + strings.ReplaceAll(text, "|", `\|`) + fence
}

// markup are the characters that can be more than themselves in Markdown.
const markup = "\\`*_{}[]<>()#+-.!|~$&:@\"'/="

// escapeMarkdown gives a text that shows as it is. GitHub looks for names after
// an @ and for numbers after a # when all markup is gone: a character of no
// width parts them.
func escapeMarkdown(text string) string {
	text = entities(text, "\\`*_[]<>#|~$&:@")
	return strings.NewReplacer("&#64;", "&#64;&#8203;", "&#35;", "&#35;&#8203;").Replace(text)
}

// entities writes some characters of a text by their numbers.
func entities(text, chars string) string {
	set := []rune(chars)
	var b strings.Builder
	for _, r := range text {
		if slices.Contains(set, r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
