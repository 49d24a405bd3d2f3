package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// What a plan keeps of a report: it is stored with every rollout, so it is
// bounded whatever the queries are.
const (
	keptQueries = 50
	keptText    = 2 << 10 // bytes of a query, or of what is said about it
	toldText    = 120     // bytes of a query in a denial
	keptItems   = 20      // routes of a plan, and the like
)

// routing is what cells serve before and after the plan.
type routing struct {
	cell          string // the first that serves it
	before, after *vschema.SrvVSchema
}

// impact asks what the plan does to the known queries, and denies what the policy
// does not let it do. The way back is never denied, and does not fail for it:
// whoever takes a change back may be in the middle of an outage.
func (b *builder) impact() error {
	if b.in.Impact == nil || b.plan.Empty() {
		return nil
	}
	undo := b.plan.Undoes != ""
	routings := b.routings()
	var worst routing
	for _, r := range routings {
		report, err := b.in.Impact(r.before, r.after)
		switch {
		case err != nil && undo:
			b.note("what this undo does to the known queries is not known: %v", err)
			return nil
		case err != nil:
			return err
		case report == nil:
			return nil
		}
		if !undo {
			b.breaches(r, report, len(routings) > 1)
		}
		if b.plan.Impact == nil || worse(report.Summary, b.plan.Impact.Summary) {
			worst, b.plan.Impact = r, kept(report)
		}
	}
	if len(routings) > 1 {
		b.note("the cells do not route alike: the known queries are shown as cell %s has them, where most is lost", worst.cell)
	}
	return nil
}

// routings gives what the cells serve before and after, each once: mostly all
// cells serve the same. What serves the plan already is looked at only where
// nothing else does, and the global records only where no cell can be read.
func (b *builder) routings() []routing {
	var out []routing
	after, shipped := b.globalAfter(), b.shipped()
	for _, name := range b.plan.Cells {
		cell, ok := b.in.Snapshot.Cell(name)
		if !ok || cell.Err != "" {
			continue
		}
		r := routing{cell: name, before: cell.Srv, after: MergeCell(cell.Srv, after, shipped, nil)}
		if cell.Srv == nil {
			r.before = sharedSrv(b.global) // it has nothing to lose, and gets what global has
		}
		if b.rebuildsWhole(name) {
			r.after = sharedSrv(after)
		}
		if !slices.ContainsFunc(out, r.same) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return []routing{{before: sharedSrv(b.global), after: sharedSrv(after)}}
	}
	if changed := slices.DeleteFunc(slices.Clone(out), routing.still); len(changed) > 0 {
		return changed
	}
	return out[:1]
}

// still tells that the plan changes nothing there.
func (r routing) still() bool { return same(r.before, r.after) }

func (r routing) same(o routing) bool { return same(r.before, o.before) && same(r.after, o.after) }

// breaches denies what the policy does not let the plan do and nobody allowed:
// each kind once, where it is found first.
func (b *builder) breaches(r routing, report *impact.Report, several bool) {
	asGlobal := same(r.before, sharedSrv(b.global)) && same(r.after, sharedSrv(b.globalAfter()))
	for _, breach := range b.in.ImpactPolicy.Check(report.Summary) {
		if b.allowed.impact[breach.Kind] || slices.ContainsFunc(b.plan.Denials, func(d Denial) bool {
			return d.Code == DeniedImpact && slices.Contains(d.Codes, breach.Kind)
		}) {
			continue
		}
		text := short(breach.Text) + ofFirst(report, breach.Kind)
		if several {
			text = fmt.Sprintf("in cell %s: %s", r.cell, text)
		}
		remedy := RemedyImpact(report, breach.Kind)
		if first := firstOf(report, breach.Kind); first >= 0 && first < keptQueries && asGlobal { // which is what impact looks at
			remedy = fmt.Sprintf("vtsync impact --explain %d, with the plan's flags, shows the plans of the first; --allow %s lets it happen", first+1, breach.Kind)
		}
		b.plan.Denials = append(b.plan.Denials, Denial{Code: DeniedImpact, Codes: []string{breach.Kind}, Text: text, Remedy: remedy})
	}
}

// RemedyImpact says how to look at what a kind of breach is about, and how to
// allow it. Another command than the one that made the report may number its
// queries in another way.
func RemedyImpact(report *impact.Report, kind string) string {
	if kind == impact.BreachUnjudged {
		return strings.Join(report.Nexts(), "; ") + "; --allow " + kind + " lets it happen"
	}
	return "vtsync impact, with the plan's flags, lists the queries, and shows the plans of one with --explain NUMBER; --allow " + kind + " lets it happen"
}

// firstOf gives the place, in a report, of the first query that a kind of breach
// is about; negative where the report does not hold it.
func firstOf(report *impact.Report, kind string) int {
	about, ok := map[string]func(impact.Result) bool{
		impact.BreachBreaks:     func(r impact.Result) bool { return r.Verdict == impact.Breaks },
		impact.BreachNewScatter: impact.Result.NewScatter,
		impact.BreachDearer:     func(r impact.Result) bool { return r.Verdict == impact.Dearer },
	}[kind]
	if !ok {
		return -1 // it is about none that is listed
	}
	return slices.IndexFunc(report.Queries, about)
}

// ofFirst says what becomes of that query, in a few words, and which it is.
func ofFirst(report *impact.Report, kind string) string {
	i := firstOf(report, kind)
	if i < 0 {
		return ""
	}
	r := report.Queries[i]
	query := cut(strings.Join(strings.Fields(r.SQL), " "), toldText)
	switch {
	case r.After.Error != nil:
		return "; the first: " + short(r.After.Error.String()) + ": " + query
	case len(r.Reasons) > 0:
		return "; the first: " + short(strings.Join(r.Reasons[:min(2, len(r.Reasons))], ", ")) + ": " + query
	}
	return "; the first: " + query
}

// worse tells which of two reports, on the same queries, is the one to look at.
func worse(a, b impact.Summary) bool {
	return cmp.Or(
		moreOf(a.ByVerdict[impact.Breaks], b.ByVerdict[impact.Breaks]),
		moreOf(a.NewScatter, b.NewScatter),
		moreOf(a.ByVerdict[impact.Dearer], b.ByVerdict[impact.Dearer]),
		moreOf(a.Unplannable.Count, b.Unplannable.Count),
	) > 0
}

func moreOf(a, b impact.Count) int {
	return cmp.Or(cmp.Compare(a.Executions, b.Executions), cmp.Compare(a.Queries, b.Queries))
}

// kept gives what a plan keeps of a report: its numbers, and the worst queries.
func kept(report *impact.Report) *impact.Report {
	out := *report.Truncate(keptQueries)
	out.Queries = slices.Clone(out.Queries)
	out.Notes = shortened(out.Notes)
	out.Summary.Moves = slices.Clone(out.Summary.Moves[:min(len(out.Summary.Moves), keptItems)])
	if first := out.Summary.Unplannable.First; first != nil {
		out.Summary.Unplannable.First = keptError(first)
	}
	for i, r := range out.Queries {
		r.SQL, r.Reasons = short(r.SQL), shortened(r.Reasons)
		r.Before, r.After = keptSide(r.Before), keptSide(r.After)
		r.BeforeTree, r.AfterTree = nil, nil
		out.Queries[i] = r
	}
	return &out
}

func keptSide(s impact.Side) impact.Side {
	s.Routes = s.Routes[:min(len(s.Routes), keptItems)]
	s.Memory = shortened(s.Memory)
	if s.Error != nil {
		s.Error = keptError(s.Error)
	}
	return s
}

func keptError(e *impact.Error) *impact.Error {
	return &impact.Error{Code: e.Code, Text: short(e.Text), Missing: shortened(e.Missing)}
}

func shortened(texts []string) []string {
	var out []string
	for _, text := range texts[:min(len(texts), keptItems)] {
		out = append(out, short(text))
	}
	return out
}

// short cuts a text where it is too long to be kept.
func short(text string) string { return cut(text, keptText) }

// cut cuts a text to so many bytes, between two characters. What is no UTF-8 would
// not come back from JSON as it went in.
func cut(text string, limit int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= limit {
		return text
	}
	const more = " ..."
	end := limit - len(more)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
