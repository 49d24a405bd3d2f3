package lint

import (
	"bytes"
	"fmt"

	"vitess.io/vitess/go/mysql/collations"
	"vitess.io/vitess/go/mysql/collations/charset"
	"vitess.io/vitess/go/mysql/collations/colldata"
	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/vtgate/vindexes"
)

var looseCollation = Rule{
	Code: "VS605", Name: "texts that are equal to MySQL and not to the vindex", Severity: Warning,
	Check: func(f *Facts) []Finding {
		env := collations.MySQL8()
		var out []Finding
		f.eachRouting(func(use columnVindex) {
			hashing, ok := use.built.(vindexes.Hashing)
			if !ok {
				return
			}
			use.each(func(column string, field ...string) {
				typ := f.columnType(use.ks, use.table, column)
				if typ.collation == "" || !sqltypes.IsText(typ.typ) {
					return
				}
				collation := colldata.Lookup(env.LookupByName(typ.collation))
				if collation == nil {
					return
				}
				one, other, differ := splitEqual(collation, hashing)
				if !differ {
					return
				}
				finding := use.finding(field...)
				finding.Message = fmt.Sprintf("by collation %s of column %s %q equals %q, and vindex %s of type %s takes them for two values", typ.collation, column, one, other, use.cv.GetName(), use.vindex.GetType())
				finding.Harm = fmt.Sprintf("a query for %q goes to another shard than the row %q and does not find it, and a unique key holds only within each shard", other, one)
				finding.Next = "use unicode_loose_xxhash (unicode_loose_md5) for a new table, or give the column a collation that tells them apart, such as utf8mb4_bin"
				out = append(out, finding)
			})
		})
		return out
	},
}

// splitEqual gives two texts that are equal by the collation and to which the
// vindex gives different keyspace ids; false if it finds none.
func splitEqual(collation colldata.Collation, vindex vindexes.Hashing) (one, other string, differ bool) {
	for _, pair := range [][2]string{{"a", "A"}, {"e", "é"}} {
		left, errLeft := charset.ConvertFromUTF8(nil, collation.Charset(), []byte(pair[0]))
		right, errRight := charset.ConvertFromUTF8(nil, collation.Charset(), []byte(pair[1]))
		if errLeft != nil || errRight != nil || collation.Collate(left, right, false) != 0 {
			continue
		}
		a, errA := vindex.Hash(sqltypes.NewVarChar(pair[0]))
		b, errB := vindex.Hash(sqltypes.NewVarChar(pair[1]))
		if errA == nil && errB == nil && !bytes.Equal(a, b) {
			return pair[0], pair[1], true
		}
	}
	return "", "", false
}
