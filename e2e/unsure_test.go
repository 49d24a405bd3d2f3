package e2e

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
)

// A shard without a primary says nothing of what it waits for, and vtctld leaves
// it out without a word: vtsync takes neither for the end of it, names the shard,
// and goes on when it is back.
func TestShardWithoutPrimary(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{Cells: []string{"zone1"}})
	uuid := f.migrate("customer", "alter table orders add column note varchar(32)", "--postpone-launch")
	f.reaches("queued", "customer", uuid)
	f.launch(uuid, "-80")
	f.reaches("complete", "customer", uuid, "-80")
	if err := f.DropPrimary(t.Context(), "customer", "80-"); err != nil {
		t.Fatal(err)
	}
	writes := f.writes("global", vschemaKey("customer"))
	f.uses("orders", "note")
	plain := f.start("apply", "--yes", f.dir)
	f.waiting("customer", "80- has no primary")
	if err := f.RestorePrimary(t.Context(), "customer", "80-"); err != nil {
		t.Fatal(err)
	}
	// Now it is heard of, though nobody has named it.
	f.rollout("customer", func(r rollout.Record) error {
		if waitsFor(r, uuid, "1 of 2 shards complete", "80-: queued") {
			return nil
		}
		return errors.New("want it to wait for shard 80-")
	})
	// It goes away once more, in the middle of the wait, and then so that topo
	// still names it and vtctld gives no answer for any shard.
	if err := f.DropPrimary(t.Context(), "customer", "80-"); err != nil {
		t.Fatal(err)
	}
	says := func(text string) {
		t.Helper()
		f.rollout("customer", func(r rollout.Record) error {
			if waitsFor(r, uuid, text) {
				return nil
			}
			return errors.New("want it to wait for the migration, saying " + text)
		})
	}
	says("1 of 2 shards complete; 80-: it has no primary to ask")
	if err := f.RestorePrimary(t.Context(), "customer", "80-"); err != nil {
		t.Fatal(err)
	}
	says("80-: queued")
	f.Process("vttablet-customer-80-").Kill()
	says("its migrations cannot be read")
	if err := f.RestorePrimary(t.Context(), "customer", "80-"); err != nil {
		t.Fatal(err)
	}
	if n := len(writes.events()); n != 0 {
		t.Errorf("%d writes before the migration is complete on 80-", n)
	}
	f.launch(uuid, "80-")
	if r := plain.wait(); r.code != 0 {
		t.Errorf("apply: exit %d\n%s", r.code, r)
	}
	if status, _, err := f.migration("customer", "80-", uuid); err != nil || status != "complete" {
		t.Errorf("applied while the migration is %q on 80- (%v)", status, err)
	}
	if n := len(writes.events()); n != 1 {
		t.Errorf("%d writes, want one", n)
	}
}

// launch lets a migration that was submitted with --postpone-launch begin on one
// shard.
func (f *full) launch(uuid, shard string) {
	f.t.Helper()
	f.exec("customer", fmt.Sprintf("alter vitess_migration '%s' launch vitess_shards '%s'", uuid, shard))
}

// uses makes the file of customer route by nothing new, and list a new column of
// a table.
func (f *full) uses(name, column string) {
	f.t.Helper()
	f.edit("customer", func(v map[string]any) {
		tbl := table(v, name)
		list, _ := tbl["columns"].([]any)
		tbl["columns"] = append(list, map[string]any{"name": column, "type": "VARCHAR"})
	})
}

// A migration that is complete on every shard, and then taken back while the
// rollout waits for another one, is not taken for done: its own row says COMPLETE
// for ever.
func TestRevertWhileWaiting(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{Cells: []string{"zone1"}})
	reverted := f.migrate("customer", "alter table orders add column note varchar(32)")
	f.reaches("complete", "customer", reverted)
	other := f.migrate("customer", "alter table customer add column phone varchar(32)", "--postpone-completion")
	f.readyToComplete("customer", other)
	writes := f.writes("global", vschemaKey("customer"))
	f.uses("customer", "phone")
	// What needs the note is no part of the VSchema, so only the row can tell.
	apply := f.start("apply", "--yes", f.dir, "--after-migration", reverted)
	rec := f.rollout("customer", func(r rollout.Record) error {
		if waitsFor(r, other, "0 of 2 shards complete") && !waitsFor(r, reverted) {
			return nil
		}
		return errors.New("want it to wait for the other migration alone")
	})
	revert := f.migrate("customer", "revert vitess_migration '"+reverted+"'", "--postpone-completion")
	f.waiting("customer", "migration "+revert+" is about to revert it")
	for _, shard := range f.Shards("customer") {
		f.complete("customer", other, shard)
	}
	f.rollout("customer", func(r rollout.Record) error {
		if waitsFor(r, reverted) && !waitsFor(r, other) {
			return nil
		}
		return errors.New("want it to wait for the reverted migration alone")
	})
	f.client("OnlineDDL", "complete", "customer", revert)
	r := apply.wait()
	if r.code != 4 {
		t.Errorf("apply: exit %d\n%s", r.code, r)
	}
	f.reaches("complete", "customer", revert)
	r.wants(t, "circuit breaker", "it was reverted by migration "+revert)
	f.exits(4, "resume", rec.ID).wants(t, "circuit breaker", "reverted")
	status, _, err := f.migration("customer", "80-", reverted)
	if err != nil || status != "complete" {
		t.Errorf("the reverted migration is %q (%v): the test shows nothing", status, err)
	}
	if n := len(writes.events()); n != 0 {
		t.Errorf("%d writes after the revert", n)
	}
}
