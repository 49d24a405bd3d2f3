package e2e

import (
	"fmt"
	"net"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
)

const (
	// silenceTimeout is how long vtsync may wait for who stays silent, and
	// hangLimit what a run may take in all on a busy machine.
	silenceTimeout = 4 * time.Second
	hangLimit      = 30 * time.Second
	// returnTimeout is for a vtgate to watch its cell again, which Vitess
	// tries every few seconds.
	returnTimeout = 30 * time.Second
)

// newSilentEnv is newEnv with a short patience.
func newSilentEnv(t *testing.T, o cluster.Options) *env {
	t.Helper()
	e := newEnv(t, o)
	e.args = append(e.args, "--timeout", silenceTimeout.String())
	return e
}

// parks applies and fails the test unless the rollout parks in validating, on
// time, with our change left in global. It gives the rollout's id.
func (e *env) parks(table string, names ...string) string {
	e.t.Helper()
	e.edit("customer", func(v map[string]any) { hashed(v, table, "id") })
	began := time.Now()
	r := e.exits(4, "apply", "--yes", e.dir)
	if took := time.Since(began); took > hangLimit {
		e.t.Errorf("apply took %v with a timeout of %v", took, silenceTimeout)
	}
	r.wants(e.t, append(names, "parked", "vtsync resume")...)
	rec := e.latest()
	if rec.State != rollout.Validating || rec.Parked == nil {
		e.t.Errorf("the record is %s, parked %v; want validating, parked", rec.State, rec.Parked)
	}
	if e.global("customer").Tables[table] == nil {
		e.t.Errorf("table %s is not in global: silence took it back", table)
	}
	return rec.ID
}

// resumes finishes a parked rollout and looks at every plane.
func (e *env) resumes(id, table string) {
	e.t.Helper()
	e.args = append(e.args, "--timeout", returnTimeout.String())
	e.ok("resume", id).wants(e.t, "committed")
	e.cellsServe("customer", table)
	e.vtgatesServe("customer", table)
	if rec := e.latest(); rec.ID != id || rec.State != rollout.Committed || rec.Parked != nil {
		e.t.Errorf("the record is %s %s, parked %v; want %s committed", rec.ID, rec.State, rec.Parked, id)
	}
}

// A cell that is dead, frozen, or out of vtsync's reach alone, holds nobody up
// for long: the other cell is written, the silent one is named, the rollout
// parks, and resume finishes it when the cell is back. Nothing is written twice.
func TestSilentCell(t *testing.T) {
	const cell = "etcd-zone2"
	tests := []struct {
		name          string
		silence, back func(*env)
	}{
		{"dead", func(e *env) { e.Process(cell).Kill() }, func(e *env) {
			if err := e.Process(cell).Restart(e.t.Context()); err != nil {
				e.t.Fatal(err)
			}
		}},
		{
			"frozen",
			func(e *env) { e.Process(cell).Freeze() },
			func(e *env) { e.Process(cell).Thaw() },
		},
		{
			"cut off from vtsync",
			func(e *env) { e.Proxy(cluster.Vtsync, "zone2").Cut() },
			func(e *env) { e.Proxy(cluster.Vtsync, "zone2").Restore() },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newSilentEnv(t, cluster.Options{})
			global := e.writes("global", globalKey("customer"))
			zone1, zone2 := e.writes("zone1", e.srvKey("zone1")), e.writes("zone2", e.srvKey("zone2"))
			tt.silence(e)

			id := e.parks("invoice", "cell zone2 is silent")
			if e.srv("zone1").Keyspaces["customer"].Tables["invoice"] == nil {
				t.Error("cell zone1 waited for zone2")
			}
			e.exits(4, "status", e.dir).wants(t, "silent: zone2", "in flight: customer")

			tt.back(e)
			e.resumes(id, "invoice")
			for name, c := range map[string]*counter{"global": global, "zone1": zone1, "zone2": zone2} {
				if n := len(c.events()); n != 1 {
					t.Errorf("%s was written %d times, want once", name, n)
				}
			}
			e.ok("status", e.dir).wants(t, "all planes agree")
		})
	}
}

// A rollout that parked on a silent cell can be taken back as well: what is
// reached goes back at once, and the rest when the cell is back. A person asked
// for it, so that is a success.
func TestRollbackPastASilentCell(t *testing.T) {
	t.Parallel()
	e := newSilentEnv(t, cluster.Options{})
	before, served := e.global("customer"), e.srv("zone1").Keyspaces["customer"]
	zone2 := e.Proxy(cluster.Vtsync, "zone2")
	zone2.Cut()
	id := e.parks("invoice", "cell zone2 is silent")

	e.exits(4, "rollback", "--yes", id).wants(t, "rolling_back, parked", "cell zone2 is silent")
	if now := e.global("customer"); !proto.Equal(now, before) {
		t.Errorf("global is not as before: %v", now)
	}
	if now := e.srv("zone1").Keyspaces["customer"]; !proto.Equal(now, served) {
		t.Errorf("cell zone1 is not as before: %v", now)
	}

	zone2.Restore()
	e.ok("resume", id).wants(t, "rolled_back")
	for _, cell := range e.Cells() {
		if now := e.srv(cell).Keyspaces["customer"]; !proto.Equal(now, served) {
			t.Errorf("cell %s is not as before: %v", cell, now)
		}
	}
	if rec := e.latest(); rec.ID != id || rec.State != rollout.RolledBack || rec.Auto {
		t.Errorf("the record is %s %s, by itself %v; want %s rolled_back, as asked", rec.ID, rec.State, rec.Auto, id)
	}
	e.exits(1, "status", e.dir).wants(t, "drift: customer", "invoice")
}

// A vtgate that answers and cannot reach its cell's topo serves the old
// routing: it is named as stale, and never counts as done.
func TestVTGateCutOffFromTopo(t *testing.T) {
	t.Parallel()
	e := newSilentEnv(t, cluster.Options{})
	gate := e.VTGates()[1]
	e.Proxy(gate.Name, gate.Cell).Cut()

	id := e.parks("invoice", fmt.Sprintf("vtgate %s is stale", gate.HTTP))
	e.cellsServe("customer", "invoice")
	if e.serves(gate, "customer", "invoice") {
		t.Errorf("%s serves what it could not be told", gate.Name)
	}
	e.exits(1, "status", e.dir).wants(t, "stale: "+gate.HTTP, "in flight: customer")
	// Nothing is left to write, which is not the same as nothing to do.
	e.exits(4, "apply", "--yes", e.dir).wants(t, "rollout "+id, "is parked", gate.HTTP)

	e.Proxy(gate.Name, gate.Cell).Restore()
	e.resumes(id, "invoice")
	e.ok("status", e.dir).wants(t, "all planes agree")
}

// One of many vtgates that falls silent has not refused: the rollout waits,
// parks, is never taken back by itself, and is finished by resume when the
// vtgate answers again.
func TestFrozenVTGate(t *testing.T) {
	t.Parallel()
	e := newSilentEnv(t, cluster.Options{VTGatesPerCell: 2})
	global := e.writes("global", globalKey("customer"))
	gates := e.VTGates()
	frozen := gates[len(gates)-1]
	e.Process(frozen.Name).Freeze()

	id := e.parks("invoice", fmt.Sprintf("vtgate %s is silent", frozen.HTTP))
	e.cellsServe("customer", "invoice")
	for _, g := range gates[:len(gates)-1] {
		if !e.serves(g, "customer", "invoice") {
			t.Errorf("%s does not serve the change", g.Name)
		}
	}
	e.exits(4, "resume", id).wants(t, fmt.Sprintf("vtgate %s is silent", frozen.HTTP))
	e.exits(4, "status", e.dir).wants(t, "silent: "+frozen.HTTP)
	if rec := e.latest(); rec.State != rollout.Validating || rec.Auto {
		t.Errorf("the record is %s, taken back by itself %v; want validating", rec.State, rec.Auto)
	}

	e.Process(frozen.Name).Thaw()
	e.resumes(id, "invoice")
	if n := len(global.events()); n != 1 {
		t.Errorf("global was written %d times, want once", n)
	}
}

// An endpoint that takes connections and never answers is a silent vtgate, and
// so is one that nobody listens at: both are named, and a resume that does not
// list them any more is not held up by them.
func TestEndpointThatNeverAnswers(t *testing.T) {
	t.Parallel()
	e := newSilentEnv(t, cluster.Options{})
	mute, closed := listen(t), listen(t)
	gone := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	listed := e.args
	e.args = append(e.args, "--vtgate", mute.Addr().String(), "--vtgate", gone)

	id := e.parks("invoice",
		fmt.Sprintf("vtgate %s is silent", mute.Addr()), fmt.Sprintf("vtgate %s is silent", gone))
	e.exits(4, "status", e.dir).wants(t, "silent: "+mute.Addr().String(), "silent: "+gone)

	e.args = listed
	e.resumes(id, "invoice")
}

// listen opens a port that accepts connections and answers nothing.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
