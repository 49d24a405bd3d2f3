package converge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

var (
	tableCustomer = vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: "customer"}
	tableVisit    = vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: "visit"}
	vindexEmail   = vschema.Entry{Keyspace: "customer", Kind: vschema.VindexEntry, Name: "email"}
	explicit      = vschema.Entry{Keyspace: "customer", Kind: vschema.SettingEntry, Name: vschema.RequireExplicitRouting}
)

// baseAt is when baselines are taken.
var baseAt = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func reloadsBefore(g *planes.VTGate, n int64) *Baseline {
	return &Baseline{Reloads: map[string]Reloads{g.Target: {Count: n, At: baseAt}}}
}

func TestJudgeWhereAllServe(t *testing.T) {
	srv := shop(t)
	got := Judge(wholeWant(srv), serving(t, srv))
	if !got.All() || got.FirstBroken() != nil {
		t.Errorf("report %+v, want all serving", got)
	}
	var names []string
	for _, v := range slices.Concat(got.Cells, got.VTGates) {
		names = append(names, v.Name)
	}
	if diff := cmp.Diff([]string{"zone1", "zone2", "zone1:15001", "zone2:15001"}, names); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	inferred := "table customer.customer: the keyspace of its sequence, the collations of its columns"
	if !slices.Contains(got.VTGates[0].Inferred, inferred) {
		t.Errorf("inferred %q, want %q among it", got.VTGates[0].Inferred, inferred)
	}
}

// TestJudge changes a snapshot in which zone1 serves all that is wanted, and
// looks at zone1 and its vtgate.
func TestJudge(t *testing.T) {
	base := shop(t)
	dropVisit := func(s *vschema.SrvVSchema) { delete(s.Keyspaces["customer"].Tables, "visit") }
	clearWriteOnly := func(s *vschema.SrvVSchema) {
		delete(s.Keyspaces["customer"].Vindexes["email"].Params, "write_only")
	}
	type fixture struct {
		want *Want
		snap *planes.Snapshot
		cell *planes.Cell
		gate *planes.VTGate
	}
	setView := func(f fixture, change func(ks *planes.ViewKeyspace)) {
		ks := f.gate.View.Keyspaces["customer"]
		change(&ks)
		f.gate.View.Keyspaces["customer"] = ks
	}
	for _, tc := range []struct {
		name         string
		change       func(f fixture)
		cell, vtgate Status
		detail       string // of the vtgate, or of the cell if the vtgate's is empty
	}{
		{"unchanged", func(fixture) {}, Serving, Serving, ""},
		{"silent cell", func(f fixture) { f.cell.Err, f.cell.Srv = "no answer in time", nil }, Silent, Stale, "its cell zone1 is silent: no answer in time"},
		{"cell without SrvVSchema", func(f fixture) { f.cell.Srv = nil }, Stale, Stale, "its cell zone1 is stale: it has no SrvVSchema"},
		{"cell without keyspace", func(f fixture) {
			f.cell.Srv = changed(base, func(s *vschema.SrvVSchema) { delete(s.Keyspaces, "customer") })
		}, Stale, Stale, "it lacks keyspace customer"},
		{"cell behind", func(f fixture) { f.cell.Srv = changed(base, dropVisit) }, Stale, Stale, "it does not hold the wanted table customer.visit"},
		{"cell with more", func(f fixture) {
			f.want.Keyspaces = changed(base, dropVisit).Keyspaces
		}, Stale, Stale, "it still holds table customer.visit"},
		{"cell with more that is not ours", func(f fixture) {
			f.want.Keyspaces = changed(base, dropVisit).Keyspaces
			f.want.Entries = []vschema.Entry{tableCustomer}
		}, Serving, Serving, ""},
		{"cell with another notation", func(f fixture) {
			f.want.Keyspaces = changed(base, func(s *vschema.SrvVSchema) {
				s.Keyspaces["customer"].Vindexes["email"].Params["ignore_nulls"] = "false"
			}).Keyspaces
		}, Serving, Serving, ""},
		{"silent vtgate", func(f fixture) { f.gate.View, f.gate.Silent = nil, "connection refused" }, Serving, Silent, "connection refused"},
		{"denied vtgate", func(f fixture) { f.gate.View, f.gate.Unreadable = nil, "access denied" }, Serving, Unreadable, "access denied"},
		{"vtgate in no cell of the cluster", func(f fixture) { f.gate.Cell = "zone9" }, Serving, Stale, "its cell zone9 is not among the cells"},
		{"vtgate in a cell not known", func(f fixture) { f.gate.Cell = "" }, Serving, Serving, ""},
		{"vtgate behind", func(f fixture) {
			*f.gate = vtgateServing(t, "zone1", changed(base, dropVisit))
		}, Serving, Stale, "table customer.visit: not shown"},
		{"vtgate that lacks the keyspace", func(f fixture) { delete(f.gate.View.Keyspaces, "customer") }, Serving, Stale, "it does not show keyspace customer"},
		{"vtgate that does not watch the keyspace", func(f fixture) {
			delete(f.gate.View.Keyspaces, "customer")
			f.gate.Watches = []string{"commerce"}
		}, Serving, Serving, "it does not watch keyspace customer"},
		{"vtgate that watches the keyspace", func(f fixture) {
			delete(f.gate.View.Keyspaces, "customer")
			f.gate.Watches = []string{"customer"}
		}, Serving, Stale, "it does not show keyspace customer"},
		{"keyspace in error, of no change", func(f fixture) {
			setView(f, func(ks *planes.ViewKeyspace) { ks.Error, ks.Tables = "no such file", nil })
		}, Serving, Broken, "keyspace customer is in error: no such file"},
		{"keyspace in error behind a stale cell", func(f fixture) {
			setView(f, func(ks *planes.ViewKeyspace) { ks.Error, ks.Tables = "no such file", nil })
			f.cell.Srv = changed(base, dropVisit)
		}, Stale, Stale, "it does not hold the wanted table customer.visit"},
		{"other keyspace in error, of no change", func(f fixture) {
			ks := f.gate.View.Keyspaces["commerce"]
			ks.Error = "no such file"
			f.gate.View.Keyspaces["commerce"] = ks
			f.want.Entries = []vschema.Entry{tableCustomer}
		}, Serving, Serving, ""},
		{"schema tracker's columns and tables", func(f fixture) {
			setView(f, func(ks *planes.ViewKeyspace) {
				visit := ks.Tables["visit"]
				visit.Columns, visit.Authoritative = []string{"id INT64"}, true
				ks.Tables["visit"] = visit
				ks.Tables["found"] = planes.ViewTable{Columns: []string{"id INT64"}, Authoritative: true}
			})
		}, Serving, Serving, ""},
		{"dropped table, left plain by the schema tracker", func(f fixture) {
			f.cell.Srv = changed(base, dropVisit)
			f.want.Keyspaces = f.cell.Srv.Keyspaces
			f.want.Entries = []vschema.Entry{tableVisit}
			setView(f, func(ks *planes.ViewKeyspace) { ks.Tables["visit"] = planes.ViewTable{Authoritative: true} })
		}, Serving, Serving, ""},
		{"dropped table, still shown", func(f fixture) {
			f.cell.Srv = changed(base, dropVisit)
			f.want.Keyspaces = f.cell.Srv.Keyspaces
			f.want.Entries = []vschema.Entry{tableVisit}
		}, Serving, Stale, "table customer.visit: still shown"},
		{"params that only SQL shows", func(f fixture) {
			f.cell.Srv = changed(base, clearWriteOnly)
			f.want.Keyspaces = f.cell.Srv.Keyspaces
			f.want.Entries = []vschema.Entry{vindexEmail}
		}, Serving, Stale, "vindex customer.email: params is"},
		{"entry of others that ours refers to, changed since", func(f fixture) {
			now := changed(base, func(s *vschema.SrvVSchema) { s.Keyspaces["customer"].Vindexes["hash"].Type = "hash" })
			f.cell.Srv, *f.gate = now, vtgateServing(t, "zone1", now)
			f.want.Entries = []vschema.Entry{tableCustomer}
		}, Serving, Serving, ""},
		{"vindex without SQL", func(f fixture) {
			f.gate.SQL = false
			f.want.Entries = []vschema.Entry{vindexEmail}
		}, Serving, Serving, ""},
		{"vindex that needs SQL, without a port", func(f fixture) {
			f.gate.SQL, f.want.NeedSQL = false, true
		}, Serving, Unreadable, "it has no SQL port"},
		{"vindex that needs SQL, which failed", func(f fixture) {
			f.gate.SQL, f.gate.SQLErr, f.want.NeedSQL = false, "EOF", true
		}, Serving, Unreadable, "EOF"},
		{"setting that no view shows, reloaded", func(f fixture) {
			f.want.Entries = []vschema.Entry{explicit}
			f.want.Baseline = reloadsBefore(f.gate, 6)
		}, Serving, Serving, ""},
		{"setting that no view shows, not reloaded", func(f fixture) {
			f.want.Entries = []vschema.Entry{explicit}
			f.want.Baseline = reloadsBefore(f.gate, 7)
		}, Serving, Stale, "it has not reloaded since the change"},
		{"setting that no view shows, restarted, of the same count", func(f fixture) {
			f.want.Entries = []vschema.Entry{explicit}
			f.want.Baseline = reloadsBefore(f.gate, 7)
			f.gate.Started = baseAt.Add(time.Second)
		}, Serving, Serving, ""},
		{"setting that no view shows, not restarted since", func(f fixture) {
			f.want.Entries = []vschema.Entry{explicit}
			f.want.Baseline = reloadsBefore(f.gate, 7)
			f.gate.Started = baseAt.Add(-time.Second)
		}, Serving, Stale, "it has not reloaded since the change"},
		{"setting that no view shows, restarted, of a lower count", func(f fixture) {
			f.want.Entries = []vschema.Entry{explicit}
			f.want.Baseline = reloadsBefore(f.gate, 9)
		}, Serving, Serving, ""},
		{"setting that no view shows, reloads not known", func(f fixture) {
			f.want.Entries = []vschema.Entry{explicit}
			f.want.Baseline = reloadsBefore(f.gate, 6)
			f.gate.VarsErr = "access denied"
		}, Serving, Stale, "access denied"},
		{"shown setting needs no reload", func(f fixture) {
			f.want.Entries = []vschema.Entry{{Keyspace: "customer", Kind: vschema.SettingEntry, Name: vschema.Sharded}}
			f.want.Baseline = reloadsBefore(f.gate, 7)
		}, Serving, Serving, ""},
		{"absent VSchema", func(f fixture) {
			f.want.Keyspaces = map[string]*vschema.Keyspace{"new": nil}
		}, Stale, Stale, "it lacks keyspace new"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			snap := serving(t, proto.CloneOf(base))
			want := wholeWant(base)
			tc.change(fixture{want: &want, snap: snap, cell: &snap.Cells[1], gate: &snap.VTGates[1]})
			got := Judge(want, snap)
			cell := got.Cells[0]
			if cell.Status != tc.cell {
				t.Errorf("cell %+v, want %s", cell, tc.cell)
			}
			i := slices.IndexFunc(got.VTGates, func(v Verdict) bool { return v.Name == "zone1:15001" })
			vtgate := got.VTGates[i]
			if vtgate.Status != tc.vtgate || !strings.Contains(vtgate.Detail, tc.detail) || (tc.detail == "") != (vtgate.Detail == "") {
				t.Errorf("vtgate %+v, want %s: %s", vtgate, tc.vtgate, tc.detail)
			}
		})
	}
}

func TestFirstBrokenIsTheEvidence(t *testing.T) {
	srv := shop(t)
	snap := serving(t, srv)
	ks := snap.VTGates[0].View.Keyspaces["customer"]
	ks.Error = "no such file"
	snap.VTGates[0].View.Keyspaces["customer"] = ks
	got := Judge(wholeWant(srv), snap)
	if b := got.FirstBroken(); b == nil || b.Name != "zone2:15001" || got.All() {
		t.Errorf("first broken %+v, want zone2's vtgate", b)
	}
}
