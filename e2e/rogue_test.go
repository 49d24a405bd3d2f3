package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

const commerceKey = "/vitess/global/keyspaces/commerce/VSchema"

// Somebody who applies JSON writes blindly, and may lose what others wrote.
// vtsync never does: where it comes first it refuses and shows what was
// written, and where it comes after, vtsync leaves it as it is, parks, and names
// what it has lost.
func TestBlindWriter(t *testing.T) {
	t.Parallel()
	e := newEnv(t, cluster.Options{})
	h := e.watchHistory("commerce", "ours")

	t.Run("before our write", func(t *testing.T) {
		held := e.Proxy(cluster.Vtsync, cluster.Global).Arm(proxy.Rule{
			Writes: true, Key: commerceKey + "$", Times: 1, Fault: proxy.Hold(),
		})
		e.edit("commerce", func(v map[string]any) { table(v, "ours") })
		run := e.start("apply", "--yes", e.dir)
		hit, err := held.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		e.blindly(func(v *vschemapb.Keyspace) { v.Tables["theirs"] = &vschemapb.Table{} })
		if err := hit.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := run.wait()
		if r.code != 3 {
			t.Errorf("exit %d, want 3\n%s", r.code, r)
		}
		r.wants(t, "conflict", "another wrote first", "+ table theirs")
		if v := e.global("commerce"); v.Tables["theirs"] == nil || v.Tables["ours"] != nil {
			t.Errorf("global holds tables %v, want theirs and not ours", v.Tables)
		}
	})

	t.Run("after our write", func(t *testing.T) {
		held := e.Proxy(cluster.Vtsync, "zone1").Arm(proxy.Rule{
			Writes: true, Key: e.srvKey("zone1") + "$", Times: 1, Fault: proxy.Hold(),
		})
		run := e.start("apply", "--yes", "--format", "json", e.dir)
		hit, err := held.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.global("commerce").Tables["ours"] == nil {
			t.Fatal("a cell is written before global")
		}
		e.blindly(func(v *vschemapb.Keyspace) { delete(v.Tables, "ours") })
		writes := e.writes("global", commerceKey)
		if err := hit.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := run.wait()
		if r.code != 4 {
			t.Fatalf("exit %d, want 4\n%s", r.code, r)
		}
		r.wants(t, "our change was overwritten in global after it landed", "table ours")
		e.rollBack(r)
		if n := len(writes.events()); n != 0 || e.global("commerce").Tables["ours"] != nil {
			t.Errorf("what was written over our change was overwritten, %d times", n)
		}
	})

	h.check()
}

// The same at any moment: for some seconds one blind writer and one vtsync
// change different tables of a keyspace. In the keyspace's whole history each
// write of vtsync's changed its own table and left all else as it was one
// revision before.
func TestBlindWriterAtAnyMoment(t *testing.T) {
	e := newEnv(t, cluster.Options{})
	h := e.watchHistory("commerce", "ours")
	w := &writer{env: e.folder(), table: "ours"}
	end := time.Now().Add(8 * time.Second)

	var group errgroup.Group
	rogue := 0
	group.Go(func() error {
		tick := time.NewTicker(300 * time.Millisecond)
		defer tick.Stop()
		for ; time.Now().Before(end); rogue++ {
			if err := e.tryBlindly(func(v *vschemapb.Keyspace) {
				v.Tables[fmt.Sprintf("theirs_%03d", rogue)] = &vschemapb.Table{}
			}); err != nil {
				return err
			}
			<-tick.C
		}
		return nil
	})
	committed, overwritten := 0, 0
	for time.Now().Before(end) {
		r, err := w.apply()
		if err != nil {
			t.Fatal(err)
		}
		switch r.code {
		case 0:
			committed++
		case 4:
			overwritten++
			r.wants(t, "overwritten")
			e.rollBack(r)
		}
		// The blind writer may take columns away again, so each try changes
		// something whatever is there.
		w.done++
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d blind writes; %d rollouts committed, %d overwritten, of %d", rogue, committed, overwritten, w.done)
	if n := h.check(); n == 0 {
		t.Error("vtsync wrote nothing")
	}
}

// blindly reads a keyspace, changes it and applies all of it as JSON.
func (e *env) blindly(change func(*vschemapb.Keyspace)) {
	e.t.Helper()
	if err := e.tryBlindly(change); err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) tryBlindly(change func(*vschemapb.Keyspace)) error {
	raw, err := e.GetVSchema(e.t.Context(), "commerce")
	if err != nil {
		return err
	}
	v := &vschemapb.Keyspace{}
	if err := protojson.Unmarshal([]byte(raw), v); err != nil {
		return err
	}
	change(v)
	out, err := protojson.Marshal(v)
	if err != nil {
		return err
	}
	return e.ApplyVSchema(e.t.Context(), "commerce", string(out))
}

// rollBack gives up a rollout that has parked.
func (e *env) rollBack(r result) {
	e.t.Helper()
	var rec rollout.Record
	if err := json.Unmarshal([]byte(r.stdout), &rec); err != nil {
		e.t.Fatalf("%v\n%s", err, r)
	}
	if back := e.vtsync("rollback", "--yes", rec.ID); back.code != 0 {
		e.t.Errorf("rollback %s: exit %d\n%s", rec.ID, back.code, back)
	}
}

// keyHistory is every revision of a keyspace's VSchema from its beginning on, and
// which of them vtsync wrote.
type keyHistory struct {
	e     *env
	table string // that of vtsync
	from  *vschemapb.Keyspace
	all   *counter

	mu   sync.Mutex
	ours []int64 // revisions
}

func (e *env) watchHistory(ks, table string) *keyHistory {
	e.t.Helper()
	key := "/vitess/global/keyspaces/" + ks + "/VSchema"
	h := &keyHistory{e: e, table: table, from: e.global(ks), all: e.writes("global", key)}
	e.OnWrite(cluster.Vtsync, func(w proxy.WriteEvent) proxy.Verdict {
		if w.Stage == proxy.BeforeReply && w.Landed && slices.Contains(w.Keys, key) {
			h.mu.Lock()
			h.ours = append(h.ours, w.Revision)
			h.mu.Unlock()
		}
		return proxy.Pass
	})
	return h
}

// check compares each write of vtsync's with the revision before it, and tells
// how many there were.
func (h *keyHistory) check() int {
	h.e.t.Helper()
	h.mu.Lock()
	ours := slices.Clone(h.ours)
	h.mu.Unlock()
	before, n := h.from, 0
	for _, ev := range h.all.events() {
		now := &vschemapb.Keyspace{}
		if err := proto.Unmarshal(ev.Kv.Value, now); err != nil {
			h.e.t.Fatal(err)
		}
		if slices.Contains(ours, ev.Kv.ModRevision) {
			n++
			was, is := proto.CloneOf(before), proto.CloneOf(now)
			delete(was.Tables, h.table)
			delete(is.Tables, h.table)
			if !proto.Equal(was, is) {
				h.e.t.Errorf("revision %d of vtsync's changed more than its table: from %v to %v", ev.Kv.ModRevision, before, now)
			}
		}
		before = now
	}
	if n != len(ours) {
		h.e.t.Errorf("%d writes of vtsync's in the history, its proxy saw %d", n, len(ours))
	}
	return n
}
