package converge

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

func TestProjectIsWhatAVTGateShows(t *testing.T) {
	srv := shop(t)
	if diff := cmp.Diff(vtgateServing(t, "zone1", srv).View, Project(srv)); diff != "" {
		t.Errorf("view (-vtgate +projected):\n%s", diff)
	}
}

func TestProjectOfBrokenKeyspaceNamesEachBadTable(t *testing.T) {
	srv := changed(shop(t), func(s *vschema.SrvVSchema) {
		tables := s.Keyspaces["customer"].Tables
		tables["bad1"] = &vschema.Table{}
		tables["bad2"] = &vschema.Table{ColumnVindexes: []*vschema.ColumnVindex{{Name: "nope", Column: "id"}}}
		tables["bad3"] = &vschema.Table{
			Pinned: "80", AutoIncrement: &vschemapb.AutoIncrement{Column: "id", Sequence: "nowhere.seq"},
		}
	})
	first := Project(srv)
	ks := first.Keyspaces["customer"]
	for _, bad := range []string{"bad1", "bad2", "bad3"} {
		if !strings.Contains(ks.Error, "table "+bad+": ") {
			t.Errorf("error %q does not name %s", ks.Error, bad)
		}
		if _, ok := ks.Tables[bad]; ok {
			t.Errorf("%s is in the view", bad)
		}
	}
	if _, ok := ks.Tables["customer"]; !ok {
		t.Error("the good table customer is not in the view")
	}
	if got := KeyspaceErrors(first); len(got) != 1 || got["customer"] != ks.Error {
		t.Errorf("keyspace errors %v, want that of customer", got)
	}
	for range 20 {
		if diff := cmp.Diff(first, Project(srv)); diff != "" {
			t.Fatalf("projected again (-first +again):\n%s", diff)
		}
	}
}

func TestProjectOfWhatCannotBeMarshaled(t *testing.T) {
	srv := changed(shop(t), func(s *vschema.SrvVSchema) {
		s.Keyspaces["customer"].Tables["customer"].AutoIncrement.Sequence = "customer.customer"
		s.MirrorRules = &vschema.MirrorRules{Rules: []*vschemapb.MirrorRule{{
			FromTable: "commerce.region", ToTable: "customer.region", Percent: float32(math.NaN()),
		}}}
	})
	if got := Project(srv).Keyspaces["customer"].Tables["customer"].AutoSequence; got != "customer" {
		t.Errorf("sequence %q, want customer", got)
	}
}

func TestProjectVindexesThatCannotBeBuiltHere(t *testing.T) {
	srv := parseSrv(t, `{"keyspaces": {"a": {"sharded": true,
	  "vindexes": {"map": {"type": "numeric_static_map", "params": {"json_path": "there/only.json"}},
	               "ours": {"type": "our_own", "owner": "t"}},
	  "tables": {"t": {"column_vindexes": [{"column": "id", "name": "map"}, {"column": "x", "name": "ours"}]}}}}}`)
	for _, tc := range []struct {
		name   string
		opaque []string
		err    string
	}{
		{"declared", []string{"our_own"}, ""},
		{"not declared", nil, `vindex ours: `},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ks := Project(srv, tc.opaque...).Keyspaces["a"]
			if !strings.HasPrefix(ks.Error, tc.err) || (tc.err == "") != (ks.Error == "") {
				t.Errorf("error %q, want %q", ks.Error, tc.err)
			}
			if got := columnVindexText(ks.Tables["t"].ColumnVindexes); got != "map numeric_static_map(id); ours our_own(x)" {
				t.Errorf("column vindexes %q", got)
			}
		})
	}
}

func TestProjectIsDeterministicOnAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ks := vschematest.Keyspaces()
		srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{
			"product": ks.Draw(t, "product"), "customer": ks.Draw(t, "customer"),
		}}
		var first []byte
		for range 3 {
			page, err := json.Marshal(Project(srv))
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = page
			}
			if diff := cmp.Diff(string(first), string(page)); diff != "" {
				t.Fatalf("projected again (-first +again):\n%s", diff)
			}
		}
	})
}
