package impact

import (
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// GroundOf takes the vindexes and sequences of a routing, and joins the numbers of shards
// to them.
func GroundOf(srv *vschema.SrvVSchema, shards map[string]int) Ground {
	g := Ground{Shards: shards, Owned: map[string][]string{}, Lookups: map[string]bool{}, Primary: map[string]string{}, Sequences: map[string]string{}, Sharded: map[string]bool{}}
	for name, ks := range srv.GetKeyspaces() {
		if ks.GetSharded() {
			g.Sharded[name] = true
		}
		for vindex, v := range ks.GetVindexes() {
			if vschema.IsLookup(v.GetType()) {
				g.Lookups[name+"."+vindex] = true
			}
		}
		for table, t := range ks.GetTables() {
			if sequence := t.GetAutoIncrement().GetSequence(); sequence != "" {
				g.Sequences[name+"."+table] = qualified(srv, sequence)
			}
			if vindexes := t.GetColumnVindexes(); len(vindexes) > 0 {
				g.Primary[name+"."+table] = vindexes[0].GetName()
			}
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

// qualified gives a sequence with its keyspace, where only one has it.
func qualified(srv *vschema.SrvVSchema, sequence string) string {
	if strings.Contains(sequence, ".") {
		return sequence
	}
	found := sequence
	for name, ks := range srv.GetKeyspaces() {
		if ks.GetTables()[sequence] == nil {
			continue
		}
		if found != sequence {
			return sequence
		}
		found = name + "." + sequence
	}
	return found
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

// runnable refuses what vtgate would plan and not run: queries of a keyspace that is
// no longer sharded, and is not known to have one shard. One that is to be sharded is another
// matter: it may have been given the shards that it will have.
func runnable(p Plan, was, is Ground) Plan {
	if p.Tree == nil {
		return p
	}
	var lost string
	walk(*p.Tree, func(n Node) {
		one := n.Variant == "Unsharded" || n.Variant == "Next"
		if one && was.Sharded[n.Keyspace] && !is.Sharded[n.Keyspace] && is.all(n.Keyspace) > 1 {
			lost = n.Keyspace
		}
	})
	if lost == "" {
		return p
	}
	has := "several shards, as far as is known"
	if n := is.Shards[lost]; n > 0 {
		has = count(n, "shard")
	}
	return Plan{Tables: p.Tables, Err: &Error{
		Text: fmt.Sprintf("keyspace %s is no longer sharded, and has %s: vtgate plans this and cannot run it", lost, has),
	}}
}

func walk(n Node, visit func(Node)) {
	visit(n)
	for _, in := range n.Inputs {
		walk(in, visit)
	}
}
