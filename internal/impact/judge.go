package impact

import (
	"fmt"
	"strings"
)

// Judge says what a change does to one query.
func Judge(q Query, before, after Plan, groundBefore, groundAfter Ground) Result {
	r := Result{
		SQL: q.SQL, Keyspace: q.Keyspace, TabletType: q.TabletType, Weight: q.Executions,
		BeforeTree: before.Tree, AfterTree: after.Tree,
	}
	after = runnable(after, groundBefore, groundAfter)
	var was, is cost
	r.Before, was = look(before, groundBefore)
	r.After, is = look(after, groundAfter)
	switch {
	case before.Err != nil && after.Err != nil:
		r.Verdict = Same
		if r.Before.Error.String() != r.After.Error.String() {
			r.Reasons = []string{"before: " + r.Before.Error.String() + "; after: " + r.After.Error.String()}
		}
	case before.Err != nil:
		r.Verdict, r.Reasons = Fixed, []string{"was " + r.Before.Error.String()}
	case after.Err != nil:
		r.Verdict, r.Reasons = Breaks, []string{r.After.Error.String()}
	default:
		r.weigh(was, is)
	}
	return r
}

// weigh judges two plans. They can look the same and do something else: the routing
// says which lookup rows a write writes, which vindexes read a table, and in which
// keyspace a sequence is.
func (r *Result) weigh(was, is cost) {
	by, more := was.decides(is)
	r.DecidedBy = by
	switch {
	case more == 0 && was.sequence == is.sequence && sameTree(r.BeforeTree, r.AfterTree):
		r.Verdict = Same
		return
	case more > 0:
		r.Verdict = Dearer
	case more < 0:
		r.Verdict = Cheaper
	default:
		r.Verdict = Changed
	}
	r.Reasons = reasons(*r, was, is)
}

func sameTree(a, b *Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

func routesText(s Side) string {
	if len(s.Routes) == 0 {
		return "no shard"
	}
	return strings.Join(s.RouteTexts(), ", ")
}

// RouteTexts name the routes of a plan, each with what a lookup vindex reads for
// it: "EqualUnique customer by email_lookup (lookup: Unsharded main)", and whether it
// runs once per row of a join's outer side.
func (s Side) RouteTexts() []string {
	var out []string
	for i := 0; i < len(s.Routes); i++ {
		main := s.Routes[i]
		text := main.String()
		var reads []string
		for i+1 < len(s.Routes) && s.Routes[i+1].Lookup {
			i++
			reads = append(reads, s.Routes[i].String())
		}
		var more []string
		if len(reads) > 0 {
			more = append(more, "lookup: "+strings.Join(reads, ", "))
		}
		if main.PerRow {
			more = append(more, "once per row")
		}
		if len(more) > 0 {
			text += " (" + strings.Join(more, "; ") + ")"
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

// String gives the text with Vitess's code, once, and whose columns it lacks.
func (e *Error) String() string {
	text := e.Text
	if !strings.HasPrefix(e.Text, e.Code) {
		text = e.Code + ": " + e.Text
	}
	return text + e.missingText()
}
