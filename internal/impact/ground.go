package impact

import (
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// GroundOf takes the lookup vindexes of a routing, and joins the numbers of shards
// to them.
func GroundOf(srv *vschema.SrvVSchema, shards map[string]int) Ground {
	g := Ground{Shards: shards, Owned: map[string][]string{}, Lookups: map[string]bool{}}
	for name, ks := range srv.GetKeyspaces() {
		for vindex, v := range ks.GetVindexes() {
			if vschema.IsLookup(v.GetType()) {
				g.Lookups[name+"."+vindex] = true
			}
		}
		for table, t := range ks.GetTables() {
			for _, cv := range t.GetColumnVindexes() {
				if g.Lookups[name+"."+cv.GetName()] && ks.GetVindexes()[cv.GetName()].GetOwner() == table {
					key := name + "." + table
					g.Owned[key] = append(g.Owned[key], cv.GetName())
				}
			}
		}
	}
	return g
}

// owned are the lookup vindexes of the table that a write names; where its text
// does not say it, those of all tables of the plan.
func (g Ground) owned(keyspace, sql string, tables []string) []string {
	if table := tableOf(sql); table != "" {
		return g.Owned[keyspace+"."+table]
	}
	var out []string
	for _, t := range tables {
		if strings.HasPrefix(t, keyspace+".") {
			out = append(out, g.Owned[t]...)
		}
	}
	return out
}

// many stands for a number of shards that is not known: larger than any.
const many = 1 << 30

// all is the number of shards of a keyspace.
func (g Ground) all(keyspace string) int {
	if n := g.Shards[keyspace]; n > 0 {
		return n
	}
	return many
}
