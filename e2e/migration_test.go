package e2e

import (
	"encoding/json"
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
		routed := func() error {
			for _, gate := range f.VTGates() {
				if err := f.routes(gate, "customer", name); err != nil {
					return err
				}
			}
			live.Store(true)
			return nil
		}
		for f.t.Context().Err() == nil && cluster.Poll(f.t.Context(), routed) != nil { // it may take more than a minute
		}
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
