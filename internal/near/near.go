// Package near finds the valid name nearest to one that a user wrote. It is
// pure and imports nothing of vtsync.
package near

import (
	"slices"
	"strings"
)

// Name gives the candidate that is most likely meant by got, or "" when none
// is close: at most a third of the letters may differ, and case and
// underscores cost nothing. Equal distances are settled by name.
func Name(got string, candidates []string) string {
	best, bestCost := "", len(got)/3+2
	sorted := slices.Sorted(slices.Values(candidates))
	for _, c := range sorted {
		if c == got {
			continue
		}
		if cost := distance(fold(got), fold(c)); cost < bestCost && cost <= max(len(got), len(c))/3+1 {
			best, bestCost = c, cost
		}
	}
	return best
}

func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "_", "")
}

// distance is the optimal string alignment distance: insertions, deletions,
// substitutions and swaps of neighbours cost one each.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	prev2, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(y)]
}
