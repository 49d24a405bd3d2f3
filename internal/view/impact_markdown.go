package view

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/vtsync/vtsync/internal/impact"
)

// ImpactMarker is the first line of a report in Markdown. It is not shown: a
// bot finds the comment by it that it wrote before.
const ImpactMarker = "<!-- vtsync impact -->"

// ImpactMarkdownLimit is what GitHub takes for a comment. It counts characters:
// a text of so many bytes is never too long, whatever a character is.
const ImpactMarkdownLimit = 65536

// Bounds of what is shown in Markdown, so that no part leaves the others
// without room.
const (
	markdownOpen  = 10  // queries before the part that is folded
	markdownNotes = 10  // notes
	markdownText  = 300 // columns of an SQL, an error or a note
)

// ImpactMarkdown writes a report as a comment for a pull request, of at most so
// many bytes; 0 stands for GitHub's limit. The summary is always whole. Of the
// queries the worst are shown, and those without room are counted.
func ImpactMarkdown(w io.Writer, r *impact.Report, limit int) error {
	if limit <= 0 {
		limit = ImpactMarkdownLimit
	}
	head, foot := markdownHead(r), "\n<sub>"+escapeMarkdown(plannedBy(r))+"</sub>\n"
	room := limit - len(head) - len(foot) - len(notShown(changedCount(r)))
	if room < 0 {
		return fmt.Errorf("write impact as markdown: the summary takes %d bytes, and the limit is %d", limit-room, limit)
	}
	_, err := io.WriteString(w, head+markdownQueries(r, room)+foot)
	return err
}

// markdownHead is all that stands before the queries.
func markdownHead(r *impact.Report) string {
	p := page{}
	p.line("%s", ImpactMarker)
	p.line("### Impact: %s", escapeMarkdown(r.Headline()))
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
	if r.Summary.Unjudged.Queries > 0 {
		p.line("  Next: %s", escapeMarkdown(columnsNext))
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
		p.line("%s", markdownRow(counted, string(v), fmt.Sprint(n.Queries), impact.Share(n.Executions, r.Summary.Executions)))
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

// markdownQueries gives the changed queries that have room: the first ones open,
// the others folded, the rest as a number, for which there is room beside.
func markdownQueries(r *impact.Report, room int) string {
	changed, all := changedQueries(r), changedCount(r)
	counted := weighed(r.Summary)
	table := "\n" + markdownRow(counted, "#", "verdict", "query", "before", "after", "executions") + "\n" +
		markdownRow(counted, "--:", "---", "---", "---", "---", "--:") + "\n"
	fold := func(n int) string { return fmt.Sprintf("\n<details><summary>%d more</summary>\n", n) + table }
	const unfold = "\n</details>\n"

	var open, folded strings.Builder
	shown := 0
	for i := range changed {
		row := markdownQuery(i+1, &changed[i], r.Summary) + "\n"
		switch room -= len(row); i {
		case 0:
			room -= len(table)
		case markdownOpen:
			room -= len(fold(all)) + len(unfold)
		}
		if room < 0 {
			break
		}
		if shown++; i < markdownOpen {
			open.WriteString(row)
		} else {
			folded.WriteString(row)
		}
	}
	var out strings.Builder
	if shown > 0 {
		out.WriteString(table + open.String())
	}
	if n := shown - markdownOpen; n > 0 {
		out.WriteString(fold(n) + folded.String() + unfold)
	}
	if shown < all {
		out.WriteString(notShown(all - shown))
	}
	return out.String()
}

func notShown(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\nNot shown: %d more. `vtsync impact` lists all.\n", n)
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
		markdownSide(res.Before), markdownSide(res.After), impact.Share(res.Weight, s.Executions))
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

// codeSpan gives a text as code in the cell of a table: nothing in it is markup,
// nobody is notified, and nothing becomes a link.
func codeSpan(text string) string {
	text = cutText(oneLine(text), markdownText)
	switch {
	case text == "":
		return ""
	case strings.Contains(text, `\`):
		// What a backslash before a pipe means in a table is read differently.
		return "<code>" + entities(text) + "</code>"
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

// entities writes all punctuation of a text by its numbers.
func entities(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r <= unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// escapeMarkdown gives a text that shows as it is.
func escapeMarkdown(text string) string { return markdownEscapes.Replace(text) }

// GitHub looks for names behind an @ and for numbers behind a # once all markup
// is read: a space of no width parts them.
var markdownEscapes = strings.NewReplacer(
	`\`, "&#92;", "`", "&#96;", "*", "&#42;", "_", "&#95;", "~", "&#126;", "|", "&#124;", "$", "&#36;",
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "[", "&#91;", "]", "&#93;",
	"@", "&#64;&#8203;", "#", "&#35;&#8203;", "://", "&#58;//", "www.", "www&#46;",
)
