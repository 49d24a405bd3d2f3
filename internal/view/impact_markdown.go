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
	queries := markdownQueries(r, limit-len(head)-len(foot))
	if size := len(head) + len(queries) + len(foot); size > limit {
		return fmt.Errorf("write impact as markdown: the summary takes %d bytes, and the limit is %d", size, limit)
	}
	_, err := io.WriteString(w, head+queries+foot)
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
	for _, next := range r.Nexts() {
		p.line("- next: %s", escapeMarkdown(next))
	}
	if r.Summary.Queries == 0 {
		return p.String()
	}
	p.line("") // a table cannot begin inside a list
	counted := r.Summary.Weighed()
	p.line("%s", markdownRow(counted, "verdict", "queries", "executions"))
	p.line("%s", markdownRow(counted, "---", "--:", "--:"))
	for _, v := range impact.Verdicts {
		n := planned(r.Summary, v)
		p.line("%s", markdownRow(counted, string(v), fmt.Sprint(n.Queries), impact.Share(n.Executions, r.Summary.Plannable.Executions)))
	}
	if n := r.Summary.Unplannable.Queries; n > 0 {
		p.line("%s", markdownRow(counted, withoutVerdict, fmt.Sprint(n), ""))
	}
	return p.String()
}

// markdownRow gives a table's row, with the last cell only where it is wanted.
func markdownRow(last bool, cells ...string) string {
	if !last {
		cells = cells[:len(cells)-1]
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// markdownQueries gives as many of the changed queries as there is room for, and
// the number of the others.
func markdownQueries(r *impact.Report, room int) string {
	var rows []string
	size := 0
	for i, res := range changedQueries(r) {
		row := markdownQuery(i+1, &res, r.Summary) + "\n"
		if size += len(row); size > room {
			break
		}
		rows = append(rows, row)
	}
	for {
		text := markdownTables(rows, changedCount(r)-len(rows), r.Summary.Weighed())
		if len(text) <= room || len(rows) == 0 {
			return text
		}
		rows = rows[:len(rows)-1]
	}
}

// markdownTables writes rows, the first ones open and the others folded, and how
// many more there are.
func markdownTables(rows []string, more int, counted bool) string {
	var out strings.Builder
	table := func(rows []string) {
		out.WriteString("\n" + markdownRow(counted, "#", "verdict", "query", "before", "after", "executions") + "\n")
		out.WriteString(markdownRow(counted, "--:", "---", "---", "---", "---", "--:") + "\n")
		out.WriteString(strings.Join(rows, ""))
	}
	open := rows[:min(markdownOpen, len(rows))]
	folded := rows[len(open):]
	if len(open) > 0 {
		table(open)
	}
	if len(folded) > 0 {
		fmt.Fprintf(&out, "\n<details><summary>%d more</summary>\n", len(folded))
		table(folded)
		out.WriteString("\n</details>\n")
	}
	if more > 0 {
		fmt.Fprintf(&out, "\nNot shown: %d more. `vtsync impact` lists all.\n", more)
	}
	return out.String()
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
	return markdownRow(s.Weighed(), fmt.Sprint(number), verdict, query,
		markdownSide(res.Before), markdownSide(res.After), impact.Share(res.Weight, s.Plannable.Executions))
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
