package converge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// showError puts a keyspace in error on a vtgate.
func showError(g *planes.VTGate, keyspace, text string) {
	ks := g.View.Keyspaces[keyspace]
	ks.Error = text
	g.View.Keyspaces[keyspace] = ks
}

// TestEvidence changes one entry, which both cells and vtgates serve
// afterwards, and looks at the vtgate of zone1.
func TestEvidence(t *testing.T) {
	type ours struct {
		entry  vschema.Entry
		change func(*vschema.SrvVSchema)
	}
	before := changed(shop(t), func(s *vschema.SrvVSchema) { s.Keyspaces["archive"] = &vschema.Keyspace{} })
	addBad := func(s *vschema.SrvVSchema) { s.Keyspaces["customer"].Tables["bad"] = &vschema.Table{} }
	table := func(ks, name string) vschema.Entry {
		return vschema.Entry{Keyspace: ks, Kind: vschema.TableEntry, Name: name}
	}
	dropVisit := ours{tableVisit, func(s *vschema.SrvVSchema) { delete(s.Keyspaces["customer"].Tables, "visit") }}
	addPlain := ours{table("commerce", "plain"), func(s *vschema.SrvVSchema) { s.Keyspaces["commerce"].Tables["plain"] = &vschema.Table{} }}
	bad := ours{table("customer", "bad"), addBad}
	type fixture struct {
		before, after *planes.Snapshot
		was, gate     *planes.VTGate // zone1's, before and after
	}
	hold := func(snap *planes.Snapshot, change func(*vschema.SrvVSchema)) {
		for i := range snap.Cells {
			snap.Cells[i].Srv = changed(snap.Cells[i].Srv, change)
		}
	}
	for _, tc := range []struct {
		name   string
		ours   ours
		set    func(f fixture)
		status Status
		detail string
	}{
		{"no error", dropVisit, func(fixture) {}, Serving, ""},
		{"a keyspace that it showed without error", dropVisit, func(f fixture) {
			showError(f.gate, "customer", "no such file")
		}, Broken, "keyspace customer is in error: no such file"},
		{"in error on another vtgate before", dropVisit, func(f fixture) {
			showError(&f.before.VTGates[0], "customer", "old")
			showError(f.gate, "customer", "no such file")
		}, Broken, "keyspace customer is in error: no such file"},
		{"in error there before", dropVisit, func(f fixture) {
			showError(f.was, "customer", "old")
			showError(f.gate, "customer", "old")
		}, Stale, "keyspace customer is still in error: old"},
		{"silent before, with an error of its own", dropVisit, func(f fixture) {
			f.was.View, f.was.Silent = nil, "no answer"
			showError(f.gate, "customer", "no such file")
		}, Stale, "it did not show before the change whether it was: no such file"},
		{"started since, with an error of its own", dropVisit, func(f fixture) {
			f.gate.Target = "new:15001"
			showError(f.gate, "customer", "no such file")
		}, Stale, "it did not show before the change whether it was: no such file"},
		{"silent before, with an error that our build shows too", bad, func(f fixture) {
			f.was.View, f.was.Silent = nil, "no answer"
			showError(f.gate, "customer", "missing primary col vindex for table: bad")
		}, Broken, "missing primary col vindex for table: bad"},
		{"silent before, in error in its cell then", dropVisit, func(f fixture) {
			f.was.View, f.was.Silent = nil, "no answer"
			hold(f.before, addBad)
			hold(f.after, addBad)
			showError(f.gate, "customer", "missing primary col vindex for table: bad")
		}, Serving, ""},
		{"broken by others since", dropVisit, func(f fixture) {
			hold(f.after, addBad)
			showError(f.gate, "customer", "missing primary col vindex for table: bad")
		}, Serving, ""},
		{"a neighbour that it showed without error", dropVisit, func(f fixture) {
			showError(f.gate, "archive", "no such sequence")
		}, Broken, "keyspace archive is in error: no such sequence"},
		{"a neighbour in error before", dropVisit, func(f fixture) {
			showError(f.was, "archive", "old")
			showError(f.gate, "archive", "old")
		}, Serving, ""},
		{"a neighbour, silent before", dropVisit, func(f fixture) {
			f.was.View, f.was.Silent = nil, "no answer"
			showError(f.gate, "archive", "no such file")
		}, Stale, "keyspace archive is in error, and it did not show before"},
		{"a neighbour broken by others since", addPlain, func(f fixture) {
			hold(f.after, addBad)
			showError(f.gate, "customer", "missing primary col vindex for table: bad")
		}, Serving, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := changed(before, tc.ours.change)
			f := fixture{before: serving(t, proto.CloneOf(before)), after: serving(t, srv)}
			f.was, f.gate = &f.before.VTGates[1], &f.after.VTGates[1]
			tc.set(f)
			got := Judge(Want{
				Keyspaces: srv.Keyspaces, Entries: []vschema.Entry{tc.ours.entry},
				Undo: before.Keyspaces, Baseline: BaselineOf(f.before, baseAt),
			}, f.after)
			for _, v := range got.VTGates {
				if v.Name != f.gate.Target {
					continue
				}
				if v.Status != tc.status || !strings.Contains(v.Detail, tc.detail) {
					t.Errorf("got %+v, want %s: %s", v, tc.status, tc.detail)
				}
			}
		})
	}
}

func TestBaselineOfASnapshot(t *testing.T) {
	snap := serving(t, shop(t))
	snap.Cells[0].Srv = changed(shop(t), func(s *vschema.SrvVSchema) { s.Keyspaces["customer"].Tables["bad"] = &vschema.Table{} })
	showError(&snap.VTGates[0], "commerce", "cyclic foreign keys")
	snap.VTGates[1].VarsErr = "access denied"
	snap.VTGates = append(snap.VTGates, planes.VTGate{Target: "silent:15001", Silent: "no answer"})
	snap.Cells = append(snap.Cells, planes.Cell{Name: "dead", Err: "no answer"})
	want := &Baseline{
		VTGates: map[string][]string{"zone1:15001": nil, "zone2:15001": {"commerce"}},
		Cells:   map[string][]string{"zone1": nil, "zone2": {"customer"}},
		Reloads: map[string]Reloads{"zone2:15001": {Count: 7, At: baseAt}},
	}
	if diff := cmp.Diff(want, BaselineOf(snap, baseAt)); diff != "" {
		t.Errorf("baseline (-want +got):\n%s", diff)
	}
}
