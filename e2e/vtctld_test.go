package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

const applyVSchema, rebuildCell = "Vtctld/ApplyVSchema", "Vtctld/RebuildVSchemaGraph"

// viaVTCtld is a cluster that is reached through its vtctld alone, past a wire
// that can fail.
type viaVTCtld struct {
	*env
	wire *proxy.Proxy
}

func newViaVTCtld(t *testing.T) *viaVTCtld {
	t.Helper()
	e := &viaVTCtld{env: &env{Cluster: cluster.CommerceT(t, cluster.Options{}), t: t, dir: t.TempDir()}}
	var err error
	if e.wire, err = proxy.New("vtsync", "vtctld", e.VTCtld()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.wire.Close() })
	var vtgates []string
	for _, g := range e.VTGates() {
		vtgates = append(vtgates, g.HTTP)
	}
	config := filepath.Join(e.dir, "vtsync.yaml")
	text := fmt.Sprintf("clusters:\n  lab:\n    backend: vtctld\n    vtctld: %s\n    state: state/vtsync.db\n    vtgates: [%s]\n",
		e.wire.Addr(), strings.Join(vtgates, ", "))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(e.dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	e.args = []string{"--config", config, "--timeout", "6s"}
	e.ok("pull")
	return e
}

// arm breaks the next call of a method; for ApplyVSchema the one after vtctld's
// judgement, which writes nothing.
func (e *viaVTCtld) arm(method string, fault proxy.Fault) *proxy.Armed {
	skip := 0
	if method == applyVSchema {
		skip = 1
	}
	return e.wire.Arm(proxy.Rule{Method: method, Skip: skip, Times: 1, Fault: fault})
}

func (e *viaVTCtld) add(tables ...string) {
	e.edit("commerce", func(v map[string]any) {
		for _, name := range tables {
			table(v, name)
		}
	})
}

// A cluster whose topo is out of reach is changed through vtctld: planned,
// applied, proved, taken back, and every plan and status says that it is the
// weaker way.
func TestThroughVTCtld(t *testing.T) {
	t.Parallel()
	e := newViaVTCtld(t)
	e.ok("status").wants(t, "written through vtctld, check-then-write")
	e.add("added")
	e.exits(1, "plan", "--exit-code").wants(t, "table added", "note: written through vtctld, check-then-write", "from this host only")
	var p struct {
		Backend string `json:"backend"`
	}
	e.decode(e.ok("plan", "--format", "json"), &p)
	if p.Backend != "vtctld" {
		t.Errorf("the plan's backend is %q", p.Backend)
	}
	e.ok("apply", "--yes").wants(t, "committed")
	e.holdsEverywhere("apply", "commerce", "added", true)
	e.ok("status").wants(t, "all planes agree")
	e.ok("apply", "--yes").wants(t, "nothing to do")
	e.ok("doctor").wants(t, "check-then-write", "the state file", "cluster ")
	e.ok("rollback", "--yes")
	e.holdsEverywhere("rollback", "commerce", "added", false)
	if n := len(e.writes("global", "/vitess/global/vtsync/id").events()); n != 0 {
		t.Errorf("%d writes of vtsync's own records in topo", n)
	}
	if resp, err := e.Etcd("global").Get(t.Context(), "/vitess/global/vtsync/id"); err != nil || len(resp.Kvs) != 0 {
		t.Errorf("vtsync's id stands in topo: %v, %v", resp, err)
	}
}

// What others saved in another keyspace and did not rebuild comes with any
// write of a cell: the plan lists it.
func TestRebuildShipsWhatThePlanLists(t *testing.T) {
	t.Parallel()
	e := newViaVTCtld(t)
	if err := e.CreateKeyspace(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	if err := e.ApplyVSchema(t.Context(), "other", `{"tables": {"unrebuilt": {}}}`, "--skip-rebuild"); err != nil {
		t.Fatal(err)
	}
	e.add("added")
	e.ok("apply", "--yes").wants(t, "carried along", "other", "unrebuilt")
	e.holdsEverywhere("apply", "commerce", "added", true)
	e.holdsEverywhere("carried", "other", "unrebuilt", true)
}

// A vtsync that is killed with SIGKILL around any of its writes through vtctld
// is continued from the same state file.
func TestKilledThroughVTCtld(t *testing.T) {
	t.Parallel()
	e := newViaVTCtld(t)
	for i, at := range []struct {
		name, method string
		landed       bool
	}{
		{"before the VSchema is saved", applyVSchema, false},
		{"after the VSchema is saved", applyVSchema, true},
		{"before a cell is rebuilt", rebuildCell, false},
		{"after a cell is rebuilt", rebuildCell, true},
	} {
		name := fmt.Sprintf("killed%d", i)
		e.add(name)
		fault := proxy.Hold()
		if at.landed {
			fault = proxy.DropReply()
		}
		rule := e.arm(at.method, fault)
		p := e.start("apply", "--yes")
		hit := e.next(rule)
		if at.landed {
			if err := hit.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		// Others read the records while it runs.
		e.exits(1, "status").wants(t, "in flight: commerce")
		p.kill()
		p.wait()
		if !at.landed {
			hit.Drop()
		}
		rec := e.show("commerce")
		if rec.State != rollout.Applying {
			t.Errorf("%s: the record says %s", at.name, rec.State)
		}
		e.ok("resume", rec.ID)
		e.holdsEverywhere(at.name, "commerce", name, true)
		if rec := e.show("commerce"); rec.State != rollout.Committed || len(rec.Globals) != 1 || rec.Globals[0].Status != rollout.WriteLanded {
			t.Errorf("%s: rollout is %s with %+v", at.name, rec.State, rec.Globals)
		}
		e.ok("status")
	}
}

// An answer of vtctld that is lost is made good by looking. A request that is
// lost leaves nobody who could tell, and nothing to kill it with: the rollout
// parks with exit 4 and says so, and goes on when a person says so.
func TestVTCtldDoesNotAnswer(t *testing.T) {
	t.Parallel()
	e := newViaVTCtld(t)
	e.add("answer")
	e.arm(applyVSchema, proxy.DropReply())
	e.ok("apply", "--yes")
	e.holdsEverywhere("the answer is lost", "commerce", "answer", true)

	e.add("late")
	held := e.arm(applyVSchema, proxy.Hold())
	e.exits(4, "apply", "--yes").wants(t, "cannot be fenced off (check-then-write): it may still land")
	rec := e.show("commerce")
	if rec.Parked == nil || rec.Parked.Code != rollout.CodeUnknown {
		t.Fatalf("rollout is %s, parked %+v", rec.State, rec.Parked)
	}
	e.exits(3, "apply", "--yes")
	e.holdsEverywhere("parked", "commerce", "late", false)
	if err := e.next(held).Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.ok("resume", rec.ID)
	e.holdsEverywhere("it landed late", "commerce", "late", true)

	e.add("lost")
	e.arm(applyVSchema, proxy.DropRequest())
	e.exits(4, "apply", "--yes")
	rec = e.show("commerce")
	e.exits(4, "rollback", "--yes", rec.ID).wants(t, "cannot be fenced off")
	// The way out by hand: once the record has moved, what was sent on the old
	// one is settled as far as it can be.
	live, err := e.GetVSchema(t.Context(), "commerce")
	if err != nil || !json.Valid([]byte(live)) {
		t.Fatalf("%v: %s", err, live)
	}
	if err := e.ApplyVSchema(t.Context(), "commerce", live, "--skip-rebuild"); err != nil {
		t.Fatal(err)
	}
	r := e.vtsync("rollback", "--yes", rec.ID)
	if after := e.show("commerce"); r.code != 0 || !after.State.Final() {
		t.Errorf("exit %d, rollout is %s\n%s", r.code, after.State, r)
	}
	e.holdsEverywhere("given up", "commerce", "lost", false)
}

// With vtctld away nothing is begun, and nothing was changed.
func TestNoVTCtld(t *testing.T) {
	t.Parallel()
	e := newViaVTCtld(t)
	e.add("added")
	e.wire.Cut()
	e.exits(4, "plan").wants(t, "vtctld", "vtsync doctor")
	e.wire.Restore()
	e.ok("apply", "--yes")
}
