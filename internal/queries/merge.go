package queries

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/impact"
)

// Merged is a newer collection over an older one.
type Merged struct {
	Queries []impact.Query
	// New are only in the newer collection, Kept only in the older.
	New, Kept int
	// Note tells of what there is no room for; empty where there is room for all.
	Note string
}

// Merge puts a newer collection over an older one: a query of both gets the
// larger count, and one that only the older has stays, since vtgate empties its
// plan cache at every change of the VSchema. Of more than a corpus keeps the most
// executed stay: whoever reads the file would drop the rest.
func Merge(older, newer []impact.Query) Merged { return merge(older, newer, bounds) }

func merge(older, newer []impact.Query, room limits) Merged {
	type entry struct {
		impact.Query
		older, newer bool
	}
	all := map[identity]entry{}
	for _, q := range older {
		e := all[identityOf(q)]
		q.Executions = max(q.Executions, e.Executions)
		all[identityOf(q)] = entry{q, true, false}
	}
	for _, q := range newer {
		e := all[identityOf(q)]
		q.Executions = max(q.Executions, e.Executions)
		all[identityOf(q)] = entry{q, e.older, true}
	}
	ordered := make([]impact.Query, 0, len(all))
	for _, e := range all {
		ordered = append(ordered, e.Query)
	}
	order(ordered)
	out := Merged{Queries: make([]impact.Query, 0, min(len(ordered), room.queries))}
	var text int
	var left, most int64
	for _, q := range ordered {
		if len(out.Queries) == room.queries || text+len(q.SQL) > room.text {
			left, most = left+1, max(most, q.Executions)
			continue
		}
		text += len(q.SQL)
		out.Queries = append(out.Queries, q)
		switch e := all[identityOf(q)]; {
		case !e.older:
			out.New++
		case !e.newer:
			out.Kept++
		}
	}
	if left > 0 {
		out.Note = fmt.Sprintf("together these are more distinct queries than a file keeps (%d, or %d MiB of text), so the most executed are written: %s left out, of at most %s each",
			room.queries, room.text>>20, areQueries(left), plural(most, "execution"))
	}
	return out
}

func areQueries(n int64) string {
	if n == 1 {
		return "1 query is"
	}
	return fmt.Sprintf("%d queries are", n)
}
