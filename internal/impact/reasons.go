package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// reasons say what differs between two plans: what decides first.
func reasons(r Result, was, is cost) []string {
	says := map[Decider][]string{
		ByRowWork:      workReasons(was, is, func(group int) bool { return group == rowWork }),
		ByScatter:      scatterReasons(r),
		ByShards:       shardReasons(r, was, is),
		ByMemory:       workReasons(was, is, func(group int) bool { return group != rowWork }),
		ByLookupReads:  readReasons(r, was.reads, is.reads),
		ByLookupWrites: writeReasons(was.writes, is.writes),
	}
	out := slices.Clone(says[r.DecidedBy])
	for _, by := range Deciders {
		if by != r.DecidedBy {
			out = append(out, says[by]...)
		}
	}
	before, after := nodeOf(r.BeforeTree), nodeOf(r.AfterTree)
	besides := append(sequenceReasons(was.sequence, is.sequence), mirrorReasons(before, after)...)
	if r.Verdict != Changed {
		return append(out, besides...)
	}
	if from, to := routesText(r.Before), routesText(r.After); len(out) == 0 && from != to {
		out = []string{from + " -> " + to}
	}
	if out = append(besides, out...); len(out) == 0 {
		out = unlike(before, after, was, is)
	}
	return out
}

func nodeOf(tree *Node) Node {
	if tree == nil {
		return Node{}
	}
	return *tree
}

// workReasons tell of the work in vtgate that is in some of its groups. What goes
// the way of the first group that differs comes first.
func workReasons(was, is cost, in func(group int) bool) []string {
	var more, less []string
	way := 0
	for _, w := range memoryWork {
		if !in(w.group) {
			continue
		}
		way = cmp.Or(way, cmp.Compare(is.work(w.group), was.work(w.group)))
		switch had, has := was.words[w.word], is.words[w.word]; {
		case had == 0 && has > 0 && w.begins != "":
			more = append(more, "begins "+w.begins)
		case had == 0 && has > 0:
			more = append(more, w.done)
		case had > 0 && has == 0:
			less = append(less, "no longer "+w.done)
		case has > had:
			more = append(more, w.times(had, has))
		case has < had:
			less = append(less, w.times(had, has))
		}
	}
	if way < 0 {
		return append(less, more...)
	}
	return append(more, less...)
}

func (w work) times(had, has int) string {
	return fmt.Sprintf("%s: %s -> %d", w.done, count(had, "time"), has)
}

func scatterReasons(r Result) []string {
	before, after := scatters(r.Before.Routes), scatters(r.After.Routes)
	more, less := gained(before, after), gained(after, before)
	rowBefore, rowAfter := scatters(perRow(r.Before.Routes)), scatters(perRow(r.After.Routes))
	rowMore, rowLess := gained(rowBefore, rowAfter), gained(rowAfter, rowBefore)
	var out []string
	for _, ks := range rowMore {
		out = append(out, "all shards of "+ks+" once per row")
	}
	for _, ks := range more {
		if slices.Contains(rowMore, ks) {
			continue // which says more
		}
		text := "all shards of " + ks
		if before[ks] > 0 {
			text += " more often"
		}
		out = append(out, text+" (scatter)")
	}
	begin := len(out)
	for _, ks := range rowLess {
		if after[ks] == 0 {
			continue // which says more
		}
		out = append(out, "no longer all shards of "+ks+" once per row")
	}
	for _, ks := range less {
		if slices.Contains(rowLess, ks) && after[ks] > 0 {
			continue
		}
		if after[ks] > 0 {
			out = append(out, "all shards of "+ks+" less often")
		} else {
			out = append(out, "no longer all shards of "+ks)
		}
	}
	if r.Verdict == Cheaper {
		return append(slices.Clone(out[begin:]), out[:begin]...)
	}
	return out
}

// shardReasons give the numbers, as far as they tell the same as the verdict: they
// count a route once that runs once per row, and the reads of lookup tables.
func shardReasons(r Result, was, is cost) []string {
	more, verdict := cmp.Compare(is.shards, was.shards), 1
	if r.Verdict == Cheaper {
		verdict = -1
	}
	if r.Verdict == Changed || more != verdict {
		return nil
	}
	if cmp.Compare(shardsKnown(r.After), shardsKnown(r.Before)) == verdict {
		if r.DecidedBy == ByScatter && (r.Before.Shards == nil || r.After.Shards == nil) {
			return nil // which says nothing more
		}
		return []string{shardsText(r.Before) + " -> " + shardsText(r.After)}
	}
	if r.DecidedBy == ByShards {
		return []string{routesText(r.Before) + " -> " + routesText(r.After)}
	}
	return nil
}

func readReasons(r Result, was, is int) []string {
	byLookup := func(r Route) bool { return r.Lookup }
	switch {
	case was == is,
		// It is read from all shards: that is told.
		was == 0 && slices.ContainsFunc(r.Before.Routes, byLookup), is == 0 && slices.ContainsFunc(r.After.Routes, byLookup):
		return nil
	case was == 0:
		return []string{"begins to read a lookup table"}
	case is == 0:
		return []string{"no longer reads a lookup table"}
	}
	return []string{"reads of lookup tables: " + count(was, "shard") + " -> " + fmt.Sprint(is)}
}

func writeReasons(was, is int) []string {
	switch was {
	case is:
		return nil
	case 0:
		return []string{count(is, "lookup row") + " written per row"}
	}
	return []string{fmt.Sprintf("%s written per row -> %d", count(was, "lookup row"), is)}
}

// Sequences and mirrors are no cost of the query's own.

func sequenceReasons(was, is string) []string {
	switch {
	case was == is:
		return nil
	case was == "":
		return []string{"filled from a sequence"}
	case is == "":
		return []string{"no longer filled from a sequence"}
	}
	return []string{"filled from another sequence: " + was + " -> " + is}
}

func mirrorReasons(before, after Node) []string {
	switch was, is := mirrored(before), mirrored(after); {
	case is && !was:
		return []string{"mirrored to another table"}
	case was && !is:
		return []string{"no longer mirrored to another table"}
	}
	return nil
}

// sequence is the table that an insert takes numbers from, with its keyspace where
// that is known; empty for none.
func (g Ground) sequence(n Node) string {
	if text := n.text("AutoIncrement"); text != "" {
		if known := g.Sequences[n.Keyspace+"."+tableOf(n.text("Query"))]; known != "" {
			return known
		}
		// select next :n /* INT64 */ values from customer_seq:Values::(NULL)
		text, _, _ = strings.Cut(text, ":Values::")
		text, _, _ = strings.Cut(text, ":Offset(")
		return text[strings.LastIndexByte(text, ' ')+1:]
	}
	for _, in := range n.Inputs {
		if name := g.sequence(in); name != "" {
			return name
		}
	}
	return ""
}

func mirrored(n Node) bool { return n.Operator == "Mirror" || slices.ContainsFunc(n.Inputs, mirrored) }
