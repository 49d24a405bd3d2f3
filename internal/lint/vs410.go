package lint

import (
	"fmt"
	"strings"

	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// unhashing are the lookup types that store a number in place of the keyspace
// id, which they get by undoing the vindex hash.
var unhashing = []string{"lookup_hash", "lookup_unicodeloosemd5_hash"}

var unhashableKeyspaceID = Rule{
	Code: "VS410", Name: "lookup_hash beside a primary vindex whose keyspace ids are not 8 bytes", Severity: Error,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachUsedLookup(func(ks, name string, v *vschema.Vindex, uses []columnVindex) {
			if !undoesHash(v.Type) {
				return
			}
			for _, use := range uses {
				cvs := f.srv.Keyspaces[ks].Tables[use.table].GetColumnVindexes()
				primary := cvs[0].GetName()
				n := f.keyspaceIDLength(ks, primary)
				if use.index == 0 || n == 0 || n == 8 {
					continue
				}
				out = append(out, Finding{
					Keyspace: ks,
					Path:     []string{"vindexes", name, "type"},
					Message:  fmt.Sprintf("vindex %s of type %s takes keyspace ids of 8 bytes, and primary vindex %s of table %s gives %d", name, v.Type, primary, use.table, n),
					Harm:     fmt.Sprintf("every insert into %s fails: \"vunhash: invalid keyspace id\"", use.table),
					Next:     "use type lookup_unique or lookup (consistent_lookup_unique or consistent_lookup), which store the keyspace id itself",
				})
				return
			}
		})
		return out
	},
}

func undoesHash(typ string) bool {
	for _, t := range unhashing {
		if strings.TrimSuffix(typ, "_unique") == t {
			return true
		}
	}
	return false
}

// keyspaceIDLength asks a vindex how long its keyspace ids are; 0 where that
// depends on the value, or where only a query can tell.
func (f *Facts) keyspaceIDLength(ks, vindex string) int {
	hashing, ok := f.vindex(ks, vindex).(vindexes.Hashing)
	if !ok {
		return 0
	}
	short, errShort := hashing.Hash(sqltypes.NewInt64(1))
	long, errLong := hashing.Hash(sqltypes.NewInt64(1000))
	if errShort != nil || errLong != nil || len(short) != len(long) {
		return 0
	}
	return len(short)
}
