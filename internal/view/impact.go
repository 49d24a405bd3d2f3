package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

// ImpactJSON writes a report for programs; docs/impact.md describes it.
func ImpactJSON(w io.Writer, r *impact.Report) error { return JSON(w, r) }

// textQueries is how many queries a text shows unless all are asked for: nobody
// reads more.
const textQueries = 100

// Impact writes what a change does to the known queries for people: the facts
// that bear on all of it, how many queries it touches, then the worst of them, or
// all that the report holds.
func Impact(w io.Writer, r *impact.Report, all bool, style Style) error {
	p := page{style: style}
	for _, note := range r.Notes {
		p.line("%s %s", style.paint(yellow, "note:"), printable(note))
	}
	p.heading(printable(r.Headline()))
	if r.Summary.Queries > 0 {
		p.line("")
		p.verdicts(r.Summary)
	}
	for _, text := range besides(r.Summary) {
		p.line("%s", text)
	}
	for _, next := range r.Nexts() {
		p.line("next: %s", next)
	}
	shown := r.Queries
	if !all {
		shown = shown[:min(textQueries, len(shown))]
	}
	for i := range shown {
		p.line("")
		p.result(i+1, &shown[i], r.Summary)
	}
	p.line("")
	if more := len(r.Queries) - len(shown); more > 0 {
		p.line("and %d more: --all or --format json", more)
	}
	if len(r.Queries) > 0 {
		p.line("both plans of a query: the same command with --explain and its number")
	}
	p.line("%s", style.paint(dim, plannedBy(r)))
	return p.writeTo(w)
}

// planQueries is how many of a report's queries the text of a plan shows.
const planQueries = 5

// PlanImpact writes the short form of a report, for the text of a plan: what
// happens, what of it the policy denies, and the worst queries.
func PlanImpact(w io.Writer, r *impact.Report, breaches []string, style Style) error {
	p := page{style: style}
	p.line("%s %s", style.paint(bold, "impact:"), printable(r.Headline()))
	for _, text := range breaches {
		p.line("  %s", beyond(text, style))
	}
	changed := changedQueries(r)
	for _, note := range r.Notes {
		if note != impact.LeftOut(changedCount(r)-len(changed)) { // told below, of what is shown here
			p.line("  note: %s", printable(note))
		}
	}
	if text := withoutPlan(r.Summary); text != "" {
		p.line("  %s", text)
	}
	for _, next := range r.Nexts() {
		p.line("  next: %s", next)
	}
	shown := changed[:min(planQueries, len(changed))]
	for i := range shown {
		var one page
		one.style = Style{Color: style.Color, Width: textWidth(style) - 2}
		one.result(i+1, &shown[i], r.Summary)
		p.block("  ", one.String())
	}
	if more := changedCount(r) - len(shown); more > 0 {
		p.line("  and %d more: see `vtsync impact`", more)
	}
	if len(shown) > 0 {
		p.line("  both plans of a query: `vtsync impact --explain 1`, with the plan's flags")
	}
	return p.writeTo(w)
}

// Breaches says what of a report the policy denies.
func Breaches(w io.Writer, texts []string, style Style) error {
	p := page{style: style}
	for _, text := range texts {
		p.line("%s", beyond(text, style))
	}
	return p.writeTo(w)
}

func beyond(text string, style Style) string {
	return style.paint(red, "beyond the policy:") + " " + oneLine(text)
}

// result writes one query in four lines.
func (p *page) result(number int, res *impact.Result, s impact.Summary) {
	head := fmt.Sprintf("%d %s", number, p.style.paint(verdictColors[res.Verdict], string(res.Verdict)))
	if s.Weighed() {
		head += ", " + shareOf(res, s)
	}
	if at := session(res); at != "" {
		head += ", " + at
	}
	if why := reasons(res); why != "" {
		head += ": " + why
	}
	p.line("%s", head)
	p.line("  %s", cutText(oneLine(res.SQL), textWidth(p.style)-2))
	p.line("  before  %s", sideText(res.Before))
	p.line("  after   %s", sideText(res.After))
}

// verdicts writes the table of a summary.
func (p *page) verdicts(s impact.Summary) {
	head := fmt.Sprintf("  %-8s %8s", "verdict", "queries")
	if s.Weighed() {
		head += fmt.Sprintf(" %11s", "executions")
	}
	p.line("%s", p.style.paint(dim, head))
	for _, v := range impact.Verdicts {
		n := planned(s, v)
		name := fmt.Sprintf("%-8s", v)
		if n.Queries > 0 {
			name = p.style.paint(verdictColors[v], name)
		}
		line := fmt.Sprintf("  %s %8d", name, n.Queries)
		if s.Weighed() {
			line += fmt.Sprintf(" %11s", impact.Share(n.Executions, s.Plannable.Executions))
		}
		p.line("%s", line)
	}
	if n := s.Unplannable.Queries; n > 0 {
		p.line("  %-8s %8d", withoutVerdict, n)
	}
}

// withoutVerdict is the row of the queries that have no plan on either side. They
// count as the same, and in no share.
const withoutVerdict = "no plan"

// planned counts the queries of a verdict that have a plan on a side.
func planned(s impact.Summary, v impact.Verdict) impact.Count {
	n := s.ByVerdict[v]
	if v == impact.Same {
		n.Queries -= s.Unplannable.Queries
		n.Executions = max(0, n.Executions-s.Unplannable.Executions)
	}
	return n
}

// shareOf gives a query's share of the executions.
func shareOf(res *impact.Result, s impact.Summary) string {
	if !res.Plannable() {
		return impact.Share(res.Weight, s.Executions) + " of all executions"
	}
	return impact.Share(res.Weight, s.Plannable.Executions) + " of executions"
}

var verdictColors = map[impact.Verdict]string{
	impact.Breaks: red, impact.Dearer: yellow, impact.Changed: cyan,
	impact.Cheaper: green, impact.Fixed: green, impact.Same: dim,
}

// besides says what a summary has beside its verdicts.
func besides(s impact.Summary) []string {
	var out []string
	if n := s.NewScatter; n.Queries > 0 {
		out = append(out, countText(n, s)+" "+verb(n.Queries, "begins", "begin")+" to ask all shards of a keyspace")
	}
	if text := withoutPlan(s); text != "" {
		out = append(out, text)
	}
	return out
}

// withoutPlan says that queries have no plan on either side, and why; empty where
// there are none.
func withoutPlan(s impact.Summary) string {
	n := s.Unplannable
	if n.Queries == 0 {
		return ""
	}
	text := impact.Queries(n.Queries)
	if s.Weighed() {
		text += ", " + impact.Share(n.Executions, s.Executions) + " of all executions,"
	}
	text += " " + verb(n.Queries, "has", "have") + " no plan on either side"
	switch lacking := s.Unjudged.Queries; {
	case lacking == n.Queries:
		return text + ": the planner needs columns that are not known"
	case lacking > 0:
		text += fmt.Sprintf(", %d of them for want of columns", lacking)
	}
	if n.First != nil {
		text += "; the first: " + cutText(oneLine(n.First.String()), wideText)
	}
	return text
}

// countText gives "3 queries, 41 % of executions".
func countText(n impact.Count, s impact.Summary) string {
	text := impact.Queries(n.Queries)
	if s.Weighed() {
		text += ", " + impact.Share(n.Executions, s.Plannable.Executions) + " of executions,"
	}
	return text
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func plannedBy(r *impact.Report) string {
	return "planned by the planner of Vitess " + printable(cmp.Or(r.Planner, "(version not known)"))
}

// session names what a query's session has chosen, as vtgate's target does.
func session(res *impact.Result) string {
	text := res.Keyspace
	if res.TabletType != "" {
		text += "@" + res.TabletType
	}
	return printable(text)
}

// reasons gives why a query is dearer or cheaper, or what changed. Of the other
// verdicts the sides say all there is, but for the type of tablet that they are for.
func reasons(res *impact.Result) string {
	var out []string
	switch res.Verdict {
	case impact.Dearer, impact.Changed, impact.Cheaper:
		out = slices.Clone(res.Reasons)
	case impact.Breaks, impact.Fixed, impact.Same:
	}
	if t := res.IfTabletType; t != "" {
		out = append(out, "if it asks "+t+" tablets")
	}
	return oneLine(strings.Join(out, ", "))
}

// changedQueries gives the results of a report that do not stay the same.
func changedQueries(r *impact.Report) []impact.Result {
	end := slices.IndexFunc(r.Queries, func(res impact.Result) bool { return res.Verdict == impact.Same })
	if end < 0 {
		return r.Queries
	}
	return r.Queries[:end]
}

// changedCount counts the queries that do not stay the same, also those that
// the report leaves out.
func changedCount(r *impact.Report) int {
	n := 0
	for v, c := range r.Summary.ByVerdict {
		if v != impact.Same {
			n += c.Queries
		}
	}
	return n
}
