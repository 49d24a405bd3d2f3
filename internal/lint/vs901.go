package lint

import (
	"cmp"
	"fmt"

	"google.golang.org/protobuf/proto"
)

// defaultCellBytes is etcd's limit for one request, unless it was raised.
const defaultCellBytes = 3 << 19

var hugeRouting = Rule{
	Code: "VS901", Name: "routing that is too large for one key", Severity: Error,
	Check: func(f *Facts) []Finding {
		size, limit := proto.Size(f.srv), cmp.Or(f.maxCellBytes, defaultCellBytes)
		if size <= limit/5*4 {
			return nil
		}
		largest, most := "", -1
		for _, ks := range f.keyspaces() {
			if n := proto.Size(f.srv.Keyspaces[ks]); n > most {
				largest, most = ks, n
			}
		}
		finding := Finding{
			Severity: Warning,
			Keyspace: largest,
			Message:  fmt.Sprintf("all keyspaces and rules together take %d bytes, %d %% of what etcd takes in one key (%d); keyspace %s has %d of them", size, size*100/limit, limit, largest, most),
			Harm:     "beyond the limit etcd refuses the routing of each cell (\"etcdserver: request is too large\") after the VSchema of the keyspace was saved: no vtgate gets a change any more",
			Next:     "leave out columns that vtgate learns from MySQL (column_list_authoritative), or tables of unsharded keyspaces that nothing refers to",
		}
		if f.srv.Keyspaces[largest].GetTables() != nil {
			finding.Path = []string{"tables"}
		}
		if size > limit {
			finding.Severity = Error
			finding.Harm = "etcd refuses the routing of each cell (\"etcdserver: request is too large\") after the VSchema of the keyspace was saved: no vtgate gets this change, or any other"
		}
		return []Finding{finding}
	},
}
