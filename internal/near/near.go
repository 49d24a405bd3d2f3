// Package near finds the valid name nearest to one that a user wrote. It is
// pure and imports nothing of vtsync.
package near

import (
	"slices"
	"strings"
)

// Name gives the candidate that is most likely meant by got, or "" when none
// is close: one letter in four may differ, one in names of three letters, none in
// shorter ones. Case and underscores cost nothing. Equal distances are settled by
// name.
func Name(got string, candidates []string) string {
	best, bestCost := "", 0
	folded := fold(got)
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if c == got {
			continue
		}
		other := fold(c)
		cost := distance(folded, other)
		if cost <= allowed(max(len(folded), len(other))) && (best == "" || cost < bestCost) {
			best, bestCost = c, cost
		}
	}
	return best
}

// allowed is how many letters of a name may differ.
func allowed(length int) int {
	if length < 3 {
		return 0
	}
	return max(1, length/4)
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
