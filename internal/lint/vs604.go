package lint

import (
	"fmt"
	"strings"

	"vitess.io/vitess/go/sqltypes"
	querypb "vitess.io/vitess/go/vt/proto/query"
	"vitess.io/vitess/go/vt/vtgate/vindexes"
)

var unhashableColumn = Rule{
	Code: "VS604", Name: "column of a type that its vindex cannot map", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachRouting(func(use columnVindex) {
			hashing, ok := use.built.(vindexes.Hashing)
			if !ok {
				return
			}
			use.each(func(column string, field ...string) {
				typ := f.columnType(use.ks, use.table, column).typ
				value, whole, ok := typical(typ)
				if !ok {
					return
				}
				if _, err := hashing.Hash(value); err == nil {
					return
				}
				finding := use.finding(field...)
				finding.Message = fmt.Sprintf("vindex %s of type %s cannot map column %s of table %s, which is of type %s", use.cv.GetName(), use.vindex.GetType(), column, use.table, strings.ToLower(typ.String()))
				finding.Harm = fmt.Sprintf("inserts fail with \"could not map [%s] to a keyspace id\", and queries by such a value find no row, without an error", value)
				finding.Next = anyVindex
				if whole {
					finding.Severity = Warning
					finding.Message = fmt.Sprintf("vindex %s of type %s maps whole numbers alone, and column %s of table %s, of type %s, can hold others", use.cv.GetName(), use.vindex.GetType(), column, use.table, strings.ToLower(typ.String()))
				}
				out = append(out, finding)
			})
		})
		return out
	},
}

// anyVindex is the fix, with what it costs a table that has rows.
const anyVindex = "for a new table, use a vindex that takes any value: xxhash, or unicode_loose_xxhash for text that MySQL compares without case; in a table with rows, another primary vindex makes these unreachable"

// typical gives a value that a column of the type can well hold, and whether
// others are written as a whole number; false at last where its type is not
// known, or says too little.
func typical(typ querypb.Type) (value sqltypes.Value, whole, ok bool) {
	var text string
	switch {
	case sqltypes.IsIntegral(typ), typ == sqltypes.Decimal:
		text, whole = "1", true // decimals without a fraction serve as ids
	case sqltypes.IsFloat(typ):
		text, whole = "1.5", true
	case sqltypes.IsText(typ), sqltypes.IsBinary(typ), typ == sqltypes.Enum, typ == sqltypes.Set:
		text, whole = "a", true
	case typ == sqltypes.Date:
		text = "2020-01-01"
	case typ == sqltypes.Time:
		text = "12:00:00"
	case typ == sqltypes.Datetime, typ == sqltypes.Timestamp:
		text = "2020-01-01 12:00:00"
	default:
		return sqltypes.NULL, false, false
	}
	return sqltypes.MakeTrusted(typ, []byte(text)), whole, true
}
