package admit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

const uuid = "9e8a9249_3976_11ed_9442_0a43f95f28a3"

// physicalInput is input with a serving customer keyspace, whose vtctld lists the
// rows given; its plan needs the migration and columns of the table it adds.
func physicalInput(t *testing.T, rows ...planes.Migration) Input {
	t.Helper()
	in := input(t)
	change(&in, "customer", func(rec *planes.Keyspace) {
		rec.Shards = []planes.Shard{{Name: "-80", Serving: true, Primary: "a"}, {Name: "80-", Serving: true, Primary: "b"}}
	})
	in.Plan.Phases[0].Needs = []ddl.Need{
		{Keyspace: "customer", Table: "orders", Columns: []string{"id"}, From: ddl.FromColumns},
		{Keyspace: "customer", Migration: uuid, From: ddl.FromFlag},
	}
	in.Physical = &planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{"customer": {Migrations: rows, Listed: []string{"a", "b"}}}}
	return in
}

func running(shard string, progress float64) planes.Migration {
	return planes.Migration{UUID: uuid, Keyspace: "customer", Shard: shard, Table: "orders", Statement: "create table orders (id int)", Status: planes.MigrationRunning, Progress: progress}
}

func TestMigrationWaits(t *testing.T) {
	v := migrations(physicalInput(t, running("-80", 10), running("80-", 20)))
	want := Verdict{
		Verdict: rollout.Wait, Code: rollout.CodeWait,
		Reason: "migration " + uuid + " of customer: 0 of 2 shards complete; -80: running; 80-: running",
		Waits: []rollout.Blocker{{
			Kind: rollout.WaitMigration, Keyspace: "customer", Name: uuid, Total: 2,
			Text: "0 of 2 shards complete; -80: running; 80-: running",
		}},
	}
	if d := cmp.Diff(want, v); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if other := migrations(physicalInput(t, running("-80", 30), running("80-", 90))); cmp.Diff(v, other) != "" {
		t.Errorf("what goes into the record changes with each row copied: %+v", other)
	}
}

// TestCompleteBeforeTheOther: what is complete on every shard is not waited for
// beside what still runs.
func TestCompleteBeforeTheOther(t *testing.T) {
	const other = "bbbbbbbb_3976_11ed_9442_0a43f95f28a3"
	var rows []planes.Migration
	for _, shard := range []string{"-80", "80-"} {
		done, runs := running(shard, 0), running(shard, 0)
		done.Status, runs.UUID = planes.MigrationComplete, other
		rows = append(rows, done, runs)
	}
	in := physicalInput(t, rows...)
	in.Plan.Phases[0].Needs = append(in.Plan.Phases[0].Needs, ddl.Need{Keyspace: "customer", Migration: other, From: ddl.FromFlag})
	v := migrations(in)
	if v.Verdict != rollout.Wait || len(v.Waits) != 1 || v.Waits[0].Name != other || !strings.HasPrefix(v.Reason, "migration "+other) {
		t.Errorf("got %+v, want to wait for migration %s alone", v, other)
	}
}

func TestMigrationsThatAreNotWaitedFor(t *testing.T) {
	for name, spoil := range map[string]func(*Input){
		"an undo":              func(in *Input) { in.Plan.Undoes = "r1" },
		"allowed by a person":  func(in *Input) { in.Plan.Allowed = []string{"migration=" + uuid} },
		"nothing named at all": func(in *Input) { in.Plan.Phases[0].Needs, in.Physical = nil, nil },
	} {
		in := physicalInput(t, running("-80", 10))
		in.Physical.Keyspaces["customer"] = planes.PhysicalKeyspace{
			Migrations: in.Physical.Keyspaces["customer"].Migrations, Listed: []string{"a", "b"},
			Shards: map[string]planes.ShardSchema{"-80": {}, "80-": {}},
		}
		spoil(&in)
		if v := migrations(in); v.Verdict != "" {
			t.Errorf("%s: %s: %s", name, v.Verdict, v.Reason)
		}
	}
}

// TestUnwatchedLater: after a written phase a config without a vtctld calls a
// person; a denial would take the phase back.
func TestUnwatchedLater(t *testing.T) {
	in := physicalInput(t)
	in.Plan.Phases = append(in.Plan.Phases, in.Plan.Phases[0])
	in.Phase, in.Physical = 1, nil
	if v := migrations(in); v.Verdict != rollout.Wait || !v.Person || v.Remedy == "" {
		t.Errorf("got %+v", v)
	}
}

// TestUnwatchedResume: what a rollout has begun to wait for, and the open
// breaker, are not forgotten where no vtctld is named, though its plan names
// nothing.
func TestUnwatchedResume(t *testing.T) {
	waited := func(kind rollout.WaitKind, name string) rollout.Waited {
		return rollout.Waited{Blocker: rollout.Blocker{Kind: kind, Keyspace: "customer", Name: name, Text: "not ready"}}
	}
	met := waited(rollout.WaitMigration, uuid)
	met.Met = time.Unix(1, 0)
	later := waited(rollout.WaitMigration, uuid)
	later.Phase = 1
	for _, tt := range []struct {
		name   string
		edit   func(*Input)
		reason string
		waits  int
	}{
		{"a migration", func(in *Input) { in.Waits = []rollout.Waited{waited(rollout.WaitMigration, uuid)} }, "it waits for migration " + uuid + " of customer: not ready, and no vtctld is named", 1},
		{"columns", func(in *Input) { in.Waits = []rollout.Waited{waited(rollout.WaitColumns, "orders")} }, "it waits for columns of table customer.orders: not ready, and no vtctld", 1},
		{"a workflow", func(in *Input) { in.Waits = []rollout.Waited{waited(rollout.WaitWorkflow, "email")} }, "it waits for not ready, and no vtctld", 1},
		{"a workflow that an undo waits for", func(in *Input) {
			in.Plan.Undoes, in.Waits = "r1", []rollout.Waited{waited(rollout.WaitWorkflow, "email")}
		}, "it waits for not ready, and no vtctld", 1},
		{"the breaker", func(in *Input) { in.HalfOpen = true }, "the circuit breaker was open, and no vtctld", 0},
		{"both", func(in *Input) {
			in.Waits = []rollout.Waited{waited(rollout.WaitWorkflow, "email"), waited(rollout.WaitMigration, uuid)}
		}, "it waits for", 2},
		{"what is met", func(in *Input) { in.Waits = []rollout.Waited{met} }, "", 0},
		{"what another phase waits for", func(in *Input) { in.Waits = []rollout.Waited{later} }, "", 0},
	} {
		in := physicalInput(t)
		in.Plan.Phases[0].Needs, in.Physical = nil, nil
		tt.edit(&in)
		v := Judge(in)
		if tt.reason == "" {
			if v.Verdict != rollout.Allow {
				t.Errorf("%s: got %+v", tt.name, v)
			}
			continue
		}
		if v.Verdict != rollout.Wait || !v.Person || !strings.HasPrefix(v.Reason, tt.reason) ||
			v.Remedy != "resume it where a vtctld is named: --vtctld HOST:PORT" || len(v.Waits) != max(1, tt.waits) {
			t.Errorf("%s: got %+v", tt.name, v)
		}
		for _, w := range v.Waits[:tt.waits] {
			if w.Text != "not ready" {
				t.Errorf("%s: the record would forget %+v", tt.name, w)
			}
		}
	}
}

// TestTakings: a migration that came since the plan was made and takes away what
// the plan routes by denies it; one that is to come after it is not waited for,
// even where the record has begun to.
func TestTakings(t *testing.T) {
	drop := planes.Migration{UUID: uuid, Keyspace: "customer", Shard: "-80", Table: "orders", Statement: "drop table orders", Status: planes.MigrationQueued}
	in := physicalInput(t, drop)
	in.Plan.Phases[0].Needs = nil
	v := migrations(in)
	if v.Verdict != rollout.Deny || !strings.Contains(v.Reason, "migration "+uuid+" of customer.orders takes away table orders, which the plan routes by") || v.Remedy == "" {
		t.Errorf("got %+v", v)
	}
	in.Plan.Allowed = []string{"migration=" + uuid}
	if v := migrations(in); v.Verdict != "" {
		t.Errorf("allowed by a person: %+v", v)
	}
	in.Plan.Allowed = nil
	in.Plan.Phases[0].Needs = []ddl.Need{{Keyspace: "customer", Migration: uuid, From: ddl.FromFlag}}
	if v := migrations(in); v.Verdict != rollout.Wait {
		t.Errorf("named by a person: %+v", v)
	}
	// The phase takes the table out.
	in = physicalInput(t, drop)
	in.Plan.Phases[0].Needs = []ddl.Need{{Keyspace: "customer", Migration: uuid, From: ddl.FromPending}}
	in.Waits = []rollout.Waited{{Blocker: rollout.Blocker{Kind: rollout.WaitMigration, Keyspace: "customer", Name: uuid}}}
	w := &in.Plan.Phases[0].Writes[0]
	change(&in, "customer", func(rec *planes.Keyspace) {
		after, err := vschema.DecodeJSON(w.After)
		if err != nil {
			t.Fatal(err)
		}
		rec.VSchema = after
	})
	w.Before, w.After = w.After, w.Before
	if v := migrations(in); v.Verdict != "" {
		t.Errorf("it must come after the phase: %+v", v)
	}
}

// TestSkippedVTGates: that a vtgate without a schema tracker was not asked is told
// with the allowance.
func TestSkippedVTGates(t *testing.T) {
	done := func(shard string) planes.Migration {
		m := running(shard, 100)
		m.Status = planes.MigrationComplete
		return m
	}
	in := physicalInput(t, done("-80"), done("80-"))
	ks := in.Physical.Keyspaces["customer"]
	ks.Shards = map[string]planes.ShardSchema{}
	for _, shard := range []string{"-80", "80-"} {
		ks.Shards[shard] = planes.ShardSchema{Tables: map[string]string{"orders": "create table orders (id int)"}}
	}
	in.Physical.Keyspaces["customer"] = ks
	in.VTGates = []planes.VTGate{{Target: "blind:1", Untracked: true}}
	v := Judge(in)
	want := []string{"columns id of customer.orders: not asked, as their schema tracker is off: blind:1"}
	if d := cmp.Diff(want, v.Notes); v.Verdict != rollout.Allow || d != "" {
		t.Errorf("%+v; notes -want +got:\n%s", v, d)
	}
}

func TestSilentVTCtld(t *testing.T) {
	in := physicalInput(t)
	in.Plan.Phases[0].Needs = nil
	in.Physical = &planes.Physical{Err: "refused"}
	v := migrations(in)
	if v.Verdict != rollout.Wait || !v.Transient || len(v.Waits) != 1 || v.Waits[0].Kind != rollout.WaitOther ||
		!strings.Contains(v.Waits[0].Text, "migrations of customer: whether a migration is pending is not known: vtctld does not answer: refused") {
		t.Errorf("got %+v", v)
	}
	// One keyspace whose MySQL is down is vtctld's answer, and no silence.
	in.Physical = &planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{"customer": {MigrationsErr: "no primary"}}}
	if v := migrations(in); v.Verdict != rollout.Wait || v.Transient || len(v.Waits) != 1 {
		t.Errorf("its MySQL is down: got %+v", v)
	}
}

func TestBreakerPercent(t *testing.T) {
	failed := running("80-", 0)
	failed.Status = planes.MigrationFailed
	in := physicalInput(t, running("-80", 10), failed)
	if v := migrations(in); !v.Person || v.Code != rollout.CodeBreaker || !strings.HasPrefix(v.Reason, "the circuit breaker is open: 1 of 2 shards") {
		t.Errorf("got %+v", v)
	}
	in.HalfOpen = true
	if v := migrations(in); !strings.HasPrefix(v.Reason, "the circuit breaker is still open: ") {
		t.Errorf("half-open: %+v", v)
	}
	in.Policy.BreakerPercent = 50
	if v := migrations(in); v.Person || v.Verdict != rollout.Wait {
		t.Errorf("half of the shards are allowed to fail: %+v", v)
	}
}
