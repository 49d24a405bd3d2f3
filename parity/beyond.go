package main

import (
	"maps"
	"slices"
	"strings"

	querypb "vitess.io/vitess/go/vt/proto/query"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// excuse is why an error is right although Vitess builds and plans the state,
// and where: anywhere else the error is too much.
type excuse struct {
	where func(state, said) bool
	why   string
}

// beyondPlans are the rules whose harm comes when a statement runs, or shows
// only in which rows it finds, or in a part that no plain statement touches.
// Each is shown on the lab (e2e, TestHarm).
var beyondPlans = map[string]excuse{
	"VS104": {unnamedNumber, "an enum's number that Vitess has no name for is kept, and read as none of its values"},
	"VS203": {wholeLookup, "vtgate ignores the param: without ignore_nulls inserts of NULL fail when they run, without write_only the lookup table is read before it is filled"},
	"VS210": {multiColumn, "the vindex gets fewer columns than it was made for: each statement fails when it runs, or reaches all shards"},
	"VS301": {inventedSequence, "vtgate takes any name in an unsharded keyspace for a table: the insert fails when no such sequence is found there"},
	"VS302": {plainSequence, "a table that is no sequence hands out no values: the insert fails when it runs"},
	"VS304": {unlistedColumn, "no column takes the values of the sequence: rows are stored without them, or inserts fail"},
	"VS401": {usedUndeclared, "the vindex has no lookup table, and a table uses it: the first statement that needs it fails, which the plainest ones may not"},
	"VS402": {usedNotByOwner, "vtgate takes the vindex for one without an owner, and no longer writes its lookup rows"},
	"VS404": {ownedLookupTable, "vtgate writes a lookup row without the column that shards it"},
	"VS408": {otherCount, "the lookup rows are written with fewer values than columns"},
	"VS503": {shardedReference, "a read goes to any one shard and finds only the rows that the vindex put there"},
	"VS504": {shardedPinned, "a read goes to the pinned shard, an insert to the vindex's: its rows are not found"},
	"VS806": {absentLookup, "the lookup table lies in a keyspace that has no file: nothing here tells that it is there"},
}

// excused tells whether the error is right in a state that builds and plans.
func excused(in state, e said) bool {
	x, ok := beyondPlans[e.code]
	return ok && x.where(in, e)
}

// state is what vtgate was given, and what it made of that.
type state struct {
	srv   *vschema.SrvVSchema
	built *vindexes.VSchema
}

// table gives the table in which an error stands, as it was given and as it is
// served; nil where it stands elsewhere.
func (s state) table(e said) (*vschema.Table, *vindexes.BaseTable) {
	if len(e.path) < 2 || e.path[0] != "tables" {
		return nil, nil
	}
	t, built := s.srv.GetKeyspaces()[e.keyspace].GetTables()[e.path[1]], s.built.Keyspaces[e.keyspace]
	if t == nil || built == nil || built.Tables[e.path[1]] == nil {
		return nil, nil
	}
	return t, built.Tables[e.path[1]]
}

// vindex gives the vindex in which an error stands, and the tables that use it.
func (s state) vindex(e said) (v *vschema.Vindex, users []string) {
	if len(e.path) < 2 || e.path[0] != "vindexes" {
		return nil, nil
	}
	ks := s.srv.GetKeyspaces()[e.keyspace]
	for name, t := range ks.GetTables() {
		if slices.ContainsFunc(t.GetColumnVindexes(), func(cv *vschema.ColumnVindex) bool { return cv.GetName() == e.path[1] }) {
			users = append(users, name)
		}
	}
	return ks.GetVindexes()[e.path[1]], users
}

// declared tells whether a keyspace declares the table, which may be written
// without its keyspace.
func (s state) declared(name string) bool {
	ks, table, ok := strings.Cut(name, ".")
	if ok {
		return s.srv.GetKeyspaces()[ks].GetTables()[table] != nil
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(s.srv.GetKeyspaces())), func(k *vschema.Keyspace) bool { return k.GetTables()[name] != nil })
}

// unnamedNumber: file errors have no path, so that it looks at all of them.
func unnamedNumber(s state, _ said) bool {
	for _, ks := range s.srv.GetKeyspaces() {
		if vschemapb.Keyspace_ForeignKeyMode_name[int32(ks.GetForeignKeyMode())] == "" {
			return true
		}
		for _, t := range ks.GetTables() {
			if slices.ContainsFunc(t.GetColumns(), func(c *vschemapb.Column) bool { return querypb.Type_name[int32(c.GetType())] == "" }) {
				return true
			}
		}
	}
	return false
}

func wholeLookup(s state, e said) bool {
	v, _ := s.vindex(e)
	p := v.GetParams()
	return vschema.IsLookup(v.GetType()) && p["table"] != "" && p["from"] != "" && p["to"] != ""
}

func multiColumn(s state, e said) bool {
	_, built := s.table(e)
	if built == nil || len(built.ColumnVindexes) == 0 {
		return false
	}
	_, ok := built.ColumnVindexes[0].Vindex.(vindexes.MultiColumn)
	return ok
}

// sequence gives the keyspace and the declaration of the table from which the
// erroneous one takes its values; ok tells that vtgate found any.
func (s state) sequence(e said) (ks *vschema.Keyspace, t *vschema.Table, ok bool) {
	_, built := s.table(e)
	if built == nil || built.AutoIncrement == nil || built.AutoIncrement.Sequence == nil {
		return nil, nil, false
	}
	to := built.AutoIncrement.Sequence
	ks = s.srv.GetKeyspaces()[to.Keyspace.Name]
	return ks, ks.GetTables()[to.Name.String()], true
}

func inventedSequence(s state, e said) bool {
	ks, t, ok := s.sequence(e)
	return ok && t == nil && !ks.GetSharded()
}

func plainSequence(s state, e said) bool {
	_, t, ok := s.sequence(e)
	return ok && t != nil && t.Type != vindexes.TypeSequence
}

func unlistedColumn(s state, e said) bool {
	t, _ := s.table(e)
	column := t.GetAutoIncrement().GetColumn()
	listed := slices.ContainsFunc(t.GetColumns(), func(c *vschemapb.Column) bool { return strings.EqualFold(c.GetName(), column) })
	return t.GetAutoIncrement() != nil && (column == "" || t.ColumnListAuthoritative && !listed)
}

func usedUndeclared(s state, e said) bool {
	v, users := s.vindex(e)
	return len(users) > 0 && !s.declared(v.GetParams()["table"])
}

func usedNotByOwner(s state, e said) bool {
	v, users := s.vindex(e)
	return len(users) > 0 && v.GetOwner() != "" && !slices.Contains(users, v.GetOwner())
}

func ownedLookupTable(s state, e said) bool {
	t, _ := s.table(e)
	if len(t.GetColumnVindexes()) == 0 {
		return false
	}
	for _, ks := range s.srv.GetKeyspaces() {
		for _, v := range ks.GetVindexes() {
			table := v.GetParams()["table"]
			table = table[strings.LastIndex(table, ".")+1:]
			if v.GetOwner() != "" && table == e.path[1] {
				return true
			}
		}
	}
	return false
}

func otherCount(s state, e said) bool {
	_, built := s.table(e)
	return built != nil && slices.ContainsFunc(built.ColumnVindexes, func(cv *vindexes.ColumnVindex) bool {
		v := s.srv.GetKeyspaces()[e.keyspace].GetVindexes()[cv.Name]
		return v.GetOwner() == e.path[1] && len(strings.Split(v.GetParams()["from"], ",")) != len(cv.Columns)
	})
}

// spread tells that the error stands in a table that its vindexes spread over
// shards.
func spread(s state, e said) (*vschema.Table, bool) {
	t, _ := s.table(e)
	return t, len(t.GetColumnVindexes()) > 0 && s.srv.GetKeyspaces()[e.keyspace].GetSharded()
}

func shardedReference(s state, e said) bool {
	t, ok := spread(s, e)
	return ok && t.Type == vindexes.TypeReference
}

func shardedPinned(s state, e said) bool {
	t, ok := spread(s, e)
	return ok && t.Pinned != ""
}

func absentLookup(s state, e said) bool {
	v, _ := s.vindex(e)
	ks, _, _ := strings.Cut(v.GetParams()["table"], ".")
	return v != nil && s.srv.GetKeyspaces()[ks] == nil
}
