package impact

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

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

// moveOf says what happens to a query: what decides, and nothing else.
func moveOf(r Result) move {
	m := func(one, many, rest string) move { return move{r.Verdict, one, many, rest} }
	switch r.Verdict {
	case Breaks:
		return m("loses its", "lose their", "plan")
	case Fixed:
		return m("gets", "get", "a plan")
	case Changed:
		return m("gets", "get", "another plan of the same cost")
	case Dearer, Cheaper, Same:
	}
	switch r.DecidedBy {
	case ByRowWork:
		return rowMove(r)
	case ByScatter:
		return scatterMove(r)
	case ByMemory:
		return m("gives", "give", moreOrLess(r, "vtgate more to do", "vtgate less to do"))
	case ByLookupReads:
		return m("needs", "need", moreOrLess(r, "more reads of lookup tables", "fewer reads of lookup tables"))
	case ByLookupWrites:
		return m("writes", "write", moreOrLess(r, "more lookup rows", "fewer lookup rows"))
	case ByShards:
	}
	from, to := shardsText(r.Before), shardsText(r.After)
	if way := cmp.Compare(shardsKnown(r.After), shardsKnown(r.Before)); way == 0 || way > 0 != (r.Verdict == Dearer) {
		return m("asks", "ask", moreOrLess(r, "more shards", "fewer shards"))
	}
	if r.After.Shards != nil && *r.After.Shards > 0 && r.Before.Shards != nil && *r.Before.Shards > 0 {
		to = strconv.Itoa(*r.After.Shards)
	}
	return m("goes", "go", "from "+from+" to "+to)
}

// rowMove is the one of a query with other joins and the like.
func rowMove(r Result) move {
	begins, ends := r.Before.Memory, r.After.Memory
	if r.Verdict == Cheaper {
		begins, ends = ends, begins
	}
	for _, w := range memoryWork {
		if w.group != rowWork || slices.Contains(begins, w.word) || !slices.Contains(ends, w.word) {
			continue
		}
		if r.Verdict == Dearer {
			return move{r.Verdict, "begins", "begin", w.begins}
		}
		return move{r.Verdict, "is", "are", "no longer " + w.done}
	}
	return move{r.Verdict, "gives", "give", moreOrLess(r, "vtgate more to do for each row", "vtgate less to do for each row")}
}

// scatterMove is the one of a query with other routes to all shards.
func scatterMove(r Result) move {
	few, most := r.Before, r.After
	if r.Verdict == Cheaper {
		few, most = most, few
	}
	if more := gained(scatters(perRow(few.Routes)), scatters(perRow(most.Routes))); len(more) > 0 {
		text := allShardsOf(most, more) + " once per row"
		if r.Verdict == Dearer {
			return move{r.Verdict, "begins", "begin", "to ask " + text}
		}
		return move{r.Verdict, "no longer asks", "no longer ask", text}
	}
	before, after := scatters(few.Routes), scatters(most.Routes)
	more := gained(before, after)
	begun := slices.DeleteFunc(slices.Clone(more), func(ks string) bool { return before[ks] > 0 })
	if len(begun) == 0 {
		return move{r.Verdict, "asks", "ask", allShardsOf(most, more) + moreOrLess(r, " more often", " less often")}
	}
	if r.Verdict == Dearer {
		return move{r.Verdict, "begins", "begin", "to ask " + allShardsOf(most, begun)}
	}
	return move{r.Verdict, "no longer asks", "no longer ask", allShardsOf(most, begun)}
}

// allShardsOf names all shards of some keyspaces: "all 64 shards of customer".
func allShardsOf(s Side, keyspaces []string) string {
	var out []string
	for _, ks := range keyspaces {
		text := allShardsText
		for _, r := range s.Routes {
			if r.Keyspace == ks && r.scatter() && r.Shards != nil {
				text = "all " + count(*r.Shards, "shard")
				break
			}
		}
		out = append(out, text+" of "+ks)
	}
	return strings.Join(out, " and ")
}

func moreOrLess(r Result, more, less string) string {
	if r.Verdict == Dearer {
		return more
	}
	return less
}
