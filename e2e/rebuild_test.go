package e2e

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// A rebuild of vtctld's that read the global records before our change, and
// whose write of a cell arrives after ours, takes the change out of the cell.
// As long as the rollout is not committed it heals the cell, once, and says so.
func TestOldRebuildBeforeCommitted(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	writes := e.cellWrites()
	old := e.oldRebuild("zone1")

	// A vtgate that does not answer keeps the rollout from being committed.
	gate := e.Process("vtgate-zone2-1")
	gate.Freeze()
	e.args = append(e.args, "--timeout", "60s") // each look at it takes seconds
	e.edit("commerce", func(v map[string]any) { table(v, "voucher") })
	run := e.start("apply", "--yes", e.dir)
	e.eventually("both cells are written", e.cellsHold("voucher"))

	old.release()
	if n := len(writes["zone1"].events()); n < 2 {
		t.Fatalf("cell zone1 was written %d times, want ours and the old rebuild", n)
	}
	e.eventually("cell zone1 is healed", e.cellsHold("voucher"))
	gate.Thaw()
	r := run.wait()
	if r.code != 0 {
		t.Fatalf("exit %d, want 0\n%s", r.code, r)
	}
	r.wants(t, "cell zone1 lost our entries to another writer", "committed")

	// In zone1: ours, the old rebuild, and one heal. In zone2: the rebuild,
	// which was not held there, and ours.
	for cell, want := range map[string]int{"zone1": 3, "zone2": 2} {
		if n := len(writes[cell].events()); n != want {
			t.Errorf("cell %s was written %d times, want %d", cell, n, want)
		}
	}
	e.ok("status", e.dir)
}

// The same rebuild, arriving after the rollout is committed, leaves a stale
// cell: status finds and names it, and apply heals that cell and no other.
func TestOldRebuildAfterCommitted(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	old := e.oldRebuild("zone1")
	e.edit("commerce", func(v map[string]any) { table(v, "voucher") })
	e.ok("apply", "--yes", e.dir)
	e.ok("status", e.dir)
	committed := e.global("commerce")

	old.release()
	if e.srv("zone1").Keyspaces["commerce"].Tables["voucher"] != nil {
		t.Fatal("the old rebuild has not taken our change out of cell zone1")
	}
	r := e.exits(1, "status", e.dir)
	r.wants(t, "zone1", "voucher")

	writes := e.cellWrites()
	global := e.writes("global", "/vitess/global/keyspaces/commerce/VSchema")
	e.ok("apply", "--yes", e.dir)
	if err := e.cellsHold("voucher")(); err != nil {
		t.Error(err)
	}
	if one, two := len(writes["zone1"].events()), len(writes["zone2"].events()); one != 1 || two != 0 {
		t.Errorf("the heal wrote cell zone1 %d times and zone2 %d times, want 1 and 0", one, two)
	}
	if n := len(global.events()); n != 0 || !proto.Equal(e.global("commerce"), committed) {
		t.Errorf("the heal of a cell wrote the global VSchema %d times", n)
	}
	for _, gate := range e.VTGates() {
		if err := e.ServesTable(t.Context(), gate, "commerce", "voucher"); err != nil {
			t.Error(err)
		}
	}
	e.ok("status", e.dir)
}

// oldRebuild starts a rebuild of vtctld's and holds its write of one cell,
// which carries the global records as they are now.
func (e *env) oldRebuild(cell string) *heldRebuild {
	e.t.Helper()
	held := e.Proxy("vtctld", cell).Arm(proxy.Rule{
		Writes: true, Key: e.srvKey(cell) + "$", Times: 1, Fault: proxy.Hold(),
	})
	h := &heldRebuild{env: e}
	h.rpc.Go(func() error { return e.RebuildVSchemaGraph(e.t.Context()) })
	var err error
	if h.hit, err = held.Next(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	return h
}

type heldRebuild struct {
	*env
	hit *proxy.Hit
	rpc errgroup.Group
}

// release lets the write land, and waits until all of the rebuild is done.
func (h *heldRebuild) release() {
	h.t.Helper()
	if err := errors.Join(h.hit.Release(h.t.Context()), h.rpc.Wait()); err != nil {
		h.t.Fatal(err)
	}
}

// cellsHold is nil when every cell holds the table in commerce.
func (e *env) cellsHold(table string) func() error {
	return func() error {
		var without []string
		for _, cell := range e.Cells() {
			if e.srv(cell).Keyspaces["commerce"].Tables[table] == nil {
				without = append(without, cell)
			}
		}
		if len(without) > 0 {
			return errors.New("not in cell " + strings.Join(without, ", "))
		}
		return nil
	}
}
