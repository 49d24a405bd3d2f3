package impact

import (
	"fmt"
	"slices"
	"strings"
)

// needsColumns is the code of a plan that is missing for want of MySQL's columns.
const needsColumns = "VT09015"

// LacksColumns tells that a plan is missing for want of columns that nobody knows.
func (e *Error) LacksColumns() bool {
	return e != nil && (e.Code == needsColumns || len(e.Missing) > 0)
}

// maxMissing is how many tables an error names.
const maxMissing = 5

func (e *Error) missingText() string {
	if len(e.Missing) == 0 {
		return ""
	}
	named := strings.Join(e.Missing[:min(maxMissing, len(e.Missing))], ", ")
	if more := len(e.Missing) - maxMissing; more > 0 {
		named += fmt.Sprintf(" and %d more", more)
	}
	return "; the columns of " + named + " are not known here"
}

// unplannable is also what a vtgate plans before the change and nobody after it: it
// stays the same for want of a judgement.
func unplannable(r Result) bool {
	return r.After.Error != nil && (r.Before.Error != nil || r.Verdict == Same)
}

func unjudged(r Result) bool {
	return unplannable(r) && r.After.Error.LacksColumns() && (r.Before.Error == nil || r.Before.Error.LacksColumns())
}

// Plannable tells that a query has a plan on one side at least, and can be judged.
func (r Result) Plannable() bool { return !unplannable(r) }

// firstError gives why the first of the unplannable queries has no plan.
func firstError(results []Result) *Error {
	var first *Result
	for i := range results {
		r := &results[i]
		if !unplannable(*r) {
			continue
		}
		if first == nil || unjudged(*first) && !unjudged(*r) || unjudged(*first) == unjudged(*r) && worseFirst(*r, *first) < 0 {
			first = r
		}
	}
	if first == nil {
		return nil
	}
	return first.After.Error
}

func noneHasPlan(of int) string {
	if of == 1 {
		return "the one known query has no plan on either side"
	}
	return "none of " + Queries(of) + " has a plan on either side"
}

func someKeepTheirs(n, of int) string {
	if n == 1 {
		return "1 of " + Queries(of) + " has a plan, and keeps it"
	}
	return fmt.Sprintf("%d of %s have a plan, and keep it", n, Queries(of))
}

// mostlyUnplannable tells that less than half of what was executed has a plan on
// any side.
func (s Summary) mostlyUnplannable() bool {
	return s.Queries > 0 && 2*float64(s.Plannable.Executions) < float64(s.Executions)
}

// unjudgedText says how little was judged, and why the first of the rest was not.
func (s Summary) unjudgedText() string {
	var text string
	switch {
	case s.Plannable.Queries == 0:
		text = noneHasPlan(s.Queries)
	case s.Weighed():
		text = "only " + Share(s.Plannable.Executions, s.Executions) + " of executions could be judged"
	default:
		text = fmt.Sprintf("only %d of %s could be judged", s.Plannable.Queries, Queries(s.Queries))
	}
	if first := s.Unplannable.First; first != nil {
		text += ": " + first.String()
	}
	return text
}

// What to do about queries that have no plan.
const (
	listUnplannable = "`vtsync impact --all`, with the same flags, lists them at the end"
	nameKeyspaces   = "; where a source of queries has the names of databases that are no keyspaces, put the keyspaces' names in their place"
	unknownDatabase = "VT05003"
	findColumns     = "where columns are not known, put the CREATE TABLE into keyspaces/KEYSPACE/schema/, or name a vtctld (--vtctld)"
	trackColumns    = "the vtgates track no schema (--schema-change-signal=false): turn it on, or add columns with column_list_authoritative to the VSchema"
)

// ColumnsNext is what to do about queries that lack columns after the change.
func (r *Report) ColumnsNext() string {
	if r.Untracked {
		return trackColumns
	}
	return findColumns
}

// Nexts say what to do about queries that have no plan.
func (r *Report) Nexts() []string {
	var out []string
	if n := r.Summary.Unplannable; n.Queries > r.Summary.Unjudged.Queries {
		next := listUnplannable
		if n.First != nil && n.First.Code == unknownDatabase {
			next += nameKeyspaces
		}
		out = append(out, next)
	}
	if r.Summary.Unjudged.Queries > 0 || slices.ContainsFunc(r.Queries, Result.LacksColumns) {
		out = append(out, r.ColumnsNext())
	}
	return out
}

// LacksColumns tells that a query has no plan after the change for want of columns.
func (r Result) LacksColumns() bool { return r.After.Error.LacksColumns() }
