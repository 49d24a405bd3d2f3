package converge

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"vitess.io/vitess/go/vt/sqlparser"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

const shopJSON = `{"keyspaces": {
  "commerce": {"tables": {"customer_seq": {"type": "sequence"}, "email_lookup": {}, "region": {}}},
  "customer": {
    "sharded": true,
    "vindexes": {
      "hash": {"type": "xxhash"},
      "area": {"type": "region_experimental", "params": {"region_bytes": "1"}},
      "email": {"type": "consistent_lookup_unique", "owner": "customer",
        "params": {"table": "commerce.email_lookup", "from": "email", "to": "keyspace_id", "write_only": "true"}}
    },
    "tables": {
      "customer": {
        "column_vindexes": [{"column": "ID", "name": "hash"}, {"column": "email", "name": "email"}],
        "auto_increment": {"column": "id", "sequence": "commerce.customer_seq"},
        "columns": [{"name": "id", "type": "INT64"}, {"name": "email", "type": "VARCHAR", "size": 80, "default": "'x'", "nullable": false}],
        "column_list_authoritative": true
      },
      "visit": {"column_vindexes": [{"columns": ["area", "id"], "name": "area"}]},
      "region": {"type": "reference", "source": "commerce.region"},
      "pinned": {"pinned": "80"}
    }
  }
}}`

func parseSrv(t testing.TB, text string) *vschema.SrvVSchema {
	t.Helper()
	srv := &vschema.SrvVSchema{}
	if err := protojson.Unmarshal([]byte(text), srv); err != nil {
		t.Fatal(err)
	}
	return srv
}

func shop(t testing.TB) *vschema.SrvVSchema { return parseSrv(t, shopJSON) }

// changed gives a copy of srv with a change made.
func changed(srv *vschema.SrvVSchema, change func(*vschema.SrvVSchema)) *vschema.SrvVSchema {
	out := proto.CloneOf(srv)
	change(out)
	return out
}

// debugPage is what a vtgate that read srv answers at /debug/vschema.
func debugPage(t testing.TB, srv *vschema.SrvVSchema) []byte {
	t.Helper()
	parser, err := sqlparser.New(sqlparser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	page, err := json.MarshalIndent(vindexes.BuildVSchema(srv, parser), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, page)
	return escaped.Bytes()
}

// vtgateServing is a vtgate with SQL that read srv.
func vtgateServing(t testing.TB, cell string, srv *vschema.SrvVSchema) planes.VTGate {
	t.Helper()
	view, err := ParseView(debugPage(t, srv))
	if err != nil {
		t.Fatal(err)
	}
	for name, ks := range srv.Keyspaces {
		for v, vindex := range ks.Vindexes {
			var params []string
			for k, value := range vindex.Params {
				params = append(params, k+"="+value)
			}
			slices.Sort(params)
			shown := view.Keyspaces[name].Vindexes[v]
			shown.Declared, shown.Type, shown.Owner = true, vindex.Type, vindex.Owner
			shown.Params = strings.Join(params, "; ")
			view.Keyspaces[name].Vindexes[v] = shown
		}
	}
	return planes.VTGate{Target: cell + ":15001", Cell: cell, Version: "24.0.1", Reloads: 7, View: view, SQL: true}
}

// serving is a snapshot of two cells, with a vtgate each, that all hold srv.
func serving(t testing.TB, srv *vschema.SrvVSchema) *planes.Snapshot {
	t.Helper()
	snap := &planes.Snapshot{}
	for _, cell := range []string{"zone2", "zone1"} {
		snap.Cells = append(snap.Cells, planes.Cell{Name: cell, Srv: srv})
		snap.VTGates = append(snap.VTGates, vtgateServing(t, cell, srv))
	}
	return snap
}

func wholeWant(srv *vschema.SrvVSchema) Want {
	return Want{Keyspaces: srv.Keyspaces}
}
