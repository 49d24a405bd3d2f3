package e2e

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
)

// loses takes a shard's table away, so that every migration of it fails there;
// what it returns puts it back.
func (f *full) loses(shard, name string) (back func()) {
	f.t.Helper()
	f.mysql("customer", shard, "rename table "+name+" to away")
	return func() {
		f.t.Helper()
		f.mysql("customer", shard, "rename table away to "+name)
	}
}

// A migration that fails on one of two shards opens the circuit breaker: the
// rollout parks before it has applied anything, holds its keyspace, and says
// which shard and why. Only a person goes on, and where the shard still fails
// that changes nothing; where it was repaired, the rollout ends.
func TestBreaker(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{Cells: []string{"zone1"}})
	uuid := f.migrate("customer", "alter table orders add column note varchar(32)", "--postpone-launch")
	f.reaches("queued", "customer", uuid)
	writes, cells := f.writes("global", vschemaKey("customer")), f.cellWrites()
	f.uses("orders", "note")
	apply := f.start("apply", "--yes", f.dir)
	f.waiting("customer", "0 of 2 shards complete")
	back := f.loses("80-", "orders")
	f.launch(uuid, "-80")
	f.launch(uuid, "80-")
	r := apply.wait()
	rec := f.show("customer")
	if r.code != 4 || rec.State != rollout.Waiting || rec.Parked == nil || rec.Parked.Code != rollout.CodeBreaker {
		t.Fatalf("exit %d, rollout is %s, parked %+v, want 4, waiting and parked by the breaker\n%s", r.code, rec.State, rec.Parked, r)
	}
	why := []string{"the circuit breaker is", "1 of 2 shards of keyspace customer failed", "80-: migration " + uuid + " failed: ", "orders"}
	r.wants(t, append(why, "vtsync resume "+rec.ID, "vtctldclient OnlineDDL retry customer "+uuid)...)
	f.ok("show", rec.ID).wants(t, why...)

	f.reaches("complete", "customer", uuid, "-80") // which changes nothing:
	f.exits(4, "resume", rec.ID).wants(t, append(why, "still open")...)
	if rec = f.show("customer"); rec.Parked == nil || rec.Parked.Code != rollout.CodeBreaker {
		t.Errorf("after a resume the rollout is %s, parked %+v", rec.State, rec.Parked)
	}
	f.exits(3, "apply", "--yes", f.dir).wants(t, "vtsync resume "+rec.ID)
	if n := len(writes.events()) + len(cells["zone1"].events()); n != 0 {
		t.Errorf("%d writes while the breaker is open", n)
	}
	back()
	f.client("OnlineDDL", "retry", "customer", uuid)
	f.ok("resume", rec.ID).wants(t, "committed")
	if status, _, err := f.migration("customer", "80-", uuid); err != nil || status != "complete" {
		t.Errorf("applied while the migration is %q on 80- (%v)", status, err)
	}
	if n := len(writes.events()); n != 1 {
		t.Errorf("%d writes after the repair, want one", n)
	}
}

// Of eight shards one that fails leaves the breaker closed: the rollout waits for
// it, as somebody may retry the migration. A second one opens it.
func TestBreakerOfEightShards(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{Cells: []string{"zone1"}, Keyspaces: cluster.Shop(8)})
	uuid := f.migrate("customer", "alter table orders add column note varchar(32)", "--postpone-launch")
	f.reaches("queued", "customer", uuid)
	shards := f.Shards("customer")
	writes := f.writes("global", vschemaKey("customer"))
	f.uses("orders", "note")
	apply := f.start("apply", "--yes", f.dir)
	f.waiting("customer", "0 of 8 shards complete")
	fails := func(shard string) {
		t.Helper()
		f.loses(shard, "orders")
		f.launch(uuid, shard)
		f.reaches("failed", "customer", uuid, shard)
	}
	fails(shards[2])
	one := f.waiting("customer", shards[2]+": failed: ")
	// It looks again and again, and goes on waiting while others complete.
	for i, shard := range []string{shards[0], shards[5]} {
		f.launch(uuid, shard)
		f.rollout("customer", func(r rollout.Record) error {
			if waitsFor(r, uuid, fmt.Sprintf("%d of 8 shards complete", i+1), shards[2]+": failed: ") && r.Parked == nil {
				return nil
			}
			return errors.New("want it to wait, with one shard failed")
		})
	}
	fails(shards[7])
	r := apply.wait()
	rec := f.show("customer")
	if r.code != 4 || rec.ID != one.ID || rec.Parked == nil || rec.Parked.Code != rollout.CodeBreaker {
		t.Fatalf("exit %d, rollout is %s, parked %+v, want 4 and parked by the breaker\n%s", r.code, rec.State, rec.Parked, r)
	}
	r.wants(t, "2 of 8 shards of keyspace customer failed", shards[2]+": migration "+uuid+" failed: ", shards[7]+": migration "+uuid+" failed: ")
	if n := len(writes.events()); n != 0 {
		t.Errorf("%d writes", n)
	}
}
