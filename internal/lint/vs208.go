package lint

import (
	"fmt"
	"maps"
	"slices"
)

var contradictory = Rule{
	Code: "VS208", Name: "two vindexes that place the same column's rows differently", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachSecondary(func(primary, use columnVindex) {
			if !use.sameColumn(primary) || use.sameDefinition(primary) {
				return
			}
			finding := use.finding("name")
			finding.Message = fmt.Sprintf("vindexes %s (%s) and %s (%s) of table %s both compute a keyspace id from column %s, and not the same one",
				primary.cv.Name, primary.vindex.Type, use.cv.Name, use.vindex.Type, use.table, use.columns()[0])
			finding.Harm = "inserts fail: \"does not map to keyspace ids\""
			if use.built.Cost() <= primary.built.Cost() {
				finding.Harm = fmt.Sprintf("reads by %s go to the shard that %s gives, where the rows are not: they lie where %s put them; %s",
					use.columns()[0], use.cv.Name, primary.cv.Name, finding.Harm)
			}
			finding.Next = "keep the one by which the rows were placed, the primary vindex"
			out = append(out, finding)
		})
		return out
	},
}

// eachSecondary calls fn for every vindex but the primary that computes the
// keyspace id itself, of one column, where the primary computes it too.
func (f *Facts) eachSecondary(fn func(primary, use columnVindex)) {
	for _, ref := range f.tables {
		for i, cv := range ref.table.ColumnVindexes {
			if use := f.use(ref, i, cv); i > 0 && f.computes(use) && !use.multiColumn() {
				if primary := f.use(ref, 0, ref.table.ColumnVindexes[0]); f.computes(primary) {
					fn(primary, use)
				}
			}
		}
	}
}

// computes tells that the vindex computes the keyspace id from its columns, in a
// way that is known here.
func (f *Facts) computes(u columnVindex) bool {
	return u.routes && u.unique() && !u.lookup() && len(u.columns()) > 0 && !slices.Contains(f.opaque, u.vindex.Type)
}

// sameColumn tells that both compute it from one column, the same.
func (u columnVindex) sameColumn(o columnVindex) bool {
	return u.columns()[0] == o.columns()[0] && !u.multiColumn() && !o.multiColumn()
}

func (u columnVindex) sameDefinition(o columnVindex) bool {
	return u.vindex.Type == o.vindex.Type && maps.Equal(u.vindex.Params, o.vindex.Params)
}
