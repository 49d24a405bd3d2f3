package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

// ImpactExplain writes one query of a report, by its number from 1, in full: its
// plans side by side, or one under the other where the terminal is narrow.
func ImpactExplain(w io.Writer, r *impact.Report, number int, style Style) error {
	p, res := page{style: style}, r.Queries[number-1]
	p.line("%s", p.style.paint(bold, oneLine(res.SQL)))
	p.line("")
	p.line("%s", verdictText(&res, style))
	if at := session(&res); at != "" {
		p.line("session %s", at)
	}
	if res.Weight > 1 {
		p.line("%d executions", res.Weight)
	}
	p.line("before  %s", sideText(res.Before))
	p.line("after   %s", sideText(res.After))
	if res.LacksColumns() {
		p.line("next: %s", r.ColumnsNext())
	}
	if res.BeforeTree != nil || res.AfterTree != nil {
		p.line("")
		p.trees(impact.Diff(tree(res.BeforeTree), tree(res.AfterTree)))
	}
	return p.writeTo(w)
}

func verdictText(res *impact.Result, style Style) string {
	text := style.paint(verdictColors[res.Verdict], string(res.Verdict))
	if why := reasons(res); why != "" {
		text += ": " + why
	}
	return text
}

// tree gives a plan as Diff takes it.
func tree(n *impact.Node) impact.Node {
	if n == nil {
		return impact.Node{}
	}
	return *n
}

// besideWidth is the least width for two plans beside each other.
const besideWidth = 100

func (p *page) trees(lines []impact.Line) {
	if textWidth(p.style) < besideWidth {
		p.treesBelow(lines)
		return
	}
	p.treesBeside(lines)
}

// besideMarks stand between two plans, belowMarks before the lines of each.
var (
	besideMarks = map[impact.Mark]string{impact.LineSame: " ", impact.LineChanged: "|", impact.LineLeft: "<", impact.LineRight: ">"}
	belowMarks  = map[impact.Mark]string{impact.LineSame: " ", impact.LineChanged: "~", impact.LineLeft: "-", impact.LineRight: "+"}
	markColors  = map[impact.Mark]string{impact.LineSame: dim, impact.LineChanged: yellow, impact.LineLeft: red, impact.LineRight: green}
)

func (p *page) treesBeside(lines []impact.Line) {
	column := (textWidth(p.style) - 3) / 2
	p.besideLine(sideHeading("before", lines, left), " ", sideHeading("after", lines, right), column, bold)
	for _, l := range lines {
		before, after := wrapText(l.Left, column), wrapText(l.Right, column)
		for i := range max(len(before), len(after)) {
			p.besideLine(lineAt(before, i), besideMarks[l.Mark], lineAt(after, i), column, markColors[l.Mark])
		}
	}
	p.line("%s", p.style.paint(dim, "| differs, < before only, > after only"))
}

func (p *page) besideLine(left, mark, right string, column int, color string) {
	pad := strings.Repeat(" ", max(column-lineWidth([]rune(left)), 0))
	text := strings.TrimRight(left+pad+" "+mark+" "+right, " ")
	p.line("%s", p.style.paint(color, text))
}

func (p *page) treesBelow(lines []impact.Line) {
	p.treeBelow("before", lines, left)
	p.treeBelow("after", lines, right)
	p.line("%s", p.style.paint(dim, "~ differs, - before only, + after only"))
}

func (p *page) treeBelow(name string, lines []impact.Line, of func(impact.Line) string) {
	p.heading(sideHeading(name, lines, of))
	for _, l := range lines {
		for _, text := range wrapText(of(l), textWidth(p.style)-4) {
			p.line("%s", p.style.paint(markColors[l.Mark], fmt.Sprintf("  %s %s", belowMarks[l.Mark], text)))
		}
	}
}

func left(l impact.Line) string  { return l.Left }
func right(l impact.Line) string { return l.Right }

// sideHeading names a side, and says so where it has no plan.
func sideHeading(name string, lines []impact.Line, of func(impact.Line) string) string {
	if slices.ContainsFunc(lines, func(l impact.Line) bool { return of(l) != "" }) {
		return name
	}
	return name + " (no plan)"
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

const (
	// hangingIndent is how far the later lines of a wrapped text stand behind
	// its first.
	hangingIndent = 4
	// leastWrap is the width below which nobody can read a plan anyway.
	leastWrap = 16
)

// wrapText gives a text in lines of a width: parted at spaces where it can be,
// the later ones indented. An empty text has no lines.
func wrapText(text string, width int) []string {
	width = max(width, leastWrap)
	rest := []rune(printable(text))
	indent := len(rest) - len([]rune(strings.TrimLeft(string(rest), " ")))
	hang := strings.Repeat(" ", min(indent+hangingIndent, width/2))
	var lines []string
	for first := true; len(rest) > 0; first = false {
		lead := ""
		if !first {
			lead = hang
		}
		n := max(fit(rest, width-len(lead)), 1)
		end := n
		if n < len(rest) && rest[n] != ' ' {
			for end > 0 && rest[end-1] != ' ' {
				end--
			}
			if strings.TrimSpace(string(rest[:end])) == "" {
				end = n // one long word
			}
		}
		lines = append(lines, lead+strings.TrimRight(string(rest[:end]), " "))
		rest = []rune(strings.TrimLeft(string(rest[end:]), " "))
	}
	return lines
}
