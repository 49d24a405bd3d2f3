package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Judge says what a change does to one query.
func Judge(q Query, before, after Plan, groundBefore, groundAfter Ground) Result {
	r := Result{
		SQL: q.SQL, Keyspace: q.Keyspace, TabletType: q.TabletType, Weight: q.Executions,
		BeforeTree: before.Tree, AfterTree: after.Tree,
	}
	var was, is cost
	r.Before, was = look(before, groundBefore)
	r.After, is = look(after, groundAfter)
	r.Verdict = verdict(before, after, was, is)
	switch {
	case r.Verdict != Same:
		r.Reasons = reasons(r, was, is)
	case unplannable(r) && r.Before.Error.String() != r.After.Error.String():
		r.Reasons = []string{"before: " + r.Before.Error.String() + "; after: " + r.After.Error.String()}
	}
	return r
}

func verdict(before, after Plan, was, is cost) Verdict {
	switch {
	case before.Err != nil && after.Err != nil:
		return Same
	case before.Err != nil:
		return Fixed
	case after.Err != nil:
		return Breaks
	case sameTree(before.Tree, after.Tree):
		return Same
	}
	switch c := was.compare(is); {
	case c < 0:
		return Dearer
	case c > 0:
		return Cheaper
	}
	return Changed
}

func sameTree(a, b *Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func (c cost) compare(o cost) int {
	return cmp.Or(cmp.Compare(c.shards, o.shards), slices.Compare(c.memory[:], o.memory[:]), cmp.Compare(c.lookups, o.lookups))
}

// NewScatter says that a query begins to ask all shards of a keyspace: it has a
// scatter more than it had, and asks more shards. One shard is no scatter.
func (r Result) NewScatter() bool {
	if r.Verdict == Breaks || r.Verdict == Fixed || r.Verdict == Same {
		return false
	}
	return scatters(r.After) > scatters(r.Before) &&
		(r.After.Shards == nil || r.Before.Shards != nil && *r.After.Shards > *r.Before.Shards)
}

func scatters(s Side) int {
	n := 0
	for _, r := range s.Routes {
		if r.Opcode == "Scatter" {
			n++
		}
	}
	return n
}

// reasons say what differs between the sides: what decides first.
func reasons(r Result, was, is cost) []string {
	switch r.Verdict {
	case Breaks:
		return []string{r.After.Error.String()}
	case Fixed:
		return []string{"was " + r.Before.Error.String()}
	case Dearer, Changed, Cheaper, Same:
	}
	var out []string
	from, to := shardsText(r.Before), shardsText(r.After)
	switch {
	case from != to:
		out = append(out, from+" -> "+to)
	case was.shards != is.shards:
		out = append(out, routesText(r.Before)+" -> "+routesText(r.After))
	}
	switch {
	case r.NewScatter() && from != to && to == allShardsText:
		out[0] += " (scatter)"
	case r.NewScatter():
		out = append(out, "all shards (scatter)")
	case scatters(r.Before) > 0 && scatters(r.After) == 0:
		out = append(out, "no longer a scatter")
	}
	for _, w := range memoryWork {
		switch had, has := slices.Contains(r.Before.Memory, w.word), slices.Contains(r.After.Memory, w.word); {
		case has && !had:
			out = append(out, w.done)
		case had && !has:
			out = append(out, "no longer "+w.done)
		}
	}
	if was.memory != is.memory && slices.Equal(r.Before.Memory, r.After.Memory) {
		out = append(out, fmt.Sprintf("%s -> %d", steps(was.memory), total(is.memory)))
	}
	if was.lookups != is.lookups {
		out = append(out, lookupsText(was.lookups, is.lookups))
	}
	if len(out) == 0 {
		out = append(out, unlike(r))
	}
	return out
}

func lookupsText(was, is int) string {
	if was == 0 {
		return count(is, "lookup row") + " written per row"
	}
	return fmt.Sprintf("%s written per row -> %d", count(was, "lookup row"), is)
}

func total(groups [memoryGroups]int) int {
	sum := 0
	for _, n := range groups {
		sum += n
	}
	return sum
}

func steps(groups [memoryGroups]int) string { return count(total(groups), "step") + " in vtgate" }

// unlike says what differs between plans of the same cost.
func unlike(r Result) string {
	if before, after := routesText(r.Before), routesText(r.After); before != after {
		return before + " -> " + after
	}
	var before, after Node
	if r.BeforeTree != nil {
		before = *r.BeforeTree
	}
	if r.AfterTree != nil {
		after = *r.AfterTree
	}
	was, is := features(before), features(after)
	for _, f := range []string{sequenceFeature, mirrorFeature} {
		switch {
		case is[f] && !was[f]:
			return f
		case was[f] && !is[f]:
			return "no longer " + f
		}
	}
	return "another plan of the same cost: not the same " + strings.Join(differing(before, after), ", ")
}

// Features of a plan that are no cost of the query's own.
const (
	sequenceFeature = "filled from a sequence"
	mirrorFeature   = "mirrored to another table"
)

func features(n Node) map[string]bool {
	out := map[string]bool{sequenceFeature: n.text("AutoIncrement") != "", mirrorFeature: n.Operator == "Mirror"}
	for _, in := range n.Inputs {
		for f, has := range features(in) {
			out[f] = out[f] || has
		}
	}
	return out
}

func routesText(s Side) string {
	if len(s.Routes) == 0 {
		return "no shard"
	}
	return strings.Join(s.RouteTexts(), ", ")
}

// RouteTexts name the routes of a plan, each with what a lookup vindex reads for
// it: "EqualUnique customer by email_lookup (lookup: Unsharded main)".
func (s Side) RouteTexts() []string {
	var out []string
	for i := 0; i < len(s.Routes); i++ {
		text := s.Routes[i].String()
		var reads []string
		for i+1 < len(s.Routes) && s.Routes[i+1].Lookup {
			i++
			reads = append(reads, s.Routes[i].String())
		}
		if len(reads) > 0 {
			text += " (lookup: " + strings.Join(reads, ", ") + ")"
		}
		out = append(out, text)
	}
	return out
}

// String gives the variant, the keyspace and the vindex, as far as there are any.
func (r Route) String() string {
	text := strings.TrimSpace(r.Opcode + " " + r.Keyspace)
	if r.Vindex != "" {
		text += " by " + r.Vindex
	}
	return text
}

const allShardsText = "all shards"

// shardsText gives "1 shard", "64 shards" or "all shards".
func shardsText(s Side) string {
	if s.Shards == nil {
		return allShardsText
	}
	if *s.Shards == 0 {
		return "no shard"
	}
	return count(*s.Shards, "shard")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// String gives the text with Vitess's code, once.
func (e *Error) String() string {
	if e.Code == "" || strings.HasPrefix(e.Text, e.Code) {
		return e.Text
	}
	return e.Code + ": " + e.Text
}
