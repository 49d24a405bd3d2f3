package lint

import (
	"fmt"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var shardsCountAlone = Rule{
	Code: "VS621", Name: "MySQL AUTO_INCREMENT in a sharded table", Severity: Warning,
	Check: func(f *Facts) []Finding {
		var out []Finding
		f.eachTable(func(ks, name string, t *vschema.Table) {
			table := f.mysqlTable(ks, name)
			if table == nil || !f.srv.Keyspaces[ks].GetSharded() || t.GetPinned() != "" || t.GetType() == vindexes.TypeReference {
				return
			}
			for _, c := range table.Columns {
				if !c.AutoIncrement {
					continue
				}
				finding := Finding{
					Keyspace: ks,
					Path:     []string{"tables", name},
					Pos:      c.Pos,
					Message:  fmt.Sprintf("column %s of sharded table %s is AUTO_INCREMENT in MySQL", c.Name, name),
					Harm:     "each shard counts for itself: the same number is given to several rows, which collide when shards are merged or a row moves",
					Next:     "take numbers from a sequence: auto_increment in the VSchema, and AUTO_INCREMENT out of the CREATE TABLE",
				}
				if t.GetAutoIncrement() != nil {
					finding.Harm = "vtgate takes the numbers from the sequence; an insert that does not come through vtgate gets one from the shard, which the sequence then gives again"
					finding.Next = "take AUTO_INCREMENT out of the CREATE TABLE"
				}
				out = append(out, finding)
			}
		})
		return out
	},
}
