package converge

import (
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
	querypb "vitess.io/vitess/go/vt/proto/query"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

// variants generates shops that build, all alike in their names.
func variants(t testing.TB) *rapid.Generator[*vschema.SrvVSchema] {
	base := changed(shop(t), func(s *vschema.SrvVSchema) {
		s.Keyspaces["other"] = &vschema.Keyspace{Tables: map[string]*vschema.Table{"customer_seq": {Type: "sequence"}}}
	})
	return rapid.Custom(func(t *rapid.T) *vschema.SrvVSchema {
		srv := proto.CloneOf(base)
		for _, m := range mutations {
			if rapid.Bool().Draw(t, m.name) {
				m.change(srv.Keyspaces["customer"])
			}
		}
		return srv
	})
}

// mutation is a change of meaning of one entry, which it makes only once.
type mutation struct {
	name   string
	entry  vschema.Entry
	change func(*vschema.Keyspace)
}

func tableMutation(name, table string, change func(*vschema.Table)) mutation {
	return mutation{name, vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: table},
		func(ks *vschema.Keyspace) { change(ks.Tables[table]) }}
}

func settingMutation(name string, change func(*vschema.Keyspace)) mutation {
	return mutation{name, vschema.Entry{Keyspace: "customer", Kind: vschema.SettingEntry, Name: name}, change}
}

func vindexMutation(name, vindex string, change func(*vschema.Vindex)) mutation {
	return mutation{name, vschema.Entry{Keyspace: "customer", Kind: vschema.VindexEntry, Name: vindex},
		func(ks *vschema.Keyspace) { change(ks.Vindexes[vindex]) }}
}

var mutations = []mutation{
	settingMutation(vschema.RequireExplicitRouting, func(ks *vschema.Keyspace) { ks.RequireExplicitRouting = true }),
	settingMutation(vschema.ForeignKeyMode, func(ks *vschema.Keyspace) { ks.ForeignKeyMode = vschemapb.Keyspace_managed }),
	settingMutation(vschema.MultiTenantSpec, func(ks *vschema.Keyspace) {
		ks.MultiTenantSpec = &vschemapb.MultiTenantSpec{TenantIdColumnName: "tenant", TenantIdColumnType: querypb.Type_INT64}
	}),
	vindexMutation("type", "hash", func(v *vschema.Vindex) { v.Type = "hash" }),
	vindexMutation("owner", "email", func(v *vschema.Vindex) { v.Owner = "visit" }),
	vindexMutation("write_only", "email", func(v *vschema.Vindex) { delete(v.Params, "write_only") }),
	vindexMutation("lookup table", "email", func(v *vschema.Vindex) { v.Params["table"] = "commerce.other" }),
	{"new vindex", vschema.Entry{Keyspace: "customer", Kind: vschema.VindexEntry, Name: "new"},
		func(ks *vschema.Keyspace) { ks.Vindexes["new"] = &vschema.Vindex{Type: "null"} }},
	{"new table", vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: "new"},
		func(ks *vschema.Keyspace) {
			ks.Tables["new"] = &vschema.Table{ColumnVindexes: []*vschema.ColumnVindex{{Name: "hash", Column: "id"}}}
		}},
	{"dropped table", vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: "region"},
		func(ks *vschema.Keyspace) { delete(ks.Tables, "region") }},
	tableMutation("pinned", "pinned", func(t *vschema.Table) { t.Pinned = "c0" }),
	tableMutation("column", "customer", func(t *vschema.Table) { t.ColumnVindexes[0].Column = "email" }),
	tableMutation("primary", "visit", func(t *vschema.Table) {
		t.ColumnVindexes = []*vschema.ColumnVindex{{Name: "hash", Column: "id"}}
	}),
	tableMutation("sequence's keyspace", "customer", func(t *vschema.Table) { t.AutoIncrement.Sequence = "other.customer_seq" }),
	tableMutation("collation", "customer", func(t *vschema.Table) { t.Columns[1].CollationName = "utf8mb4_bin" }),
	tableMutation("column's case", "customer", func(t *vschema.Table) { t.Columns[0].Name = "ID" }),
	tableMutation("nullable", "customer", func(t *vschema.Table) { t.Columns[0].Nullable = proto.Bool(false) }),
	tableMutation("authoritative", "customer", func(t *vschema.Table) { t.ColumnListAuthoritative = false }),
}

func TestServedIsJudgedServing(t *testing.T) {
	shops := variants(t)
	rapid.Check(t, func(rt *rapid.T) {
		srv := shops.Draw(rt, "srv")
		if got := Judge(wholeWant(srv), serving(t, srv)); !got.All() {
			rt.Errorf("whole keyspaces: %+v, want all serving", got)
		}
		// The files may spell it otherwise.
		respelled := vschematest.Respell(rt, srv.Keyspaces["customer"])
		want := Want{Keyspaces: map[string]*vschema.Keyspace{"customer": respelled}}
		for _, m := range mutations {
			want.Entries = append(want.Entries, m.entry)
		}
		if got := Judge(want, serving(t, srv)); !got.All() {
			rt.Errorf("respelled entries: %+v, want all serving", got)
		}
	})
}

func TestOneChangeOfMeaningIsNotServing(t *testing.T) {
	shops := variants(t)
	rapid.Check(t, func(rt *rapid.T) {
		srv := shops.Draw(rt, "srv")
		m := mutations[rapid.IntRange(0, len(mutations)-1).Draw(rt, "mutation")]
		other := changed(srv, func(s *vschema.SrvVSchema) { m.change(s.Keyspaces["customer"]) })
		if vschema.EntryEqual(srv.Keyspaces["customer"], other.Keyspaces["customer"], m.entry) {
			rt.Skip("the variant has it already")
		}
		want, held := srv, other
		if rapid.Bool().Draw(rt, "backwards") {
			want, held = other, srv
		}
		for _, entries := range [][]vschema.Entry{nil, {m.entry}} {
			w := Want{Keyspaces: want.Keyspaces, Entries: entries, NeedSQL: true}

			behind := serving(t, want)
			behind.Cells[0].Srv = held
			if got := Judge(w, behind); got.Cells[1].Status != Stale || got.VTGates[1].Status != Stale {
				rt.Errorf("%s: a cell that holds another: %+v", m.name, got)
			}

			behind = serving(t, want)
			behind.VTGates[0] = vtgateServing(t, "zone2", held)
			w.Baseline = BaselineOf(behind, baseAt)
			if got := Judge(w, behind); got.VTGates[1].Status == Serving {
				rt.Errorf("%s: a vtgate that shows another: %+v", m.name, got)
			}
		}
	})
}

func TestJudgeIsDeterministic(t *testing.T) {
	shops := variants(t)
	rapid.Check(t, func(rt *rapid.T) {
		srv, held := shops.Draw(rt, "want"), shops.Draw(rt, "held")
		snap := serving(t, srv)
		snap.VTGates[0] = vtgateServing(t, "zone2", held)
		first := Judge(wholeWant(srv), snap)
		shuffled := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
		for _, name := range slices.Backward(slices.Sorted(maps.Keys(srv.Keyspaces))) {
			shuffled.Keyspaces[name] = srv.Keyspaces[name]
		}
		slices.Reverse(snap.VTGates)
		slices.Reverse(snap.Cells)
		if again := Judge(wholeWant(shuffled), snap); !equalReports(first, again) {
			rt.Errorf("judged %+v, then %+v", first, again)
		}
	})
}

func equalReports(a, b Report) bool {
	equal := func(a, b Verdict) bool {
		return a.Name == b.Name && a.Status == b.Status && a.Detail == b.Detail && slices.Equal(a.Inferred, b.Inferred)
	}
	return slices.EqualFunc(a.Cells, b.Cells, equal) && slices.EqualFunc(a.VTGates, b.VTGates, equal)
}
