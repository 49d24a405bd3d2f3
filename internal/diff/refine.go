package diff

import (
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

// scene is what surrounds a change: the whole keyspace before and after.
type scene struct {
	ground        Ground
	before, after *vschema.Keyspace // canonical; nil for an absent record
}

// judge fills in the hazard of a change from the table, refined by its scene.
func (s scene) judge(c Change) Change {
	r := risks[c.Type]
	if better, ok := s.refine(c); ok {
		r = better
	}
	c.Hazard, c.Why, c.Code = r.hazard, r.why, r.code
	return c
}

var harmless = risk{hazard: Safe}

// refine gives the risk where the surroundings say more than the table does.
func (s scene) refine(c Change) (risk, bool) {
	switch c.Type {
	case ShardedOn:
		// An empty VSchema says nothing: vtgate takes any name for a table of an
		// unsharded keyspace, as long as one shard serves it.
		if s.ground.Unrouted && len(s.before.GetTables())+len(s.before.GetVindexes()) == 0 {
			return risk{hazard: Replan, why: "the keyspace routed no table yet"}, true
		}
	case ForeignKeyChanged:
		if s.after.GetForeignKeyMode() == vschemapb.Keyspace_managed {
			return foreignKeysManaged, true
		}
	case VindexDropped, VindexType, VindexParam, VindexOwner, WriteOnlyAdded, WriteOnlyRemoved:
		return s.refineVindex(c)
	case TableAdded, TableDropped, TableType, TableSource, TablePinned:
		return s.refineTable(c)
	case PrimaryChanged, ColumnVindexAdded, ColumnVindexDropped, ColumnVindexColumns, ColumnVindexesOrdered:
		return s.refineBinding(c)
	case ColumnAdded, ColumnDropped, ColumnsOrdered:
		return s.refineColumns(c)
	case ShardedOff, ExplicitOn, ExplicitOff, TenantChanged, VindexAdded, ColumnVindexRenamed,
		AutoIncAdded, AutoIncDropped, AutoIncChanged, ColumnChanged, AuthoritativeOn, AuthoritativeOff:
		// The table says all there is to say.
	}
	return risk{}, false
}

func (s scene) refineVindex(c Change) (risk, bool) {
	if c.Type == VindexDropped && usesVindex(s.after, c.Vindex) {
		return usedVindexDropped, true
	}
	if s.unsharded() || s.flips() || !usesVindex(s.before, c.Vindex) || !usesVindex(s.after, c.Vindex) {
		// Where a table starts or stops to use it with this very change, or the
		// keyspace itself is placed otherwise, that change carries the hazard.
		return harmless, true
	}
	readsOnly := c.Param == "read_lock" || c.Param == "batch_lookup"
	if c.Type == VindexParam && readsOnly && vschema.IsLookup(s.after.GetVindexes()[c.Vindex].GetType()) {
		return risk{hazard: Replan, why: "it says how the lookup table is read, not what is found"}, true
	}
	return risk{}, false
}

func (s scene) refineTable(c Change) (risk, bool) {
	was, is := s.before.GetTables()[c.Table], s.after.GetTables()[c.Table]
	switch {
	case (c.Type == TableDropped || c.Type == TableType) && was.GetType() == sequence:
		return sequenceDropped, true
	case c.Type == TableType && is.GetType() == sequence:
		return becomesSequence, true
	case c.Type == TableSource && was.GetType() != reference && is.GetType() != reference:
		return harmless, true // only reference tables have a source
	case s.flips() && (c.Type == TableType || c.Type == TablePinned):
		return risk{hazard: Replan, why: "the keyspace is placed otherwise as a whole"}, true
	case c.Type == TableType && was.GetPinned() != is.GetPinned():
		return risk{hazard: Replan, why: "where the table is pinned decides"}, true
	case !s.unsharded():
		return risk{}, false
	case c.Type == TableAdded, c.Type == TablePinned:
		return harmless, true
	case c.Type == TableDropped:
		return risk{hazard: Replan, why: "the keyspace is unsharded: only its qualified name is still found"}, true
	case c.Type == TableType:
		return risk{hazard: Replan, why: "the keyspace is unsharded: the rows stay where they are"}, true
	}
	return risk{}, false
}

func (s scene) refineBinding(c Change) (risk, bool) {
	if s.unsharded() {
		return harmless, true
	}
	if s.flips() || s.movesWhole(c.Table) {
		return risk{hazard: Replan, why: "the table is placed otherwise as a whole"}, true
	}
	was, is := s.before.GetVindexes()[c.Vindex], s.after.GetVindexes()[c.Vindex]
	switch {
	case c.Type == ColumnVindexAdded && vschema.IsLookup(is.GetType()) && is.GetParams()[vschema.ParamWriteOnly] == "true":
		return risk{hazard: Replan, why: "vtgate writes the lookup table and does not read by it yet"}, true
	case c.Type == ColumnVindexDropped && was.GetOwner() == c.Table:
		return ownedLookupDropped, true
	}
	return risk{}, false
}

func (s scene) refineColumns(c Change) (risk, bool) {
	was, is := s.before.GetTables()[c.Table], s.after.GetTables()[c.Table]
	if !was.GetColumnListAuthoritative() || !is.GetColumnListAuthoritative() {
		return risk{}, false // a list that becomes authoritative says so as a whole
	}
	switch c.Type {
	case ColumnAdded:
		return listedColumnAdded, true
	case ColumnDropped:
		return listedColumnDropped, true
	default:
		return listedColumnsOrdered, true
	}
}

// unsharded tells that vtgate ignores vindexes here, before and after.
func (s scene) unsharded() bool {
	return !s.before.GetSharded() && !s.after.GetSharded()
}

// flips tells that the keyspace becomes sharded or unsharded: that change
// carries the hazard of all that places rows.
func (s scene) flips() bool {
	return s.before.GetSharded() != s.after.GetSharded()
}

// movesWhole tells that the type or the pin of the table changes, which decides
// where its rows are sought whatever its vindexes say.
func (s scene) movesWhole(table string) bool {
	was, is := s.before.GetTables()[table], s.after.GetTables()[table]
	return was.GetType() != is.GetType() || was.GetPinned() != is.GetPinned()
}

func usesVindex(ks *vschema.Keyspace, vindex string) bool {
	for _, t := range ks.GetTables() {
		for _, cv := range t.GetColumnVindexes() {
			if cv.GetName() == vindex {
				return true
			}
		}
	}
	return false
}
