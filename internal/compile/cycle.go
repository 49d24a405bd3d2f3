package compile

import (
	"maps"
	"slices"
)

// edges lead from a column to those that change with it.
type edges map[string][]string

func (e edges) add(from, to string) { e[from] = append(e[from], to) }

// cycle is a circle among the columns, with the least of its columns at both ends;
// nil where there is none. Of the same edges it is the same always, which
// Vitess's own search (graph.HasCycles) is not: it goes by the order of a map.
func (e edges) cycle() []string {
	done := map[string]bool{}
	var path []string
	var from func(string) []string
	from = func(column string) []string {
		if i := slices.Index(path, column); i >= 0 {
			return path[i:]
		}
		if done[column] {
			return nil
		}
		path = append(path, column)
		for _, next := range slices.Sorted(slices.Values(e[column])) {
			if found := from(next); found != nil {
				return found
			}
		}
		path = path[:len(path)-1]
		done[column] = true
		return nil
	}
	for _, column := range slices.Sorted(maps.Keys(e)) {
		if found := from(column); found != nil {
			least := slices.Index(found, slices.Min(found))
			return slices.Concat(found[least:], found[:least+1])
		}
	}
	return nil
}
