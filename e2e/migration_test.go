package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/load"
)

// A column and a table are made by online migrations that are held back, and the
// VSchema that uses them is applied meanwhile. Under load no statement ever meets
// a column or a table that is not there yet: vtsync waits for every shard. The
// control is the same vtsync, which is told of no vtctld and so waits for
// nothing: there the load sees each of the errors.
func TestVSchemaWaitsForMigrations(t *testing.T) {
	t.Parallel()
	f := newFull(t, cluster.Options{})
	for i := range 20 {
		f.exec("customer", fmt.Sprintf("insert into customer(name) values ('n%d')", i))
	}
	f.lists("customer_id", "name", "email")
	f.ok("apply", "--yes", "--allow", "VS642", f.dir)

	seen := t.Run("control", func(t *testing.T) {
		f := f.in(t)
		h := f.holdBack("fax", "faxes")
		f.unwatched().ok("apply", "--yes", "--allow", "VS643", f.dir)
		f.until("the errors that should be seen", func() error {
			r := h.Report()
			for _, code := range []string{"1054", "1146", "VT09004"} {
				if r.Codes()[code] == 0 {
					return fmt.Errorf("no error %s: %s", code, r)
				}
			}
			return nil
		})
		for _, uuid := range h.uuids {
			for _, shard := range f.Shards("customer") {
				f.complete("customer", uuid, shard)
			}
		}
		t.Log(h.end())
	})
	if !seen {
		t.FailNow() // and its migrations stand in the way
	}
	t.Run("promise", func(t *testing.T) {
		f := f.in(t)
		h := f.holdBack("phone", "phones")
		writes := f.writes("global", vschemaKey("customer"))
		apply := f.start("apply", "--yes", "--allow", "VS643", f.dir)
		rec := f.waiting("customer", "0 of 2 shards complete")
		watch := f.start("watch", "--format", "json", rec.ID)
		for _, uuid := range h.uuids {
			f.complete("customer", uuid, "-80")
		}
		f.rollout("customer", func(r rollout.Record) error {
			for _, uuid := range h.uuids {
				if !waitsFor(r, uuid, "1 of 2 shards complete", "80-: ") {
					return fmt.Errorf("want it to wait for shard 80- of %s", uuid)
				}
			}
			return nil
		})
		h.flows(200)
		f.ok("show", rec.ID).wants(t, "1 of 2 shards complete", h.uuids[0], h.uuids[1])
		if n := len(writes.events()); n != 0 {
			t.Errorf("%d writes while shard 80- lacks what they use", n)
		}
		for _, uuid := range h.uuids {
			f.complete("customer", uuid, "80-")
		}
		if r := apply.wait(); r.code != 0 {
			t.Fatalf("apply: exit %d\n%s", r.code, r)
		}
		if n := len(writes.events()); n != 1 {
			t.Errorf("%d writes, want one", n)
		}
		f.until("the load to use what is new", func() error {
			if h.newRows.Load() < 50 {
				return fmt.Errorf("%d rows in the new table", h.newRows.Load())
			}
			return nil
		})
		h.flows(400)
		t.Log(h.clean())
		f.holdsEverywhere("committed", "customer", "phones", true)
		f.told(watch.wait(), h.uuids)
	})
}

// in is the same lab for a subtest.
func (f *full) in(t *testing.T) *full {
	e := *f.env
	e.t = t
	return &full{&e}
}

// unwatched is the same for a vtsync that is told of no vtctld.
func (f *full) unwatched() *full {
	out := f.in(f.t)
	at := slices.Index(f.args, "--vtctld")
	out.args = slices.Delete(slices.Clone(f.args), at, at+2)
	return out
}

// lists makes the file of customer list these columns of its table, and no
// others.
func (f *full) lists(columns ...string) {
	f.t.Helper()
	f.edit("customer", func(v map[string]any) {
		var list []any
		for _, c := range columns {
			list = append(list, map[string]any{"name": c})
		}
		customer := table(v, "customer")
		customer["columns"], customer["column_list_authoritative"] = list, true
	})
}

// heldBack is a load over a column and a table that migrations are about to make,
// and that it uses as soon as every vtgate routes by them.
type heldBack struct {
	*traffic
	uuids   []string
	newRows atomic.Int64
}

// holdBack submits the migrations, postponed, edits the file so that it uses what
// they make, and begins the load.
func (f *full) holdBack(column, name string) *heldBack {
	f.t.Helper()
	h := &heldBack{uuids: []string{
		f.migrate("customer", "alter table customer add column "+column+" varchar(32)", "--postpone-completion"),
		f.migrate("customer", "create table "+name+"(id bigint not null primary key, text varchar(32))", "--postpone-completion"),
	}}
	f.readyToComplete("customer", h.uuids[0])
	f.reaches("queued", "customer", h.uuids[1])
	f.edit("customer", func(v map[string]any) {
		hashed(v, name, "id")
		customer := table(v, "customer")
		customer["columns"] = append(customer["columns"].([]any), map[string]any{"name": column})
	})
	var live atomic.Bool
	go func() {
		_ = cluster.Poll(f.t.Context(), func() error {
			for _, gate := range f.VTGates() {
				if err := f.routes(gate, "customer", name); err != nil {
					return err
				}
			}
			live.Store(true)
			return nil
		})
	}()
	once := func(now, before func(n int) load.Call) func(int) load.Call {
		return func(n int) load.Call {
			if live.Load() {
				return now(n)
			}
			return before(n)
		}
	}
	all := func(int) load.Call { return load.Call{SQL: "select * from customer limit 30"} }
	h.traffic = f.traffic("customer",
		load.Statement{Name: "all", Make: all},
		load.Statement{Name: "one", Make: func(n int) load.Call {
			return load.Call{SQL: "select * from customer where customer_id = ?", Args: []any{n%20 + 1}, Check: one}
		}},
		load.Statement{Name: "insert", Make: func(n int) load.Call {
			return load.Call{SQL: "insert into customer(name, email) values (?, ?)", Args: []any{"n", fmt.Sprint(n)}}
		}},
		load.Statement{Name: "column", Make: once(func(int) load.Call {
			return load.Call{SQL: "select " + column + " from customer limit 30"}
		}, all)},
		load.Statement{Name: "table", Make: once(func(n int) load.Call {
			return load.Call{SQL: "select id from " + name + " where id = ?", Args: []any{n}}
		}, all)},
		load.Statement{Name: "row", Make: once(func(n int) load.Call {
			return load.Call{SQL: "insert into " + name + " values (?, 'x')", Args: []any{n}, Check: func([][]string) error {
				h.newRows.Add(1)
				return nil
			}}
		}, all)})
	h.flows(100)
	return h
}

func one(rows [][]string) error {
	if len(rows) != 1 {
		return fmt.Errorf("%d rows, want one", len(rows))
	}
	return nil
}

// routes is nil if the vtgate's VSchema says how rows of the table are spread.
func (f *full) routes(gate cluster.VTGate, ks, name string) error {
	page, err := f.Debug(f.t.Context(), gate, "vschema")
	if err != nil {
		return err
	}
	var v struct {
		Keyspaces map[string]struct {
			Tables map[string]struct {
				ColumnVindexes []json.RawMessage `json:"column_vindexes"`
			} `json:"tables"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &v); err != nil {
		return err
	}
	if len(v.Keyspaces[ks].Tables[name].ColumnVindexes) == 0 {
		return fmt.Errorf("%s does not route %s.%s", gate.Name, ks, name)
	}
	return nil
}

// waitsFor tells whether a rollout waits for a migration, and says all of that.
func waitsFor(r rollout.Record, uuid string, texts ...string) bool {
	return slices.ContainsFunc(r.Waits, func(w rollout.Waited) bool {
		return w.Kind == rollout.WaitMigration && w.Name == uuid && w.Met.IsZero() &&
			!slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(w.Text, text) })
	})
}

// told checks what a watch that saw a rollout wait for migrations and commit has
// told programs.
func (f *full) told(r result, uuids []string) {
	f.t.Helper()
	if r.code != 0 {
		f.t.Errorf("watch: exit %d\n%s", r.code, r)
	}
	met, progress := map[string]time.Time{}, map[string]bool{}
	var last view.Change
	for line := range strings.Lines(r.stdout) {
		var c view.Change
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			f.t.Fatalf("watch: %v: %s", err, line)
		}
		switch c.Type {
		case view.ChangeWait:
			met[c.Wait.Name] = c.Wait.Met
		case view.ChangeProgress:
			progress[c.Migration+" "+c.Shard.Name] = true
		case view.ChangeState:
			last = c
		}
	}
	if last.State != rollout.Committed {
		f.t.Errorf("watch ends with %+v", last)
	}
	for _, uuid := range uuids {
		if met[uuid].IsZero() {
			f.t.Errorf("watch did not tell that migration %s is not waited for any more\n%s", uuid, r)
		}
		for _, shard := range f.Shards("customer") {
			if !progress[uuid+" "+shard] {
				f.t.Errorf("watch did not tell how far migration %s is on %s\n%s", uuid, shard, r)
			}
		}
	}
}

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
