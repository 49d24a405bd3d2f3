package impact

import (
	"cmp"
	"fmt"
	"math"
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
	for _, q := range worstFirst(results) {
		r.Queries = append(r.Queries, q.Result)
	}
	return r
}

// ranked is a result with what its place goes by and takes time to find out.
type ranked struct {
	Result
	newScatter bool
}

// worstFirst sorts by the verdict. Of those that become dearer the ones that begin
// to scatter come first, however seldom they ran.
func worstFirst(results []Result) []ranked {
	out := make([]ranked, len(results))
	for i, r := range results {
		out[i] = ranked{r, r.NewScatter()}
	}
	slices.SortStableFunc(out, func(a, b ranked) int {
		if a.Verdict == b.Verdict && a.newScatter != b.newScatter {
			if a.newScatter {
				return -1
			}
			return 1
		}
		return worseFirst(a.Result, b.Result)
	})
	return out
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
		out.Notes = append(slices.Clip(r.Notes), LeftOut(more))
	}
	return &out
}

// LeftOut is the note of a report that so many queries were cut from.
func LeftOut(n int) string {
	if n == 1 {
		return "1 more query is left out here"
	}
	return fmt.Sprintf("%d more queries are left out here", n)
}

// add counts a query. A sum that has no room stays at the largest number.
func (c *Count) add(weight int64) {
	c.Queries++
	if weight > math.MaxInt64-c.Executions {
		c.Executions = math.MaxInt64
		return
	}
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
		if unplannable(r) {
			s.Unplannable.add(r.Weight)
		} else {
			s.Plannable.add(r.Weight)
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
	s.Unplannable.First = firstError(results)
	for m, n := range moves {
		s.Moves = append(s.Moves, Move{Verdict: m.verdict, Text: m.text(n.Queries), Count: n})
	}
	slices.SortFunc(s.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Executions, a.Executions),
			cmp.Compare(slices.Index(Verdicts, a.Verdict), slices.Index(Verdicts, b.Verdict)), cmp.Compare(a.Text, b.Text))
	})
	return s
}

// maxMoves is how many moves a headline tells.
const maxMoves = 2

// Headline is a report in a sentence: "3 of 412 queries, 41 % of executions, go
// from 1 shard to 64". What is worse comes first, and good news only where there
// is no bad.
func (s Summary) Headline() string {
	var bad, rest []Move
	for _, m := range s.Moves {
		if m.Verdict == Breaks || m.Verdict == Dearer {
			bad = append(bad, m)
		} else {
			rest = append(rest, m)
		}
	}
	slices.SortStableFunc(bad, func(a, b Move) int {
		return cmp.Compare(slices.Index(Verdicts, a.Verdict), slices.Index(Verdicts, b.Verdict))
	})
	told := bad
	if len(bad) == 0 {
		told = rest
	}
	if len(told) == 0 {
		if s.Queries == 0 {
			return "no queries are known"
		}
		if s.Unplannable.Queries == s.Queries {
			return noneHasPlan(s.Queries)
		}
		if s.Unplannable.Queries > 0 {
			return someKeepTheirs(s.Plannable.Queries, s.Queries)
		}
		return "no plan of " + Queries(s.Queries) + " changes"
	}
	var parts []string
	for _, m := range told[:min(maxMoves, len(told))] {
		parts = append(parts, m.sentence(s, len(parts) == 0))
	}
	if more := len(told) - maxMoves; more > 0 {
		parts = append(parts, "and more")
	}
	return strings.Join(parts, "; ")
}

// Headline is the summary's.
func (r *Report) Headline() string { return r.Summary.Headline() }

// sentence tells a move; one after the first in as many words as it needs.
func (m Move) sentence(s Summary, first bool) string {
	if first {
		return m.of(s) + " " + m.Text
	}
	text := strconv.Itoa(m.Queries) + " more "
	if s.Weighed() {
		text += "(" + Share(m.Executions, s.Plannable.Executions) + " of executions) "
	}
	return text + m.Text
}

// of is the beginning of a sentence: "3 of 412 queries, 41 % of executions,". What
// has no plan on either side would only make a share look small.
func (n Count) of(s Summary) string {
	text, executions := fmt.Sprintf("%d of %s", n.Queries, Queries(s.Plannable.Queries)), "executions"
	if s.Unplannable.Queries > 0 {
		text, executions = text+" with a plan", "their executions"
		if s.Plannable.Queries == 1 {
			executions = "its executions"
		}
	}
	if s.Weighed() {
		text += ", " + Share(n.Executions, s.Plannable.Executions) + " of " + executions + ","
	}
	return text
}

// Weighed tells that somebody counted executions. Where nobody did each query has
// one, and a share of them would only look like knowledge.
func (s Summary) Weighed() bool { return s.Executions > int64(s.Queries) }

// Queries gives "1 query" or "3 queries".
func Queries(n int) string {
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
