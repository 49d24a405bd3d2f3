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
				value, ok := typical(typ)
				if !ok {
					return
				}
				if _, err := hashing.Hash(value); err == nil {
					return
				}
				finding := use.finding(field...)
				finding.Message = fmt.Sprintf("vindex %s of type %s cannot map column %s of table %s, which is of type %s", use.cv.GetName(), use.vindex.GetType(), column, use.table, strings.ToLower(typ.String()))
				finding.Harm = fmt.Sprintf("inserts fail with \"could not map [%s] to a keyspace id\", and queries by such a value find no row, without an error", value)
				finding.Next = "use a vindex that takes any value: xxhash, or unicode_loose_xxhash for text that MySQL compares without case"
				out = append(out, finding)
			})
		})
		return out
	},
}

// typical gives a value that a column of the type can well hold; false where
// its type is not known, or where it says too little.
func typical(typ querypb.Type) (sqltypes.Value, bool) {
	var text string
	switch {
	case sqltypes.IsIntegral(typ), typ == sqltypes.Decimal:
		text = "1" // decimals without a fraction serve as ids
	case sqltypes.IsFloat(typ):
		text = "1.5"
	case sqltypes.IsText(typ), sqltypes.IsBinary(typ), typ == sqltypes.Enum, typ == sqltypes.Set:
		text = "a"
	case typ == sqltypes.Date:
		text = "2020-01-01"
	case typ == sqltypes.Time:
		text = "12:00:00"
	case typ == sqltypes.Datetime, typ == sqltypes.Timestamp:
		text = "2020-01-01 12:00:00"
	default:
		return sqltypes.NULL, false
	}
	return sqltypes.MakeTrusted(typ, []byte(text)), true
}
