package lint

import (
	"strconv"
	"strings"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// columnVindex is one column vindex of one table.
type columnVindex struct {
	ks, table string
	index     int // 0 is the primary vindex
	cv        *vschemapb.ColumnVindex
	// routes tells that vtgate places and finds the table's rows by its vindexes:
	// the keyspace is sharded, and the table neither pinned nor of another type.
	routes bool
	// vindex is the one that it names; nil where it is not defined.
	vindex *vschema.Vindex
	// built is what vtgate makes of it; nil where that fails.
	built vindexes.Vindex
}

// eachColumnVindex calls fn for every column vindex, by keyspace, table and
// place.
func (f *Facts) eachColumnVindex(fn func(columnVindex)) {
	for _, ref := range f.tables {
		for i, cv := range ref.table.ColumnVindexes {
			fn(f.use(ref, i, cv))
		}
	}
}

func (f *Facts) use(ref tableRef, index int, cv *vschemapb.ColumnVindex) columnVindex {
	ks := f.srv.Keyspaces[ref.ks]
	return columnVindex{
		ks: ref.ks, table: ref.name, index: index, cv: cv,
		routes: ks.Sharded && ref.table.Type == "" && ref.table.Pinned == "",
		vindex: ks.Vindexes[cv.GetName()],
		built:  f.vindex(ref.ks, cv.GetName()),
	}
}

// finding begins a finding at a field of the column vindex, or at all of it.
func (u columnVindex) finding(field ...string) Finding {
	path := []string{"tables", u.table, "column_vindexes", strconv.Itoa(u.index)}
	return Finding{Keyspace: u.ks, Path: append(path, field...)}
}

// columns are the columns as vtgate reads them: in lower case.
func (u columnVindex) columns() []string {
	names := u.cv.GetColumns()
	if u.cv.GetColumn() != "" {
		names = []string{u.cv.GetColumn()}
	}
	var out []string
	for _, name := range names {
		out = append(out, strings.ToLower(name))
	}
	return out
}

// list writes columns for a message.
func list(columns []string) string { return strings.Join(columns, ", ") }

// unique tells that each value leads to one keyspace id at most.
func (u columnVindex) unique() bool { return u.built != nil && u.built.IsUnique() }

// lookup tells that the vindex reads a lookup table.
func (u columnVindex) lookup() bool {
	_, ok := u.built.(vindexes.Lookup)
	return ok
}

// owned tells that the table writes the lookup table of the vindex.
func (u columnVindex) owned() bool { return u.lookup() && u.vindex.GetOwner() == u.table }

// multiColumn tells that the vindex makes a keyspace id of several columns.
func (u columnVindex) multiColumn() bool {
	_, ok := u.built.(vindexes.MultiColumn)
	return ok
}
