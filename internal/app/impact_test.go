package app

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

func ruleFrom(from string) *vschema.RoutingRules {
	return &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: from}}}
}

// TestCompleted: what a side says nothing of is as on the other one, but the
// cluster says all.
func TestCompleted(t *testing.T) {
	both := impactSide{name: "old", keyspaces: map[string]*vschema.Keyspace{"a": tables("t"), "b": tables("u")}, rules: map[vschema.RuleKind]proto.Message{vschema.TableRules: ruleFrom("x")}}
	one := impactSide{name: "new", keyspaces: map[string]*vschema.Keyspace{"a": tables("t2")}}
	srv, note := one.completed(both)
	want := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"a": tables("t2"), "b": tables("u")}, RoutingRules: ruleFrom("x")}
	if d := cmp.Diff(want, srv, protocmp.Transform()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if note != "new says nothing of b, routing_rules: as in old" {
		t.Errorf("note %q", note)
	}
	if len(one.keyspaces) != 1 {
		t.Errorf("the side itself was changed: %v", one.keyspaces)
	}
	one.whole = true
	srv, note = one.completed(both)
	if d := cmp.Diff(&vschema.SrvVSchema{Keyspaces: one.keyspaces}, srv, protocmp.Transform()); d != "" || note != "" {
		t.Errorf("the cluster has nothing but a, note %q (-want +got):\n%s", note, d)
	}
}

func TestPlanSide(t *testing.T) {
	g := planes.Global{ClusterID: "c", Keyspaces: map[string]planes.Keyspace{
		"ks":    {Token: planes.Token{Version: "1", Hash: "x"}, VSchema: tables("a"), HasRecord: true, Shards: []planes.Shard{{Name: "0", Serving: true}}},
		"other": {Token: planes.Token{Version: "2", Hash: "y"}, VSchema: tables("o"), HasRecord: true},
	}, Rules: planes.Rules{
		Table: &vschema.RoutingRules{}, Shard: &vschema.ShardRoutingRules{}, Keyspace: &vschema.KeyspaceRoutingRules{}, Mirror: &vschema.MirrorRules{},
		Tokens: map[vschema.RuleKind]planes.Token{},
	}}
	p, err := plan.Build(plan.Input{
		Snapshot: &planes.Snapshot{Global: g}, Cluster: "c", Backend: "topo",
		Desired: map[string]*vschema.Keyspace{"ks": tables("a", "b")}, Last: map[string]*vschema.Keyspace{"ks": tables("a")},
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[bool]*vschema.Keyspace{false: tables("a"), true: tables("a", "b")} {
		side, err := planSide(file, after, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]*vschema.Keyspace{"ks": want}, side.keyspaces, protocmp.Transform()); d != "" || side.whole {
			t.Errorf("after %v (-want +got):\n%s", after, d)
		}
	}
	for want, other := range map[string]planes.Global{
		"": g,
		"plan " + p.ID + " was made for another cluster":                                             {ClusterID: "d"},
		"plan " + p.ID + " is stale, as the VSchema of ks is another one now: apply would refuse it": {ClusterID: "c"},
	} {
		side, err := planSide(file, true, &planes.Snapshot{Global: other})
		if got := strings.Join(side.notes, "; "); err != nil || got != want {
			t.Errorf("notes %q, %v, want %q", got, err, want)
		}
	}
	if err := os.WriteFile(file, data[:len(data)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := planSide(file, true, nil); err == nil || !strings.Contains(err.Error(), file+":") {
		t.Errorf("half a plan: %v", err)
	}
}

func TestNarrow(t *testing.T) {
	before := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"a": tables("t"), "b": tables("u"), "gone": tables("g")}}
	after := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"a": tables("t2"), "b": tables("u2"), "new": tables("n")}}
	a := &App{keyspaces: []string{"b"}}
	if err := a.narrow(before, after); err != nil {
		t.Fatal(err)
	}
	want := map[string]*vschema.Keyspace{"a": tables("t"), "b": tables("u2"), "gone": tables("g")}
	if d := cmp.Diff(want, after.Keyspaces, protocmp.Transform()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestColumns: a side's own files come first, then the other's, then the cluster.
func TestColumns(t *testing.T) {
	known := func(column string) *physical.Schema {
		return &physical.Schema{Tables: map[string]*physical.Table{"t": {Create: column}}}
	}
	live := schemas{"a": {Views: map[string]string{"v": "live"}}, "b": {Views: map[string]string{"v": "live"}}}
	own, others := map[string]*physical.Schema{"a": known("own")}, map[string]*physical.Schema{"a": known("other"), "c": known("other")}
	for keyspace, want := range map[string]compile.Schema{
		"a": {Tables: map[string]compile.Table{"t": {Create: "own"}}},
		"b": live["b"],
		"c": {Tables: map[string]compile.Table{"t": {Create: "other"}}},
	} {
		got, ok := columnsOf(keyspace, live, own, others)
		if d := cmp.Diff(want, got); d != "" || !ok {
			t.Errorf("%s, known %v (-want +got):\n%s", keyspace, ok, d)
		}
	}
	if _, ok := columnsOf("d", live, own, others); ok {
		t.Error("nobody knows keyspace d")
	}
}

func TestUntracked(t *testing.T) {
	off, on, silent := planes.VTGate{Untracked: true}, planes.VTGate{}, planes.VTGate{Silent: "no answer", VarsErr: "no answer"}
	for _, tt := range []struct {
		vtgates []planes.VTGate
		want    bool
	}{
		{nil, false}, {[]planes.VTGate{silent}, false}, {[]planes.VTGate{off, silent}, true}, {[]planes.VTGate{off, on}, false},
	} {
		if got := untracked(tt.vtgates); got != tt.want {
			t.Errorf("%+v: %v", tt.vtgates, got)
		}
	}
}

func TestMissingColumns(t *testing.T) {
	lacks := func(code string, tables ...string) impact.Result {
		return impact.Result{After: impact.Side{Error: &impact.Error{Code: code, Missing: tables}}}
	}
	other := []impact.Result{lacks("VT12001"), {}}
	want := "4 queries have no plan, since the columns of these tables are not known: ks.a, ks.b, other.c"
	if got := missingColumns(append(other, lacks("VT09015", "ks.b"), lacks("", "other.c", "ks.b"), lacks("VT09004", "ks.a"), lacks("VT09015"))); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := missingColumns(other); got != "" {
		t.Errorf("nothing is missing: %q", got)
	}
	var many []string
	for i := range maxMissing + 2 {
		many = append(many, fmt.Sprintf("ks.t%02d", i))
	}
	if got := missingColumns([]impact.Result{lacks("VT09015", many...)}); !strings.HasPrefix(got, "1 query has ") || !strings.HasSuffix(got, "ks.t09 and 2 more") {
		t.Errorf("got %q", got)
	}
}

func TestNoteSkew(t *testing.T) {
	ours := vitessRelease()
	if strings.Count(ours, ".") != 2 {
		t.Fatalf("the version of the planner is %q", ours)
	}
	for _, tt := range []struct {
		name    string
		ask     cli.Impacting
		vtgates []string
		want    string
	}{
		{"the same", cli.Impacting{Before: "live"}, []string{ours}, ""},
		{"another patch", cli.Impacting{Before: "live"}, []string{minor(ours) + ".9-SNAPSHOT"}, ""},
		{"another minor", cli.Impacting{Before: "live", Planner: cli.PlannerVTGate}, []string{"24.7.1"},
			"the vtgates run Vitess 24.7.1, and these plans are made by the planner of " + ours},
		{"not told", cli.Impacting{Before: "live"}, []string{""}, ""},
		{"older", cli.Impacting{Before: "live"}, []string{"23.0.2", ours, "22.0.1", "23.0.2"},
			"the vtgates run Vitess 22.0.1, 23.0.2, and these plans are made by the planner of " + ours + ": --planner vtgate asks them for the plans before the change"},
		{"asked", cli.Impacting{Before: "live", Planner: cli.PlannerVTGate}, []string{"23.0.2"},
			"the vtgates run Vitess 23.0.2, and these plans are made by the planner of " + ours},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &impactRun{ask: tt.ask, snap: &planes.Snapshot{}}
			for _, version := range tt.vtgates {
				r.snap.VTGates = append(r.snap.VTGates, planes.VTGate{Version: version})
			}
			r.noteSkew()
			if got := strings.Join(r.notes, "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWithoutLiterals(t *testing.T) {
	got := withoutLiterals(impact.Query{SQL: "select 1 from t where name = 'secret'", Executions: 1})
	if strings.Contains(got, "secret") || !strings.Contains(got, "from t where") {
		t.Errorf("shown as %q", got)
	}
	if got := withoutLiterals(impact.Query{SQL: "selec 'secret'", Executions: 1}); strings.Contains(got, "secret") {
		t.Errorf("shown as %q", got)
	}
}

// TestConfigLeadsElsewhere: whoever names the folder of the config learns where the
// files are.
func TestConfigLeadsElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	for file, text := range map[string]string{
		"one/vtsync.yaml":    "clusters: {prod: {path: files, topo: \"etcd2://h:1/r\"}}",
		"many/vtsync.yaml":   "clusters: {a: {path: x, topo: \"etcd2://h:1/r\"}, b: {path: ., topo: \"etcd2://h:1/s\"}, c: {path: ../y, topo: \"etcd2://h:1/t\"}}",
		"broken/vtsync.yaml": "clusters: [",
		"here/vtsync.yaml":   "clusters: {prod: {path: ., topo: \"etcd2://h:1/r\"}}",
		"none/README.md":     "",
		"vtsync.yaml":        "clusters: {prod: {path: files, topo: \"etcd2://h:1/r\"}}",
	} {
		if err := worktree.At(".").Write(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "a"}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	for _, tt := range []struct{ dir, side, says, next string }{
		{".", "one", "one: no keyspace has a file here: its vtsync.yaml leads to one/files", "name that folder: one/files"},
		{".", "many", "many: no keyspace has a file here: its vtsync.yaml leads to many/x, y", "name that folder: many/x"},
		{".", "broken", "broken: no keyspaces/ directory here; keyspaces stand in keyspaces/KEYSPACE/vschema.json", "vtsync pull writes the live VSchema into this layout"},
		{".", "here", "here: no keyspaces/ directory here; keyspaces stand in keyspaces/KEYSPACE/vschema.json", "vtsync pull writes the live VSchema into this layout"},
		{".", "none", "none: no keyspaces/ directory here; keyspaces stand in keyspaces/KEYSPACE/vschema.json", "vtsync pull writes the live VSchema into this layout"},
		{".", "git:main", "git:main:.: no keyspace has a file here: its vtsync.yaml leads to files", "give that folder as DIR: vtsync impact files with the same flags"},
		{"one", "git:main", "git:main:one: no keyspace has a file here: its vtsync.yaml leads to one/files", "give that folder as DIR: vtsync impact one/files with the same flags"},
	} {
		a := &App{files: worktree.At(tt.dir)}
		_, err := a.impactSide(t.Context(), tt.side, false, nil)
		invalid, ok := errors.AsType[*errs.Invalid](err)
		if !ok || filepath.ToSlash(invalid.Error()) != tt.says || filepath.ToSlash(invalid.Next) != tt.next {
			t.Errorf("%s of %s: %v, next %+v", tt.side, tt.dir, err, invalid)
		}
	}
}
