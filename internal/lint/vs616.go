package lint

import (
	"fmt"

	"vitess.io/vitess/go/sqltypes"
	querypb "vitess.io/vitess/go/vt/proto/query"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/vschema"
)

var narrowLookupColumn = Rule{
	Code: "VS616", Name: "lookup column that cannot hold what vtgate writes to it", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachLookup(func(ks, name string, v *vschema.Vindex) {
			to, ok := f.lookupTarget(ks, v)
			if !ok {
				return
			}
			table := f.mysqlTable(to.keyspace, to.name)
			if table == nil {
				return
			}
			add := func(column *physical.Column, why, harm, next string) {
				out = append(out, Finding{
					Keyspace: to.keyspace,
					Path:     []string{"tables", to.name},
					Pos:      column.Pos,
					Message:  fmt.Sprintf("column %s of lookup table %s %s", column.Name, to, why),
					Harm:     harm,
					Next:     next,
				})
			}
			if c := table.Column(v.GetParams()["to"]); c != nil && undoesHash(v.Type) {
				f.numberFits(ks, name, v, c, add)
			} else if c != nil {
				f.keyspaceIDFits(ks, name, v, c, add)
			}
			if c := table.Column(fromColumns(v)[0]); c != nil && hashesText(v.Type) && sqltypes.IsIntegral(mysqlType(*c)) && mysqlType(*c) != sqltypes.Uint64 {
				add(c, fmt.Sprintf("is no bigint unsigned, and vindex %s writes numbers of 64 bits to it", name),
					"inserts fail for half of all values or more: \"Out of range value for column\"", "make it bigint unsigned")
			}
		})
		return out
	},
}

// hashesText tells that a lookup type looks up a number that it makes of the
// text.
func hashesText(typ string) bool {
	return typ == "lookup_unicodeloosemd5_hash" || typ == "lookup_unicodeloosemd5_hash_unique"
}

// ownerPrimary gives the primary column vindex of the vindex's owner.
func (f *Facts) ownerPrimary(ks string, v *vschema.Vindex) (columnVindex, bool) {
	owner := f.srv.Keyspaces[ks].GetTables()[v.GetOwner()]
	if len(owner.GetColumnVindexes()) == 0 {
		return columnVindex{}, false
	}
	return f.use(tableRef{ks, v.Owner, owner}, 0, owner.ColumnVindexes[0]), true
}

// numberFits wants a column for the number that vindex hash was given: as wide
// as the owner's column.
func (f *Facts) numberFits(ks, name string, v *vschema.Vindex, c *physical.Column, add func(c *physical.Column, why, harm, next string)) {
	typ := mysqlType(*c)
	if sqltypes.IsFloat(typ) {
		add(c, fmt.Sprintf("is of type %s, and vindex %s writes numbers of 64 bits to it", c.Type, name),
			"what is read back is rounded: rows of large ids are not found", "make it bigint unsigned")
		return
	}
	primary, ok := f.ownerPrimary(ks, v)
	if !ok || bits(typ) == 0 {
		return
	}
	column := primary.columns()[0]
	if width := bits(f.columnType(ks, v.Owner, column).typ); bits(typ) < width {
		add(c, fmt.Sprintf("has %d bits, and vindex %s writes %s.%s to it, which has %d", bits(typ), name, v.Owner, column, width),
			fmt.Sprintf("inserts into %s fail from some id on: \"Out of range value for column '%s'\"", v.Owner, c.Name), "make it bigint unsigned")
	}
}

// keyspaceIDFits wants a column for bytes, as long as the owner's keyspace ids.
func (f *Facts) keyspaceIDFits(ks, name string, v *vschema.Vindex, c *physical.Column, add func(c *physical.Column, why, harm, next string)) {
	const next = "make it varbinary(128), as LookupVindex create does"
	typ := mysqlType(*c)
	if typ == querypb.Type_NULL_TYPE {
		return
	}
	if !sqltypes.IsBinary(typ) {
		add(c, fmt.Sprintf("is of type %s, and vindex %s of type %s writes keyspace ids to it, which are bytes", c.Type, name, v.Type),
			"most inserts fail (\"Incorrect string value\", \"Incorrect integer value\"), or what is read back is another keyspace id", next)
		return
	}
	primary, ok := f.ownerPrimary(ks, v)
	if !ok || c.Length == 0 {
		return
	}
	switch n := f.keyspaceIDLength(ks, primary.cv.GetName()); {
	case n == 0:
	case c.Length < n:
		add(c, fmt.Sprintf("has %d bytes, and the keyspace ids of %s have %d", c.Length, v.Owner, n),
			fmt.Sprintf("inserts into %s fail: \"Data too long for column '%s'\"; where MySQL is not strict they are cut, and rows are not found", v.Owner, c.Name), next)
	case typ == sqltypes.Binary && c.Length > n:
		add(c, fmt.Sprintf("is binary(%d), and the keyspace ids of %s have %d bytes", c.Length, v.Owner, n),
			"MySQL fills them up with zero bytes: they no longer equal those of the rows, so lookup rows are neither verified nor deleted", next)
	}
}

// bits gives the width of an integer type; 0 for others.
func bits(typ querypb.Type) int {
	switch typ {
	case sqltypes.Int8, sqltypes.Uint8:
		return 8
	case sqltypes.Int16, sqltypes.Uint16:
		return 16
	case sqltypes.Int24, sqltypes.Uint24:
		return 24
	case sqltypes.Int32, sqltypes.Uint32:
		return 32
	case sqltypes.Int64, sqltypes.Uint64:
		return 64
	default:
		return 0
	}
}
