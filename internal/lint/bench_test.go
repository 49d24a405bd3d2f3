package lint

import (
	"fmt"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

// bigWorld is a sound state: an unsharded keyspace with a sequence and a lookup
// table for each table of the others, which are sharded.
func bigWorld(keyspaces, tables int) *vschema.SrvVSchema {
	main := &vschema.Keyspace{Tables: make(map[string]*vschema.Table)}
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"main": main}, RoutingRules: &vschema.RoutingRules{}}
	for k := range keyspaces {
		ks := &vschema.Keyspace{
			Sharded:  true,
			Vindexes: map[string]*vschema.Vindex{"hash": {Type: "xxhash"}},
			Tables:   make(map[string]*vschema.Table),
		}
		ksName := fmt.Sprintf("ks%03d", k)
		for i := range tables {
			name := fmt.Sprintf("t%03d_%04d", k, i)
			main.Tables[name+"_seq"] = &vschema.Table{Type: "sequence"}
			main.Tables[name+"_by_email"] = &vschema.Table{}
			ks.Vindexes[name+"_email"] = &vschema.Vindex{
				Type: "consistent_lookup_unique", Owner: name,
				Params: map[string]string{"table": "main." + name + "_by_email", "from": "email", "to": "keyspace_id"},
			}
			ks.Tables[name] = &vschema.Table{
				ColumnVindexes: []*vschemapb.ColumnVindex{{Column: "id", Name: "hash"}, {Column: "email", Name: name + "_email"}},
				AutoIncrement:  &vschemapb.AutoIncrement{Column: "id", Sequence: "main." + name + "_seq"},
			}
			srv.RoutingRules.Rules = append(srv.RoutingRules.Rules, &vschemapb.RoutingRule{
				FromTable: "moved_" + name, ToTables: []string{ksName + "." + name},
			})
		}
		srv.Keyspaces[ksName] = ks
	}
	return srv
}

// BenchmarkCheck lints states of growing size: 40, 400 and 4,000 sharded
// tables with a sequence and a lookup table each.
func BenchmarkCheck(b *testing.B) {
	for _, size := range []struct{ keyspaces, tables int }{{5, 8}, {50, 8}, {50, 80}} {
		srv := bigWorld(size.keyspaces, size.tables)
		b.Run(fmt.Sprintf("%d_tables", 3*size.keyspaces*size.tables), func(b *testing.B) {
			for b.Loop() {
				for _, f := range Check(Input{After: srv}) {
					if f.Severity == Error {
						b.Fatalf("a sound state has the finding %+v", f)
					}
				}
			}
		})
	}
}
