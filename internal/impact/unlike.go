package impact

import (
	"reflect"
	"slices"
	"strings"
)

// unlike says what differs between two plans of the same cost that ask the same
// shards: in words where there are some for it, or else by vtgate's names.
func unlike(before, after Node, was, is cost) []string {
	if was.placed != is.placed && was.placed != "" && is.placed != "" {
		return []string{"rows are placed by " + is.placed + ", was " + was.placed}
	}
	differ := differing(before, after)
	among := func(names ...string) bool {
		return !slices.ContainsFunc(differ, func(name string) bool { return !slices.Contains(names, name) })
	}
	switch {
	case among("ChangedVindexValues", "OwnedVindexQuery"):
		return []string{"other columns are read for the lookup rows"}
	case among(onlyHidden) && !reflect.DeepEqual(collations(before), collations(after)):
		return []string{"texts are compared by another collation"}
	}
	return []string{"another plan of the same cost: not the same " + strings.Join(differ, ", ")}
}

// collations are those of a plan's operators.
func collations(n Node) []string {
	out := []string{n.text("Collation"), n.text("Collations")}
	out = append(out, n.list("Collations")...)
	for _, in := range n.Inputs {
		out = append(out, collations(in)...)
	}
	return out
}

// placed is the vindex that says where the rows are which a plan writes; empty for
// none, and for what its text does not tell.
func (g Ground) placed(n Node) string {
	if vindex := n.text("KsidVindex"); vindex != "" {
		return vindex
	}
	if n.Operator == "Insert" {
		return g.Primary[n.Keyspace+"."+tableOf(n.text("Query"))]
	}
	for _, in := range n.Inputs {
		if vindex := g.placed(in); vindex != "" {
			return vindex
		}
	}
	return ""
}
