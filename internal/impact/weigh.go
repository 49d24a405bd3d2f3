package impact

import (
	"cmp"
	"maps"
	"slices"
)

// cost is what plans are ordered by.
type cost struct {
	words    map[string]int // the work in vtgate's memory: how often each word
	scatters []Route
	shards   int // of all routes, but for plain reads of lookup tables
	reads    int // the shards of those
	writes   int // lookup rows
	// sequence is what an insert takes numbers from, which costs nothing more.
	sequence string
	// placed is the vindex that says where the rows are that are written.
	placed string
}

func (v *visitor) cost() cost {
	c := cost{words: v.memory, writes: v.lookups}
	for _, s := range v.stops {
		scattered := s.route.scatter() && s.shards > 1
		if scattered {
			c.scatters = append(c.scatters, s.route)
			c.scatters[len(c.scatters)-1].Shards = known(s.shards)
		}
		// A lookup table that is read from all shards is no plain read.
		if s.route.Lookup && !scattered {
			c.reads += s.shards
		} else {
			c.shards += s.shards
		}
		c.reads += s.reads
	}
	return c
}

// scatter tells a route to all shards of a keyspace that may have several.
func (r Route) scatter() bool { return r.Opcode == "Scatter" && (r.Shards == nil || *r.Shards > 1) }

// scatters counts the routes to all shards, by their keyspaces.
func scatters(routes []Route) map[string]int {
	out := map[string]int{}
	for _, r := range routes {
		if r.scatter() {
			out[r.Keyspace]++
		}
	}
	return out
}

// scattered gives the routes to all shards.
func scattered(routes []Route) []Route {
	return slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return !r.scatter() })
}

// perRow gives the routes that run once for each row of a join's outer side.
func perRow(routes []Route) []Route {
	return slices.DeleteFunc(slices.Clone(routes), func(r Route) bool { return !r.PerRow })
}

// gained gives the keyspaces to which more scatters go than did, sorted.
func gained(was, is map[string]int) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(is)), func(ks string) bool { return is[ks] <= was[ks] })
}

// dearer compares in each way that a Decider names, in their order: more than
// zero where the plan that is costs more than the one that was.
func (c cost) dearer(is cost) map[Decider]int {
	row := cmp.Compare(is.work(rowWork), c.work(rowWork))
	memory := 0
	for group := rowWork + 1; group < memoryGroups && memory == 0; group++ {
		memory = cmp.Compare(is.work(group), c.work(group))
	}
	return map[Decider]int{
		ByRowWork:      row,
		ByScatter:      c.scattersMore(is),
		ByShards:       cmp.Compare(is.shards, c.shards),
		ByMemory:       memory,
		ByLookupReads:  cmp.Compare(is.reads, c.reads),
		ByLookupWrites: cmp.Compare(is.writes, c.writes),
	}
}

// decides is the first way in which two plans differ, and how; empty for none.
func (c cost) decides(is cost) (Decider, int) {
	dearer := c.dearer(is)
	for _, by := range Deciders {
		if dearer[by] != 0 {
			return by, dearer[by]
		}
	}
	return "", 0
}

// scattersMore weighs what runs once per row before the rest.
func (c cost) scattersMore(is cost) int {
	return cmp.Or(scattersMore(perRow(c.scatters), perRow(is.scatters)), scattersMore(c.scatters, is.scatters))
}

func scattersMore(was, is []Route) int {
	before, after := scatters(was), scatters(is)
	more, fewer := len(gained(before, after)) > 0, len(gained(after, before)) > 0
	switch {
	case more && fewer:
		return cmp.Compare(shardsOf(is), shardsOf(was))
	case more:
		return 1
	case fewer:
		return -1
	}
	return 0
}

func shardsOf(routes []Route) int {
	sum := 0
	for _, r := range routes {
		if r.Shards == nil {
			sum += many
		} else {
			sum += *r.Shards
		}
	}
	return sum
}

// work counts what a plan does of one group.
func (c cost) work(group int) int {
	sum := 0
	for _, w := range memoryWork {
		if w.group == group {
			sum += c.words[w.word]
		}
	}
	return sum
}

// NewScatter says that a query begins to ask all shards of a keyspace: more of its
// routes do than did, or more of them once per row, whatever it asks besides. One
// shard is no scatter, and where another scatter goes, as when a table moves, it takes
// more shards than before.
func (r Result) NewScatter() bool {
	switch r.Verdict {
	case Breaks, Fixed, Same:
		return false
	case Dearer, Changed, Cheaper:
	}
	was, is := scattered(r.Before.Routes), scattered(r.After.Routes)
	return scattersMore(perRow(was), perRow(is)) > 0 || scattersMore(was, is) > 0
}

// Worse says that a result is worse than another of the same query, for another
// type of tablet: it breaks, or begins to scatter, or is dearer by what weighs
// more. None is worse than another where neither costs more than before.
func (r Result) Worse(than Result) bool {
	switch a, b := r.badness(), than.badness(); {
	case a != b:
		return a > b
	case r.Verdict != than.Verdict:
		return worst(r.Verdict) && slices.Index(Verdicts, r.Verdict) < slices.Index(Verdicts, than.Verdict)
	case r.Verdict != Dearer:
		return false
	case r.DecidedBy != than.DecidedBy:
		return slices.Index(Deciders, r.DecidedBy) < slices.Index(Deciders, than.DecidedBy)
	}
	return shardsKnown(r.After) > shardsKnown(than.After)
}

// badness is what a policy is about first.
func (r Result) badness() int {
	switch {
	case r.Verdict == Breaks:
		return 2
	case r.NewScatter():
		return 1
	}
	return 0
}

// worst tells the verdicts of which one is worse than the next.
func worst(v Verdict) bool { return v == Breaks || v == Dearer || v == Changed }

func shardsKnown(s Side) int {
	if s.Shards == nil {
		return many
	}
	return *s.Shards
}
