package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

// twin is a change of two keyspaces that is applied in one phase: a table
// called voucher in both.
const twin = "voucher"

// A change of two keyspaces is one thing to a vtgate: asked as fast as they
// answer, both vtgates serve both halves or neither, from before the apply until
// after it.
func TestTwoKeyspacesAppearTogether(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.editTwins()
	polled := e.poll()
	e.ok("apply", "--yes", e.dir)
	saw := polled.end()
	for _, gate := range e.VTGates() {
		if s := saw[gate.Name]; s.half > 0 || s.neither == 0 || s.both == 0 {
			t.Errorf("%s served neither %d times, half %d times, both %d times", gate.Name, s.neither, s.half, s.both)
		}
	}
	if n := len(e.history()[0].Phases); n != 1 {
		t.Errorf("the rollout had %d phases, want one", n)
	}
}

// When somebody writes the second keyspace between vtsync's two writes, the
// first is taken back before any cell is touched: no vtgate ever serves half,
// nothing of ours is left, and the run says that it is safe to try again.
func TestConflictOfTheSecondKeyspace(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	before := e.global("commerce")
	e.editTwins()
	cells := e.cellWrites()
	polled := e.poll()
	r := e.betweenTheTwo(func() { e.foreignTable("customer", "theirs") })
	saw := polled.end()

	if r.code != 3 {
		t.Errorf("exit %d, want 3: nothing of ours is left\n%s", r.code, r)
	}
	r.wants(t, "conflict", "theirs")
	for name, s := range saw {
		if s.half > 0 || s.both > 0 {
			t.Errorf("%s served half %d times, both %d times, want neither always", name, s.half, s.both)
		}
	}
	if !proto.Equal(e.global("commerce"), before) {
		t.Errorf("commerce is not as it was: %v", e.global("commerce"))
	}
	if customer := e.global("customer"); customer.Tables[twin] != nil || customer.Tables["theirs"] == nil {
		t.Errorf("customer holds tables %v, want theirs and not ours", customer.Tables)
	}
	for cell, c := range cells {
		if n := len(c.events()); n != 0 {
			t.Errorf("cell %s was written %d times, want never", cell, n)
		}
	}
}

// When, besides, somebody rebuilds the cells between the two writes, half of
// the change is served for a while, and nobody can prevent it. vtsync takes it
// out of the cells again, says so, and leaves both keyspaces paused until a
// person has looked.
func TestConflictAndForeignRebuild(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	e.editTwins()
	r := e.betweenTheTwo(func() {
		e.foreignTable("customer", "theirs")
		if err := e.RebuildVSchemaGraph(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, cell := range e.Cells() {
			if e.srv(cell).Keyspaces["commerce"].Tables[twin] == nil {
				t.Fatalf("cell %s: the rebuild between the writes has not shipped half", cell)
			}
		}
	}, "--format", "json")
	if r.code != 5 {
		t.Fatalf("exit %d, want 5: rolled back by itself\n%s", r.code, r)
	}
	var rec rollout.Record
	if err := json.Unmarshal([]byte(r.stdout), &rec); err != nil {
		t.Fatal(err)
	}
	if !rec.ForeignRebuild || rec.State != rollout.RolledBack {
		t.Errorf("the record does not tell of the rebuild: %+v", rec)
	}
	e.ok("show", rec.ID).wants(t, "somebody else's rebuild", "half of the phase may have been served")

	for _, cell := range e.Cells() {
		srv := e.srv(cell)
		for _, ks := range []string{"commerce", "customer"} {
			if !proto.Equal(srv.Keyspaces[ks], e.global(ks)) || srv.Keyspaces[ks].Tables[twin] != nil {
				t.Errorf("cell %s, keyspace %s holds %v", cell, ks, srv.Keyspaces[ks])
			}
		}
	}
	for _, gate := range e.VTGates() {
		e.eventually(gate.Name+" serves neither half", func() error {
			if h := e.halves(t.Context(), gate); h != (halves{}) {
				return fmt.Errorf("it serves %+v", h)
			}
			return nil
		})
	}

	for _, ks := range []string{"commerce", "customer"} {
		e.exits(3, "apply", "--yes", e.dir).wants(t, "vtsync unpause "+ks)
		e.ok("unpause", ks)
	}
	e.ok("apply", "--yes", e.dir)
	for _, gate := range e.VTGates() {
		if h := e.halves(t.Context(), gate); h != (halves{commerce: true, customer: true}) {
			t.Errorf("%s serves %+v after the second apply", gate.Name, h)
		}
	}
}

// editTwins puts the twins into the files.
func (e *env) editTwins() {
	e.t.Helper()
	e.edit("commerce", func(v map[string]any) { table(v, twin) })
	e.edit("customer", func(v map[string]any) { hashed(v, twin, "id") })
}

// betweenTheTwo applies the files, and runs do while the write of the second
// keyspace is on its way.
func (e *env) betweenTheTwo(do func(), args ...string) result {
	e.t.Helper()
	held := e.Proxy(cluster.Vtsync, cluster.Global).Arm(proxy.Rule{
		Writes: true, Key: "/keyspaces/customer/VSchema$", Times: 1, Fault: proxy.Hold(),
	})
	e.args = append(e.args, "--timeout", "60s") // a write that is held is not given up soon
	run := e.start(append([]string{"apply", "--yes", e.dir}, args...)...)
	hit, err := held.Next(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	if e.global("commerce").Tables[twin] == nil {
		e.t.Fatal("the first keyspace is not written yet")
	}
	do()
	if err := hit.Release(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	return run.wait()
}

// foreignTable adds a table of others to a keyspace, and leaves the cells alone.
func (e *env) foreignTable(ks, name string) {
	e.t.Helper()
	if _, err := e.VTCtldClient(e.t.Context(), "ApplyVSchema", "--skip-rebuild",
		"--sql", fmt.Sprintf("alter vschema on %s.%s add vindex hash(id)", ks, name), ks); err != nil {
		e.t.Fatal(err)
	}
}

// halves is what one vtgate serves of the twins.
type halves struct{ commerce, customer bool }

// halves asks a vtgate once; both halves are of one answer.
func (e *env) halves(ctx context.Context, gate cluster.VTGate) halves {
	page, err := e.Debug(ctx, gate, "vschema")
	if err != nil {
		if ctx.Err() == nil {
			e.t.Errorf("%s: %v", gate.Name, err)
		}
		return halves{}
	}
	var served struct {
		Keyspaces map[string]struct {
			Tables map[string]json.RawMessage `json:"tables"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &served); err != nil {
		e.t.Errorf("%s: /debug/vschema: %v", gate.Name, err)
	}
	has := func(ks string) bool { _, ok := served.Keyspaces[ks].Tables[twin]; return ok }
	return halves{has("commerce"), has("customer")}
}

// sightings counts what one vtgate served.
type sightings struct{ neither, half, both int }

// polling asks all vtgates as fast as they answer.
type polling struct {
	e    *env
	stop context.CancelFunc
	wait sync.WaitGroup
	mu   sync.Mutex
	saw  map[string]sightings
}

// poll begins; every vtgate has answered once when it returns.
func (e *env) poll() *polling {
	ctx, stop := context.WithCancel(e.t.Context())
	p := &polling{e: e, stop: stop, saw: map[string]sightings{}}
	for _, gate := range e.VTGates() {
		p.note(gate.Name, e.halves(ctx, gate))
		p.wait.Go(func() {
			for ctx.Err() == nil {
				if h := e.halves(ctx, gate); ctx.Err() == nil {
					p.note(gate.Name, h)
				}
			}
		})
	}
	return p
}

func (p *polling) note(gate string, h halves) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.saw[gate]
	switch {
	case h.commerce && h.customer:
		s.both++
	case h.commerce || h.customer:
		s.half++
	default:
		s.neither++
	}
	p.saw[gate] = s
}

// end asks each vtgate a last time, and tells what was seen.
func (p *polling) end() map[string]sightings {
	p.stop()
	p.wait.Wait()
	for _, gate := range p.e.VTGates() {
		p.note(gate.Name, p.e.halves(p.e.t.Context(), gate))
	}
	return p.saw
}
