package runner_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/store"
)

const (
	addRegion   = "9e8a9249_3976_11ed_9442_0a43f95f28a3"
	takeRegion  = "bbbbbbbb_3976_11ed_9442_0a43f95f28a3"
	late        = "cccccccc_3976_11ed_9442_0a43f95f28a3"
	statement   = "alter table customer add column region varchar(10)"
	plainTable  = "create table customer (id bigint primary key)"
	regionTable = "create table customer (id bigint primary key, region varchar(10))"
)

// watched is a process that can ask vtctld.
func (w *world) watched(name string) *process {
	p := w.process(name)
	p.Runner = runner.New(runner.Deps{
		Store: p.store, Topo: p.Process, Observe: p.Process, Physical: p.Process, Now: time.Now,
		NewID: func() string { w.ids++; return fmt.Sprintf("r%d", w.ids) },
		Log:   slog.New(slog.DiscardHandler),
	})
	return p
}

// planAfter plans as one who names the migrations does.
func (w *world) planAfter(ctx context.Context, uuids ...string) *plan.Plan {
	w.Helper()
	keyspaces := map[string][]string{"customer": nil, "commerce": nil}
	found := w.Process("planner").Physical(ctx, planes.Ask{Migrations: keyspaces})
	p, err := plan.Build(plan.Input{
		Snapshot: w.Snapshot(), Desired: w.files, Last: w.last, Cluster: cluster, Backend: "topo",
		Allow: []string{"write_loss", "outage"}, Commit: "abc", Physical: &found, After: uuids,
	})
	if err != nil {
		w.Fatalf("plan: %v", err)
	}
	return p
}

// migrate puts a migration at a status on shards of customer; where it is
// complete their tables have what it adds.
func (w *world) migrate(uuid string, status planes.MigrationStatus, shards ...string) {
	for _, s := range shards {
		w.SetMigration(planes.Migration{UUID: uuid, Keyspace: "customer", Shard: s, Table: "customer", Statement: statement, Status: status, Message: "it broke"})
		if status == planes.MigrationComplete {
			w.SetTable("customer", s, "customer", regionTable)
		}
	}
}

// physicalWorld has the customer table on both shards, without the column, and
// vtgates that track nothing. Its files change customer.
func physicalWorld(w *world) {
	for _, s := range []string{"-80", "80-"} {
		w.SetTable("customer", s, "customer", plainTable)
	}
	for _, cell := range []string{"zone1", "zone2"} {
		w.SetVTGate(cell, func(g *runnertest.VTGate) { g.Untracked = true })
	}
	w.addTable("customer", "orders")
}

// later does something once the rollout has waited so long, in its bubble.
func later(t *testing.T, d time.Duration, do func()) {
	t.Helper()
	timer := time.AfterFunc(d, do)
	t.Cleanup(func() { timer.Stop() })
}

func waitedFor(rec rollout.Record, name string) *rollout.Waited {
	for i := range rec.Waits {
		if rec.Waits[i].Name == name {
			return &rec.Waits[i]
		}
	}
	return nil
}

func TestWaitsForMigration(t *testing.T) {
	bubble(t, "both shards", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationRunning, "-80", "80-")
		later(t, time.Minute, func() { w.migrate(addRegion, planes.MigrationComplete, "-80") })
		later(t, 2*time.Minute, func() {
			if w.has("customer", "orders") {
				t.Error("it was written while a shard was running")
			}
			w.migrate(addRegion, planes.MigrationComplete, "80-")
		})
		begun := time.Now()
		rec := start(t, w, w.watched("one"), w.planAfter(t.Context(), addRegion))
		w.state(t, rec, rollout.Committed, "")
		if waited := time.Since(begun); waited < 2*time.Minute || waited > 2*time.Minute+10*time.Second {
			t.Errorf("it took %s", waited)
		}
		got := waitedFor(rec, addRegion)
		if got == nil || got.Kind != rollout.WaitMigration || got.Done != 1 || got.Total != 2 || got.Met.Sub(got.Since) < 2*time.Minute {
			t.Errorf("the record says that it waited for %+v", rec.Waits)
		}
		if rec.Seq > 40 {
			t.Errorf("the record was saved %d times", rec.Seq)
		}
	})
	bubble(t, "the column is not there", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationComplete, "-80", "80-")
		w.SetTable("customer", "80-", "customer", plainTable)
		later(t, time.Minute, func() { w.SetTable("customer", "80-", "customer", regionTable) })
		begun := time.Now()
		w.state(t, start(t, w, w.watched("one"), w.planAfter(t.Context(), addRegion)), rollout.Committed, "")
		if time.Since(begun) < time.Minute {
			t.Error("it did not wait for the column")
		}
	})
	bubble(t, "a vtgate tracks it late", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationComplete, "-80", "80-")
		tracks := func(columns ...string) {
			w.SetVTGate("zone2", func(g *runnertest.VTGate) {
				g.Untracked, g.Tracks = false, map[string][]string{"customer.customer": columns}
			})
		}
		tracks("id")
		later(t, time.Minute, func() { tracks("id", "REGION") })
		begun := time.Now()
		rec := start(t, w, w.watched("one"), w.planAfter(t.Context(), addRegion))
		w.state(t, rec, rollout.Committed, "")
		if got := waitedFor(rec, addRegion); time.Since(begun) < time.Minute || got == nil || !strings.Contains(got.Text, "vtgate-zone2: its schema tracker does not show column region") {
			t.Errorf("after %s it has waited for %+v", time.Since(begun), rec.Waits)
		}
	})
}

// TestNeverOnHalf: what a single shard says is never enough, and the rollout
// ends without having written anything.
func TestNeverOnHalf(t *testing.T) {
	for name, half := range map[string]func(*world){
		"one shard complete": func(w *world) {
			w.migrate(addRegion, planes.MigrationComplete, "-80")
			w.migrate(addRegion, planes.MigrationRunning, "80-")
		},
		"a shard without a row": func(w *world) { w.migrate(addRegion, planes.MigrationComplete, "-80") },
		"no shard knows it":     func(*world) {},
		"a revert is under way": func(w *world) {
			w.migrate(addRegion, planes.MigrationComplete, "-80", "80-")
			w.SetMigration(planes.Migration{UUID: takeRegion, Keyspace: "customer", Shard: "80-", Table: "customer", Status: planes.MigrationQueued, Reverted: addRegion})
		},
		"vtctld is away": func(w *world) { w.SilenceVTCtld(true) },
	} {
		bubble(t, name, func(t *testing.T, w *world) {
			physicalWorld(w)
			half(w)
			rec := start(t, w, w.watched("one"), w.planAfter(t.Context(), addRegion))
			if rec.State != rollout.Canceled || w.has("customer", "orders") {
				t.Errorf("it is %s (%s: %s)\n%s", rec.State, rec.Code, rec.Reason, logOf(rec))
			}
			w.free(t)
		})
	}
}

func TestBreaker(t *testing.T) {
	bubble(t, "opens, and half-opens by a person", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationComplete, "-80")
		w.migrate(addRegion, planes.MigrationFailed, "80-")
		one := w.watched("one")
		rec := start(t, w, one, w.planAfter(t.Context(), addRegion))
		w.called(t, rec, "1 of 2 shards of keyspace customer failed: 80-: migration "+addRegion+" failed: it broke")
		if h := w.head(t, "customer"); h.Open != rec.ID {
			t.Errorf("keyspace customer is held by %q", h.Open)
		}
		w.called(t, resume(t, one, rec.ID), "still open: 1 of 2 shards")
		w.migrate(addRegion, planes.MigrationComplete, "80-")
		w.state(t, resume(t, one, rec.ID), rollout.Committed, "")
		w.everywhere("customer", "orders", true)
	})
	bubble(t, "a completed revert", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationRunning, "-80", "80-")
		later(t, time.Minute, func() {
			w.migrate(addRegion, planes.MigrationComplete, "-80", "80-")
			for _, s := range []string{"-80", "80-"} {
				w.SetMigration(planes.Migration{UUID: takeRegion, Keyspace: "customer", Shard: s, Table: "customer", Status: planes.MigrationComplete, Reverted: addRegion})
			}
		})
		rec := start(t, w, w.watched("one"), w.planAfter(t.Context(), addRegion))
		w.called(t, rec, "it was reverted by migration "+takeRegion)
	})
}

// called refuses a record that is not parked by the breaker with that text, and
// a cluster that was written.
func (w *world) called(t *testing.T, rec rollout.Record, text string) {
	t.Helper()
	if rec.State != rollout.Waiting || rec.Parked == nil || rec.Parked.Code != rollout.CodeBreaker || !strings.Contains(rec.Parked.Text, text) {
		t.Fatalf("it is %s, parked %+v; want a breaker that says %q\n%s", rec.State, rec.Parked, text, logOf(rec))
	}
	if w.has("customer", "orders") {
		t.Fatal("it has written all the same")
	}
}

// TestPending: a migration that nobody named is found at admission, and stays a
// need once it is not pending any more.
func TestPending(t *testing.T) {
	touchCustomer := func(w *world) {
		physicalWorld(w)
		w.files["customer"].Tables["customer"].AutoIncrement = &vschemapb.AutoIncrement{Column: "id", Sequence: "commerce.customer_seq"}
	}
	bubble(t, "found late", func(t *testing.T, w *world) {
		touchCustomer(w)
		p := w.planAfter(t.Context())
		w.migrate(late, planes.MigrationQueued, "-80", "80-")
		later(t, time.Minute, func() { w.migrate(late, planes.MigrationComplete, "-80") })
		later(t, 2*time.Minute, func() { w.migrate(late, planes.MigrationComplete, "80-") })
		begun := time.Now()
		rec := start(t, w, w.watched("one"), p)
		w.state(t, rec, rollout.Committed, "")
		if waitedFor(rec, late) == nil || time.Since(begun) < 2*time.Minute {
			t.Errorf("after %s it has waited for %+v", time.Since(begun), rec.Waits)
		}
	})
	bubble(t, "found late, and fails", func(t *testing.T, w *world) {
		touchCustomer(w)
		p := w.planAfter(t.Context())
		w.migrate(late, planes.MigrationQueued, "-80", "80-")
		later(t, time.Minute, func() { w.migrate(late, planes.MigrationFailed, "-80", "80-") })
		w.called(t, start(t, w, w.watched("one"), p), "2 of 2 shards of keyspace customer failed")
	})
	bubble(t, "fails meanwhile", func(t *testing.T, w *world) {
		touchCustomer(w)
		w.migrate(late, planes.MigrationRunning, "-80", "80-")
		later(t, time.Minute, func() { w.migrate(late, planes.MigrationFailed, "-80", "80-") })
		rec := start(t, w, w.watched("one"), w.planAfter(t.Context()))
		w.called(t, rec, "2 of 2 shards of keyspace customer failed")
	})
	bubble(t, "is cancelled", func(t *testing.T, w *world) {
		touchCustomer(w)
		w.migrate(late, planes.MigrationRunning, "-80", "80-")
		later(t, time.Minute, func() { w.migrate(late, planes.MigrationCancelled, "-80") })
		later(t, 2*time.Minute, func() { w.migrate(late, planes.MigrationCancelled, "80-") })
		begun := time.Now()
		w.state(t, start(t, w, w.watched("one"), w.planAfter(t.Context())), rollout.Committed, "")
		if time.Since(begun) < 2*time.Minute {
			t.Error("it went on while a shard was running")
		}
	})
	bubble(t, "of another table", func(t *testing.T, w *world) {
		physicalWorld(w) // which writes orders alone
		w.migrate(late, planes.MigrationRunning, "-80", "80-")
		begun := time.Now()
		w.state(t, start(t, w, w.watched("one"), w.planAfter(t.Context())), rollout.Committed, "")
		if time.Since(begun) > 10*time.Second {
			t.Errorf("it took %s", time.Since(begun))
		}
	})
}

// TestPhysicalCost: a look asks for schemas only where they decide.
func TestPhysicalCost(t *testing.T) {
	bubble(t, "", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationRunning, "-80", "80-")
		asks := &recorder{of: w.Process("vtctld")}
		one := w.process("one")
		one.Runner = runner.New(runner.Deps{
			Store: store.New(one, store.Options{}), Topo: one.Process, Observe: one.Process, Physical: asks, Now: time.Now,
			NewID: func() string { return "r1" }, Log: slog.New(slog.DiscardHandler),
		})
		rec := start(t, w, one, w.planAfter(t.Context(), addRegion))
		if rec.State != rollout.Canceled {
			t.Fatalf("it is %s", rec.State)
		}
		for i, ask := range asks.asked {
			if len(ask.Schemas) > 0 {
				t.Errorf("ask %d is for schemas while a shard is running: %v", i, ask.Schemas)
			}
		}
		if most := 270; len(asks.asked) > most {
			t.Errorf("vtctld was asked %d times in ten minutes, want at most %d", len(asks.asked), most)
		}
	})
}

// recorder keeps what vtctld was asked for.
type recorder struct {
	of    runner.Physical
	asked []planes.Ask
}

func (r *recorder) Physical(ctx context.Context, ask planes.Ask) planes.Physical {
	r.asked = append(r.asked, ask)
	return r.of.Physical(ctx, ask)
}

// TestCrashWhileWaiting kills the process at each of its writes while a phase
// waits for a migration that nobody named. Another process goes on, and waits
// for it too, though it is not pending any more by then.
func TestCrashWhileWaiting(t *testing.T) {
	setup := func(w *world) *plan.Plan {
		physicalWorld(w)
		w.addTable("commerce", "extra")
		w.files["customer"].Tables["customer"].AutoIncrement = &vschemapb.AutoIncrement{Column: "id", Sequence: "commerce.customer_seq"}
		p := w.planAfter(t.Context())
		w.migrate(late, planes.MigrationRunning, "-80", "80-")
		return p
	}
	finish := func(w *world) { w.migrate(late, planes.MigrationComplete, "-80", "80-") }
	writes := 0
	bubble(t, "undisturbed", func(t *testing.T, w *world) {
		p := setup(w)
		later(t, time.Minute, func() { finish(w) })
		one := w.watched("one")
		w.state(t, start(t, w, one, p), rollout.Committed, "")
		writes = one.Writes()
	})
	for nth := 1; nth <= writes; nth++ {
		for _, after := range []bool{false, true} {
			bubble(t, fmt.Sprintf("write %d of %d, landed %v", nth, writes, after), func(t *testing.T, w *world) {
				p := setup(w)
				later(t, time.Minute, func() { finish(w) })
				one := w.watched("one")
				one.DieAt(nth, after)
				begun := time.Now()
				if rec, err := one.Start(t.Context(), p, me, ""); !one.Dead() || err == nil && rec.Parked != nil {
					t.Fatalf("it did not die: %s, %v", rec.State, err)
				}
				w.state(t, scene{}.goOnBy(t, w, w.watched("two"), p), rollout.Committed, "")
				if time.Since(begun) < time.Minute {
					t.Error("it did not wait")
				}
				w.everywhere("customer", "orders", true)
				w.everywhere("commerce", "extra", true)
				w.free(t)
			})
		}
	}
}

// TestShardWithoutItsPrimary: the row of a shard goes away while it is waited
// for, as vtctld leaves out a shard that it cannot reach, and comes back.
func TestShardWithoutItsPrimary(t *testing.T) {
	bubble(t, "", func(t *testing.T, w *world) {
		physicalWorld(w)
		w.migrate(addRegion, planes.MigrationRunning, "-80", "80-")
		later(t, time.Minute, func() {
			w.migrate(addRegion, planes.MigrationComplete, "-80")
			w.ForgetMigration("customer", addRegion, "80-")
		})
		later(t, 2*time.Minute, func() { w.migrate(addRegion, planes.MigrationComplete, "80-") })
		begun := time.Now()
		w.state(t, start(t, w, w.watched("one"), w.planAfter(t.Context(), addRegion)), rollout.Committed, "")
		if time.Since(begun) < 2*time.Minute {
			t.Errorf("it went on after %s, without a word of shard 80-", time.Since(begun))
		}
	})
}

// TestUndoIsNotKeptWaiting: the way back does not wait for migrations.
func TestUndoIsNotKeptWaiting(t *testing.T) {
	bubble(t, "", func(t *testing.T, w *world) {
		physicalWorld(w)
		p := w.planAfter(t.Context())
		w.state(t, start(t, w, w.watched("one"), p), rollout.Committed, "")
		w.SetMigration(planes.Migration{UUID: late, Keyspace: "customer", Shard: "80-", Table: "orders", Status: planes.MigrationRunning})
		undo, err := plan.Undo(p, plan.Input{Snapshot: w.Snapshot(), Cluster: cluster, Backend: "topo"})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		w.state(t, start(t, w, w.watched("two"), undo), rollout.Committed, "")
		if time.Since(begun) > 10*time.Second {
			t.Errorf("it took %s", time.Since(begun))
		}
	})
}
