package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// NewReport sorts the results, the worst first, and counts them. The queries that
// stay the same are counted and left out.
func NewReport(planner string, results []Result, notes []string) *Report {
	r := NewFullReport(planner, results, notes)
	r.Queries = slices.DeleteFunc(r.Queries, func(q Result) bool { return q.Verdict == Same })
	return r
}

// NewFullReport keeps those that stay the same, too.
func NewFullReport(planner string, results []Result, notes []string) *Report {
	r := &Report{Format: Format, Planner: planner, Summary: summarize(results), Queries: []Result{}, Notes: notes}
	r.Queries = append(r.Queries, results...)
	slices.SortStableFunc(r.Queries, worseFirst)
	return r
}

func worseFirst(a, b Result) int {
	return cmp.Or(
		cmp.Compare(slices.Index(Verdicts, a.Verdict), slices.Index(Verdicts, b.Verdict)),
		cmp.Compare(b.Weight, a.Weight),
		cmp.Compare(a.SQL, b.SQL), cmp.Compare(a.Keyspace, b.Keyspace), cmp.Compare(a.TabletType, b.TabletType))
}

// Truncate keeps the first n queries and says how many are left out.
func (r *Report) Truncate(n int) *Report {
	out := *r
	if more := len(r.Queries) - n; more > 0 {
		out.Queries = r.Queries[:n:n]
		text := fmt.Sprintf("%d more queries are left out here", more)
		if more == 1 {
			text = "1 more query is left out here"
		}
		out.Notes = append(slices.Clip(r.Notes), text)
	}
	return &out
}

func (c *Count) add(weight int64) {
	c.Queries++
	c.Executions += weight
}

func summarize(results []Result) Summary {
	s := Summary{ByVerdict: map[Verdict]Count{}}
	for _, v := range Verdicts {
		s.ByVerdict[v] = Count{}
	}
	var all Count
	moves := map[move]Count{}
	for _, r := range results {
		all.add(r.Weight)
		n := s.ByVerdict[r.Verdict]
		n.add(r.Weight)
		s.ByVerdict[r.Verdict] = n
		if r.NewScatter() {
			s.NewScatter.add(r.Weight)
		}
		if unjudged(r) {
			s.Unjudged.add(r.Weight)
		}
		if r.Verdict != Same {
			m := moveOf(r)
			n := moves[m]
			n.add(r.Weight)
			moves[m] = n
		}
	}
	s.Queries, s.Executions = all.Queries, all.Executions
	for m, n := range moves {
		s.Moves = append(s.Moves, Move{Verdict: m.verdict, Text: m.text(n.Queries), Count: n})
	}
	slices.SortFunc(s.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Executions, a.Executions),
			cmp.Compare(slices.Index(Verdicts, a.Verdict), slices.Index(Verdicts, b.Verdict)), cmp.Compare(a.Text, b.Text))
	})
	return s
}

// needsColumns is the code of a plan that is missing for want of MySQL's columns.
const needsColumns = "VT09015"

func unjudged(r Result) bool {
	return r.Before.Error != nil && r.After.Error != nil && r.Before.Error.Code == needsColumns && r.After.Error.Code == needsColumns
}

// move is a kind of Move: a verb for one query and for several, and the rest of
// the sentence.
type move struct {
	verdict   Verdict
	one, many string
	rest      string
}

func (m move) text(queries int) string {
	if queries == 1 {
		return m.one + " " + m.rest
	}
	return m.many + " " + m.rest
}

func moveOf(r Result) move {
	m := move{verdict: r.Verdict, one: "gets", many: "get"}
	before, after := shardsText(r.Before), shardsText(r.After)
	switch {
	case r.Verdict == Breaks:
		m.one, m.many, m.rest = "loses", "lose", "the plan"
	case r.Verdict == Fixed:
		m.rest = "a plan"
	case r.Verdict == Changed:
		m.rest = "another plan of the same cost"
	case before != after:
		m.one, m.many, m.rest = "goes", "go", "from "+before+" to "+strings.TrimSuffix(strings.TrimSuffix(after, " shards"), " shard")
		if strings.HasPrefix(after, "all") || strings.HasPrefix(after, "no") {
			m.rest = "from " + before + " to " + after
		}
	case !slices.Equal(r.Before.Memory, r.After.Memory) && r.Verdict == Dearer:
		m.one, m.many, m.rest = "gives", "give", "vtgate more to do"
	case !slices.Equal(r.Before.Memory, r.After.Memory):
		m.one, m.many, m.rest = "gives", "give", "vtgate less to do"
	case r.Before.LookupWrites < r.After.LookupWrites:
		m.one, m.many, m.rest = "writes", "write", "more lookup rows"
	case r.Before.LookupWrites > r.After.LookupWrites:
		m.one, m.many, m.rest = "writes", "write", "fewer lookup rows"
	case r.Verdict == Dearer:
		m.one, m.many, m.rest = "gives", "give", "vtgate more to do"
	default:
		m.one, m.many, m.rest = "gives", "give", "vtgate less to do"
	}
	return m
}

// Headline is a report in a sentence: "3 of 412 queries, 41 % of executions, go
// from 1 shard to 64". What is worse comes first, and good news only where there
// is no bad.
func (s Summary) Headline() string {
	if s.Queries == 0 {
		return "no queries are known"
	}
	var parts []string
	for _, v := range Verdicts {
		if v == Changed && len(parts) > 0 {
			break
		}
		for _, m := range s.Moves {
			if m.Verdict == v && len(parts) < 2 {
				parts = append(parts, m.sentence(s, len(parts) == 0))
			}
		}
	}
	if len(parts) == 0 {
		return "none of " + queries(s.Queries) + " changes its plan"
	}
	return strings.Join(parts, "; ")
}

// Headline is the summary's.
func (r *Report) Headline() string { return r.Summary.Headline() }

func (m Move) sentence(s Summary, whole bool) string {
	text := strconv.Itoa(m.Queries)
	if whole {
		text += " of " + queries(s.Queries)
	}
	if s.Executions > int64(s.Queries) {
		text += ", " + Share(m.Executions, s.Executions) + " of executions,"
	}
	return text + " " + m.Text
}

func queries(n int) string {
	if n == 1 {
		return "1 query"
	}
	return fmt.Sprintf("%d queries", n)
}

// Share gives a part in percent, with the digits that matter. It says 0 and 100
// of nothing and of all only.
func Share(part, of int64) string {
	if of <= 0 || part <= 0 {
		return "0 %"
	}
	if part >= of {
		return "100 %"
	}
	percent := 100 * float64(part) / float64(of)
	switch {
	case percent < 0.1:
		return "< 0.1 %"
	case percent < 9.95:
		return strings.TrimSuffix(strconv.FormatFloat(percent, 'f', 1, 64), ".0") + " %"
	case percent > 99:
		return "> 99 %"
	}
	return strconv.FormatFloat(percent, 'f', 0, 64) + " %"
}
