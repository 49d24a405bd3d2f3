package app

import (
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

func TestPlanFlags(t *testing.T) {
	type flags = map[string]string
	for _, tt := range []struct {
		name  string
		flags []flags // of each vtgate
		rules bool
		want  compile.Flags
		notes string
	}{
		{name: "none", flags: []flags{nil, {}}},
		{name: "the usual ones", flags: []flags{{"no-scatter": "f", "enable-views": "1", "foreign-key-mode": "Allow", "planner-version": "Gen4", "default-tablet-type": "PRIMARY", "track-udfs": "false"}}},
		{name: "nobody says", flags: nil, rules: true},
		{
			name: "followed", rules: true,
			flags: []flags{{"no-scatter": "true", "enable-views": "false", "enable-system-settings": "0", "foreign-key-mode": "disallow", "planner-version": "Left2Right", "mysql-server-version": "8.0.30", shardRouting: "true"}},
			want:  compile.Flags{NoScatter: true, NoViews: true, NoSystemSettings: true, NoForeignKeys: true, PlannerVersion: "Left2Right", MySQLServerVersion: "8.0.30"},
		},
		{
			name: "not followed", flags: []flags{{"default-tablet-type": "replica"}, {"default-tablet-type": "replica", "normalize-queries": "false"}},
			notes: "the vtgates run with --default-tablet-type=replica, which plans here do not follow; vtgate g1:1 runs with --normalize-queries=false, which plans here do not follow",
		},
		{
			name: "some refuse scatters", flags: []flags{{}, {"no-scatter": "true"}, {"no-scatter": "false"}}, want: compile.Flags{NoScatter: true},
			notes: "vtgate g1:1 runs with --no-scatter=true and others do not: plans here follow it",
		},
		{
			name: "some know no views", flags: []flags{{"enable-views": "false"}, {"enable-views": "false"}, {}},
			notes: "vtgates g0:1, g1:1 run with --enable-views=false, which plans here do not follow",
		},
		{name: "no shard rules", flags: []flags{{}}},
		{
			name: "shard rules that nobody follows", flags: []flags{{}, {shardRouting: "false"}}, rules: true, want: compile.Flags{NoShardRouting: true},
			notes: "the vtgates follow no shard routing rules (they run without --" + shardRouting + "), and so it is here",
		},
		{
			name: "shard rules that some follow", flags: []flags{{shardRouting: "true"}, {}}, rules: true,
			notes: "vtgate g1:1 runs without --" + shardRouting + " and others with it: plans here follow the shard routing rules",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &impactRun{before: &vschema.SrvVSchema{}, after: &vschema.SrvVSchema{}, snap: &planes.Snapshot{VTGates: []planes.VTGate{
				{Target: "dead:1", Silent: "no answer", VarsErr: "no answer", Flags: flags{"no-scatter": "true"}},
			}}}
			if tt.rules {
				r.after.ShardRoutingRules = &vschemapb.ShardRoutingRules{Rules: []*vschemapb.ShardRoutingRule{{FromKeyspace: "a", ToKeyspace: "b", Shard: "0"}}}
			}
			for i, f := range tt.flags {
				r.snap.VTGates = append(r.snap.VTGates, planes.VTGate{Target: "g" + string(rune('0'+i)) + ":1", Flags: f})
			}
			if got := r.planFlags(); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if got := strings.Join(r.notes, "; "); got != tt.notes {
				t.Errorf("notes\n got %s\nwant %s", got, tt.notes)
			}
		})
	}
	if r := (&impactRun{}); r.planFlags() != (compile.Flags{}) {
		t.Error("flags where no cluster is asked")
	}
}
