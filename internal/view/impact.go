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

// Impact writes what a change does to the known queries for people: the facts
// that bear on all of it, how many queries it touches, then each of them, the
// worst first.
func Impact(w io.Writer, r *impact.Report, style Style) error {
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
	for _, next := range nexts(r) {
		p.line("next: %s", next)
	}
	for i := range r.Queries {
		p.line("")
		p.result(i+1, &r.Queries[i], r.Summary)
	}
	p.line("")
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
		p.line("  %s %s", style.paint(red, "beyond the policy:"), printable(text))
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
	for _, next := range nexts(r) {
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
		p.line("  both plans of a query: `vtsync impact --explain 1`")
	}
	return p.writeTo(w)
}

// result writes one query in four lines.
func (p *page) result(number int, res *impact.Result, s impact.Summary) {
	head := fmt.Sprintf("%d %s", number, p.style.paint(verdictColors[res.Verdict], string(res.Verdict)))
	if weighed(s) {
		head += ", " + impact.Share(res.Weight, s.Executions) + " of executions"
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
	if weighed(s) {
		head += fmt.Sprintf(" %11s", "executions")
	}
	p.line("%s", p.style.paint(dim, head))
	for _, v := range impact.Verdicts {
		n := s.ByVerdict[v]
		name := fmt.Sprintf("%-8s", v)
		if n.Queries > 0 {
			name = p.style.paint(verdictColors[v], name)
		}
		line := fmt.Sprintf("  %s %8d", name, n.Queries)
		if weighed(s) {
			line += fmt.Sprintf(" %11s", impact.Share(n.Executions, s.Executions))
		}
		p.line("%s", line)
	}
}

var verdictColors = map[impact.Verdict]string{
	impact.Breaks: red, impact.Dearer: yellow, impact.Changed: cyan,
	impact.Cheaper: green, impact.Fixed: green, impact.Same: dim,
}

// columnsNext says what a planner that lacks columns needs.
const columnsNext = "where columns are not known (VT09015), put the CREATE TABLE into keyspaces/KEYSPACE/schema/, or name a vtctld (--vtctld)"

// What to do about queries that have no plan on either side.
const (
	unplannableNext = "`vtsync impact --all` lists them at the end"
	keyspaceNext    = "; where a source of queries has the names of databases that are no keyspaces, put the keyspaces' names in their place"
	unknownDatabase = "VT05003"
)

// nexts say what to do about queries that have no plan.
func nexts(r *impact.Report) []string {
	var out []string
	if n := r.Summary.Unplannable; n.Queries > r.Summary.Unjudged.Queries {
		next := unplannableNext
		if n.First != nil && n.First.Code == unknownDatabase {
			next += keyspaceNext
		}
		out = append(out, next)
	}
	if wantsColumns(r) {
		out = append(out, columnsNext)
	}
	return out
}

// wantsColumns tells that a query of a report has no plan for want of columns.
func wantsColumns(r *impact.Report) bool {
	return r.Summary.Unjudged.Queries > 0 || slices.ContainsFunc(r.Queries, func(res impact.Result) bool {
		return needsColumns(res.Before) || needsColumns(res.After)
	})
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
	text := countText(n.Count, s) + " " + verb(n.Queries, "has", "have") + " no plan on either side"
	switch lacking := s.Unjudged.Queries; {
	case lacking == n.Queries:
		return text + ": the planner needs columns that are not known (VT09015)"
	case lacking > 0:
		text += fmt.Sprintf(", %d of them for want of columns (VT09015)", lacking)
	}
	if n.First != nil {
		text += "; the first: " + cutText(oneLine(n.First.String()), wideText)
	}
	return text
}

// countText gives "3 queries, 41 % of executions".
func countText(n impact.Count, s impact.Summary) string {
	text := "1 query"
	if n.Queries != 1 {
		text = fmt.Sprintf("%d queries", n.Queries)
	}
	if weighed(s) {
		text += ", " + impact.Share(n.Executions, s.Executions) + " of executions,"
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

// weighed tells that somebody counted executions. Where nobody did each query
// has one, and a share of them would only look like knowledge.
func weighed(s impact.Summary) bool { return s.Executions > int64(s.Queries) }

// session names what a query's session has chosen, as vtgate's target does.
func session(res *impact.Result) string {
	text := res.Keyspace
	if res.TabletType != "" {
		text += "@" + res.TabletType
	}
	return printable(text)
}

// reasons gives why a query is dearer or cheaper. Of the other verdicts the sides
// say all there is.
func reasons(res *impact.Result) string {
	switch res.Verdict {
	case impact.Dearer, impact.Cheaper:
		return oneLine(strings.Join(res.Reasons, ", "))
	case impact.Breaks, impact.Fixed, impact.Changed, impact.Same:
	}
	return ""
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
