package impact

import (
	"slices"
	"strings"
)

// write is an INSERT, UPDATE or DELETE.
func (v *visitor) write(n Node) {
	if n.Operator != "Insert" {
		if n.Variant == "ByDestination" {
			s := v.destination(n, n.text("TargetDestination"))
			s.write = true
			v.add(s)
		} else {
			v.routing(n, true)
		}
		v.lookups += v.lookupRows(n)
		return
	}
	s := stop{route: Route{Opcode: n.Variant, Keyspace: n.Keyspace}, class: Unsharded, shards: 1, write: true}
	if n.Sharded {
		rows := few
		if n.Variant != "Select" {
			rows = rowsOf(n.text("Query"))
		}
		s.class, s.shards = SingleShard, min(rows, v.ground.all(n.Keyspace))
		if rows > 1 {
			s.class = FewShards
		}
	}
	v.add(s)
	v.lookups += v.lookupRows(n)
}

// lookupRows is how many rows of lookup tables a write of one row writes.
func (v *visitor) lookupRows(n Node) int {
	rows := 0
	owned := v.ground.owned(n.Keyspace, n.text("Query"), v.tables)
	switch n.Operator {
	case "Update":
		for _, changed := range n.list("ChangedVindexValues") {
			// by_email:3, the place of whether it changes
			vindex, _, _ := strings.Cut(changed, ":")
			if slices.Contains(owned, vindex) {
				rows += 2 // one deleted, one inserted
			}
		}
		return rows
	case "Delete":
		if n.text("OwnedVindexQuery") != "" {
			return len(owned)
		}
		return 0
	}
	for _, vindex := range append(n.names("VindexValues"), n.names("VindexOffsetFromSelect")...) {
		if slices.Contains(owned, vindex) {
			rows++
		}
	}
	return rows
}

// upsert visits the pairs of an insert and the update that takes its place. Each
// pair is one row, so that the lookup rows are those of one pair.
func (v *visitor) upsert(n Node) {
	v.pairs += len(n.Inputs) / 2
	before, most := v.lookups, 0
	for i, in := range n.Inputs {
		if i%2 == 0 {
			most = max(most, v.lookups-before)
			v.lookups = before
		}
		v.visit(in)
	}
	v.lookups = before + max(most, v.lookups-before)
}
