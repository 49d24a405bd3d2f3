package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

// Expectation is what a change does to one query.
type Expectation struct {
	Query         impact.Query
	Verdict       impact.Verdict
	Before, After impact.Class
}

// Differs says how a judgement differs from what is expected; it is empty where
// it does not.
func (x Expectation) Differs(r impact.Result) string {
	if r.Verdict == x.Verdict && r.Before.Class == x.Before && r.After.Class == x.After {
		return ""
	}
	return fmt.Sprintf("%s\n got %s %s %s: %s; %v; %v\nwant %s %s %s", x.Query.SQL,
		r.Verdict, r.Before.Class, r.After.Class, strings.Join(r.Reasons, ", "), r.Before.Error, r.After.Error,
		x.Verdict, x.Before, x.After)
}

// expectations reads lines such as
//
//	dearer single_shard scatter customer@replica | select id from orders
//
// where the session's keyspace and tablet type may be left out.
func expectations(text string) ([]Expectation, error) {
	var out []Expectation
	for line := range strings.Lines(strings.TrimSpace(text)) {
		left, sql, ok := strings.Cut(line, "|")
		words := strings.Fields(left)
		if !ok || len(words) < 3 || len(words) > 4 {
			return nil, fmt.Errorf("line %q is not VERDICT BEFORE AFTER [SESSION] | QUERY", line)
		}
		x := Expectation{
			Query:   impact.Query{SQL: strings.TrimSpace(sql), Executions: 1},
			Verdict: impact.Verdict(words[0]), Before: impact.Class(words[1]), After: impact.Class(words[2]),
		}
		if len(words) == 4 {
			x.Query.Keyspace, x.Query.TabletType, _ = strings.Cut(words[3], "@")
		}
		if !slices.Contains(impact.Verdicts, x.Verdict) || !slices.Contains(impact.Classes, x.Before) || !slices.Contains(impact.Classes, x.After) {
			return nil, fmt.Errorf("line %q names a verdict or a class that there is not", line)
		}
		out = append(out, x)
	}
	return out, nil
}
