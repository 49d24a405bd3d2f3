package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

var classWords = map[impact.Class]string{
	impact.Local:         "answered by vtgate",
	impact.Reference:     "any one shard",
	impact.Unsharded:     "unsharded",
	impact.SingleShard:   "single shard",
	impact.FewShards:     "few shards",
	impact.Scatter:       "scatter",
	impact.CrossJoin:     "cross-shard join",
	impact.CrossShardDML: "cross-shard DML",
	impact.NotPlannable:  "not plannable",
}

// sideText says on one line what a query's plan is.
func sideText(s impact.Side) string {
	head, routes, more := sideWords(s)
	if routes != "" {
		head += ": " + routes
	}
	return strings.Join(append([]string{head}, more...), "; ")
}

// sideWords gives the parts of it: the class with the number of shards, where
// the query goes, or why it cannot, and what else it costs.
func sideWords(s impact.Side) (head, routes string, more []string) {
	head = classWords[s.Class]
	if head == "" {
		head = printable(string(s.Class))
	}
	if s.Error != nil {
		return head, oneLine(s.Error.String()), nil
	}
	if n := shardsText(s); n != "" {
		head += " (" + n + ")"
	}
	if len(s.Memory) > 0 {
		more = append(more, "in vtgate: "+printable(strings.Join(s.Memory, ", ")))
	}
	if s.LookupWrites > 0 {
		more = append(more, count(s.LookupWrites, "lookup row")+" written per row")
	}
	return head, routesText(s), more
}

// shardsText gives how many shards one execution asks, where the class does not
// say it and it is known.
func shardsText(s impact.Side) string {
	switch s.Class {
	case impact.Local, impact.NotPlannable:
		return ""
	case impact.SingleShard:
		if s.Shards != nil && *s.Shards > 1 {
			return fmt.Sprintf("%d with the lookup", *s.Shards)
		}
		return ""
	case impact.Reference, impact.Unsharded:
		if s.Shards == nil || *s.Shards == 1 {
			return ""
		}
	case impact.FewShards:
		if s.Shards != nil {
			return strconv.Itoa(*s.Shards)
		}
	case impact.Scatter, impact.CrossJoin, impact.CrossShardDML:
	}
	if s.Shards != nil {
		return count(*s.Shards, "shard")
	}
	if slices.ContainsFunc(s.Routes, func(r impact.Route) bool { return r.Opcode == "Scatter" }) {
		return "all shards"
	}
	return ""
}

// maxRoutes is how many different routes of a plan are named.
const maxRoutes = 4

// routesText names the routes of a plan, equal ones once.
func routesText(s impact.Side) string {
	times := make(map[string]int)
	var different []string
	for _, r := range s.RouteTexts() {
		if times[r]++; times[r] == 1 {
			different = append(different, r)
		}
	}
	var out []string
	for i, text := range different {
		if i == maxRoutes {
			out = append(out, fmt.Sprintf("and %d more", len(different)-i))
			break
		}
		if times[text] > 1 {
			text = fmt.Sprintf("%d x %s", times[text], text)
		}
		out = append(out, printable(text))
	}
	return strings.Join(out, ", ")
}

// oneLine gives a text without line breaks, as a terminal may show it.
func oneLine(text string) string { return printable(strings.Join(strings.Fields(text), " ")) }

// cutText cuts a text to a width in columns, with a mark where it was cut.
func cutText(text string, width int) string {
	const mark = "..."
	if len(text) <= width {
		return text
	}
	runes := []rune(text)
	if fit(runes, width) == len(runes) {
		return text
	}
	return string(runes[:fit(runes, max(width-len(mark), 0))]) + mark
}

// wideText is the width of texts that no terminal shows.
const wideText = 160

func textWidth(s Style) int {
	if s.Width > 0 {
		return s.Width
	}
	return wideText
}
