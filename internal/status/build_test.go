package status

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

func keyspace(tables ...string) *vschema.Keyspace {
	ks := &vschema.Keyspace{Tables: map[string]*vschema.Table{}}
	for _, t := range tables {
		ks.Tables[t] = &vschema.Table{}
	}
	return ks
}

// agreeing is a cluster where the file a, the global topo, a cell and a vtgate
// hold the table t, and where b has no file.
func agreeing() Input {
	g := planes.Global{
		ClusterID: "id",
		Keyspaces: map[string]planes.Keyspace{
			"a": {VSchema: keyspace("t"), HasRecord: true},
			"b": {VSchema: keyspace("u"), HasRecord: true},
		},
		Cells: []string{"z1"},
		Rules: planes.Rules{
			Table: &vschema.RoutingRules{}, Shard: &vschema.ShardRoutingRules{},
			Keyspace: &vschema.KeyspaceRoutingRules{}, Mirror: &vschema.MirrorRules{},
		},
	}
	srv := plan.FullSrv(g)
	return Input{
		Snapshot: &planes.Snapshot{
			Global:  g,
			Cells:   []planes.Cell{{Name: "z1", Srv: srv}},
			VTGates: []planes.VTGate{{Target: "h:1", Cell: "z1", View: converge.Project(srv), SQL: true}},
		},
		Desired: map[string]*vschema.Keyspace{"a": keyspace("t")},
		Files:   map[string]string{"a": "keyspaces/a/vschema.json"},
		Last:    map[string]*vschema.Keyspace{"a": keyspace("t")},
	}
}

func (in *Input) setLive(name string, ks *vschema.Keyspace) {
	rec := in.Snapshot.Global.Keyspaces[name]
	rec.VSchema = ks
	in.Snapshot.Global.Keyspaces[name] = rec
}

// buildTests change one thing in a cluster whose planes agree.
var buildTests = []struct {
	name       string
	change     func(*Input)
	drifted    bool
	unreadable bool
	check      func(Status) bool
}{
	{"agreeing", func(*Input) {}, false, false, func(s Status) bool {
		return s.Keyspaces[0].InSync() && s.Keyspaces[0].File == "keyspaces/a/vschema.json" && slices.Equal(s.Unmanaged, []string{"b"})
	}},
	{"edited file", func(in *Input) { in.Desired["a"] = keyspace("t", "new") }, true, false, func(s Status) bool {
		return len(s.Keyspaces[0].Changes.Ours) == 1
	}},
	{"foreign in every plane", func(in *Input) {
		in.setLive("a", keyspace("t", "theirs"))
		srv := plan.FullSrv(in.Snapshot.Global)
		in.Snapshot.Cells[0].Srv, in.Snapshot.VTGates[0].View = srv, converge.Project(srv)
	}, true, false, func(s Status) bool {
		k := s.Keyspaces[0]
		return len(k.Changes.Foreign) == 1 && len(k.Cells)+len(k.VTGates) == 0
	}},
	{"stale cell", func(in *Input) {
		in.Snapshot.Cells[0].Srv = proto.CloneOf(in.Snapshot.Cells[0].Srv)
		in.Snapshot.Cells[0].Srv.Keyspaces["a"] = keyspace()
	}, true, false, func(s Status) bool { return s.Keyspaces[0].Cells[0].Cell == "z1" }},
	{"stale cell of a keyspace without a file", func(in *Input) {
		in.Snapshot.Cells[0].Srv = proto.CloneOf(in.Snapshot.Cells[0].Srv)
		in.Snapshot.Cells[0].Srv.Keyspaces["b"] = keyspace()
	}, false, false, func(s Status) bool {
		return len(s.Keyspaces[0].Cells) == 0 && s.Others[0].Keyspace == "b"
	}},
	{"cell without SrvVSchema", func(in *Input) { in.Snapshot.Cells[0].Srv = nil }, true, false, func(s Status) bool {
		return len(s.Keyspaces[0].Cells) == 1
	}},
	{"stale vtgate", func(in *Input) {
		in.Snapshot.VTGates[0].View = converge.Project(&vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"a": keyspace()}})
	}, true, false, func(s Status) bool { return s.Keyspaces[0].VTGates[0].Name == "h:1" }},
	{"silent vtgate", func(in *Input) {
		in.Snapshot.VTGates[0] = planes.VTGate{Target: "h:1", Silent: "refused"}
	}, false, true, func(s Status) bool { return s.Unread[0].Status == converge.Silent && len(s.Keyspaces[0].VTGates) == 0 }},
	{"denied vtgate", func(in *Input) {
		in.Snapshot.VTGates[0] = planes.VTGate{Target: "h:1", Unreadable: "403"}
	}, false, true, func(s Status) bool { return s.Unread[0].Status == converge.Unreadable }},
	{"dead cell", func(in *Input) {
		in.Snapshot.Cells[0] = planes.Cell{Name: "z1", Err: "no answer"}
	}, true, true, func(s Status) bool { return s.Unread[0].Name == "z1" && len(s.Keyspaces[0].Cells) == 0 }},
	{"bad live record", func(in *Input) {
		in.Snapshot.Global.Keyspaces["a"] = planes.Keyspace{HasRecord: true, Err: "bad bytes"}
	}, false, true, func(s Status) bool { return s.Keyspaces[0].Err == "bad bytes" }},
	{"file removed", func(in *Input) {
		delete(in.Desired, "a")
		in.Heads = []rollout.Head{{Keyspace: "a", Committed: "hash"}}
	}, false, false, func(s Status) bool { return len(s.Keyspaces) == 0 && slices.Equal(s.Removed, []string{"a"}) }},
	{"only another", func(in *Input) {
		in.Only = []string{"b"}
		in.Desired["a"] = keyspace()
	}, false, false, func(s Status) bool { return len(s.Keyspaces) == 0 && slices.Equal(s.Unmanaged, []string{"b"}) }},
	{"paused", func(in *Input) {
		in.Heads = []rollout.Head{{Keyspace: "a", Paused: &rollout.Pause{Reason: "r"}}}
	}, false, false, func(s Status) bool { return s.Keyspaces[0].Paused.Reason == "r" }},
	{"open rollout", func(in *Input) {
		in.Heads = []rollout.Head{{Keyspace: "a", Open: "r1"}}
		in.Open = map[string]rollout.Record{"r1": {ID: "r1", State: rollout.Validating}}
	}, false, false, func(s Status) bool { return s.Keyspaces[0].Rollout.State == rollout.Validating && s.Open() }},
	{"rollout that has ended", func(in *Input) {
		in.Heads = []rollout.Head{{Keyspace: "a", Open: "r1"}}
		in.Open = map[string]rollout.Record{"r1": {ID: "r1", State: rollout.Committed}}
	}, false, false, func(s Status) bool { return s.Keyspaces[0].Rollout == nil && !s.Open() }},
	{"parked rollout of a keyspace without a file", func(in *Input) {
		in.Heads = []rollout.Head{{Keyspace: "b", Open: "r1"}}
		in.Open = map[string]rollout.Record{"r1": {ID: "r1", State: rollout.Validating, Parked: &rollout.Park{Text: "silence"}}}
	}, false, false, func(s Status) bool { return s.Open() && s.Held[0].Rollout.Parked.Text == "silence" }},
	{"pause of a keyspace that is gone", func(in *Input) {
		in.Heads = []rollout.Head{{Keyspace: "gone", Paused: &rollout.Pause{Reason: "r"}}}
	}, false, false, func(s Status) bool {
		return !s.Open() && s.Held[0].Name == "gone" && s.Held[0].Paused.Reason == "r"
	}},
	{"only another than the one that is held", func(in *Input) {
		in.Only = []string{"a"}
		in.Heads = []rollout.Head{{Keyspace: "b", Paused: &rollout.Pause{Reason: "r"}}}
	}, false, false, func(s Status) bool { return len(s.Held) == 0 }},
	{"a file without a keyspace", func(in *Input) {
		in.Desired["c"] = keyspace()
	}, true, false, func(s Status) bool { return s.Keyspaces[1].Missing && !s.Keyspaces[1].InSync() }},
	{"stale rules", func(in *Input) {
		in.Snapshot.Global.Rules.Table = &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: "x", ToTables: []string{"a.t"}}}}
	}, true, false, func(s Status) bool { return s.Rules[0].Cell == "z1" && s.Rules[0].Rules == vschema.TableRules }},
}

func TestBuild(t *testing.T) {
	for _, tt := range buildTests {
		t.Run(tt.name, func(t *testing.T) {
			in := agreeing()
			tt.change(&in)
			s := Build(in)
			if s.Drifted() != tt.drifted || s.Unreadable() != tt.unreadable {
				t.Errorf("drifted = %v, unreadable = %v", s.Drifted(), s.Unreadable())
			}
			if !tt.check(s) {
				t.Errorf("status = %+v", s)
			}
		})
	}
}

// TestUnserved: nothing to write is not yet nothing to do.
func TestUnserved(t *testing.T) {
	lag := func(in *Input) { in.Snapshot.VTGates[0].View = converge.Project(&vschema.SrvVSchema{}) }
	open := func(in *Input, rec rollout.Record) {
		rec.ID, rec.State = "r", rollout.Validating
		in.Heads = []rollout.Head{{Keyspace: "a", Open: "r"}}
		in.Open = map[string]rollout.Record{"r": rec}
	}
	tests := []struct {
		name   string
		change func(*Input)
		want   string
	}{
		{"all serve it", func(*Input) {}, ""},
		{"a vtgate lags behind", lag, "vtgate h:1 is stale: "},
		{"and so does its cell, of what others saved", func(in *Input) {
			lag(in)
			in.setLive("a", keyspace("t", "theirs"))
		}, ""},
		{"a vtgate is silent", func(in *Input) { in.Snapshot.VTGates[0] = planes.VTGate{Target: "h:1", Silent: "no answer"} }, "h:1 is silent: no answer"},
		{"a cell is silent", func(in *Input) { in.Snapshot.Cells[0] = planes.Cell{Name: "z1", Err: "no answer"} }, "z1 is silent: no answer"},
		{"a rollout has parked", func(in *Input) { open(in, rollout.Record{Parked: &rollout.Park{Text: "silence"}}) }, "rollout r of keyspace a is parked: silence"},
		{"a rollout is under way", func(in *Input) { open(in, rollout.Record{}) }, "rollout r of keyspace a is validating"},
	}
	for _, tt := range tests {
		in := agreeing()
		tt.change(&in)
		if got := Build(in).Unserved(); !strings.HasPrefix(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
