package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/impact"
)

// Expectation is what a change does to one query.
type Expectation struct {
	Query   impact.Query
	Verdict impact.Verdict
	// NewScatter says that it begins to ask all shards of a keyspace.
	NewScatter    bool
	Before, After impact.Class
}

// Differs says how a judgement differs from what is expected; it is empty where
// it does not.
func (x Expectation) Differs(r impact.Result) string {
	got := Expectation{x.Query, r.Verdict, r.NewScatter(), r.Before.Class, r.After.Class}
	if got == x {
		return ""
	}
	return fmt.Sprintf("%s\n got %s: %s; %v; %v\nwant %s", x.Query.SQL, got, strings.Join(r.Reasons, ", "), r.Before.Error, r.After.Error, x)
}

// String gives it as an entry has it, without its query.
func (x Expectation) String() string {
	words := []string{string(x.Verdict), string(x.Before), string(x.After)}
	if x.NewScatter {
		words = slices.Insert(words, 1, newScatter)
	}
	return strings.Join(words, " ")
}

// newScatter is the word for it in an entry.
const newScatter = "new_scatter"

// expectations reads lines such as
//
//	dearer new_scatter single_shard scatter customer@replica | select id from orders
//
// where the session's keyspace and tablet type may be left out, and the second
// word is there only where the query begins to scatter.
func expectations(text string) ([]Expectation, error) {
	var out []Expectation
	for line := range strings.Lines(strings.TrimSpace(text)) {
		left, sql, ok := strings.Cut(line, "|")
		words := strings.Fields(left)
		scatters := len(words) > 1 && words[1] == newScatter
		if scatters {
			words = slices.Delete(words, 1, 2)
		}
		if !ok || len(words) < 3 || len(words) > 4 {
			return nil, fmt.Errorf("line %q is not VERDICT [new_scatter] BEFORE AFTER [SESSION] | QUERY", line)
		}
		x := Expectation{
			Query:   impact.Query{SQL: strings.TrimSpace(sql), Executions: 1},
			Verdict: impact.Verdict(words[0]), NewScatter: scatters, Before: impact.Class(words[1]), After: impact.Class(words[2]),
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
