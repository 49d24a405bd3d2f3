package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/load"
)

// full is a lab with tablets and MySQL, whose vtctld every vtsync is told.
type full struct {
	*env
}

// newFull starts the shop, with two shards of customer or with the keyspaces of
// the options, and pulls it into files.
func newFull(t *testing.T, o cluster.Options) *full {
	t.Helper()
	f := &full{&env{Cluster: cluster.FullT(t, o), t: t, dir: t.TempDir()}}
	f.args = []string{"--topo", f.Topo(), "--timeout", "20s", "--vtctld", f.VTCtld(), "--wait", "5m"}
	for _, g := range f.VTGates() {
		f.args = append(f.args, "--vtgate", g.HTTP)
	}
	f.ok("pull", f.dir)
	return f
}

// until waits for a condition, with a deadline that suits a lab with MySQL.
func (f *full) until(what string, condition func() error) {
	f.t.Helper()
	var err error
	for range 2 { // a minute each
		if err = cluster.Poll(f.t.Context(), condition); err == nil {
			return
		}
	}
	f.t.Fatalf("%s: %v", what, err)
}

// client runs vtctldclient and fails the test unless it succeeds.
func (f *full) client(args ...string) string {
	f.t.Helper()
	out, err := f.VTCtldClient(f.t.Context(), args...)
	if err != nil {
		f.t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// migrate submits one statement as an online migration with these flags of its
// strategy, and gives its UUID.
func (f *full) migrate(ks, sql string, flags ...string) string {
	f.t.Helper()
	strategy := strings.Join(append([]string{"vitess"}, flags...), " ")
	uuid := f.client("ApplySchema", "--ddl-strategy", strategy, "--sql", sql, ks)
	if strings.Count(uuid, "_") != 4 {
		f.t.Fatalf("ApplySchema gave %q, want a UUID", uuid)
	}
	return uuid
}

// migration is a migration's row in a shard's own MySQL: its status, and whether
// it is ready to complete.
func (f *full) migration(ks, shard, uuid string) (status string, ready bool, err error) {
	rows, err := f.MySQL(f.t.Context(), ks, shard,
		"select migration_status, ready_to_complete from _vt.schema_migrations where migration_uuid = '"+uuid+"'")
	if err != nil {
		return "", false, err
	}
	if len(rows) != 1 {
		return "", false, fmt.Errorf("%s/%s has %d rows of migration %s", ks, shard, len(rows), uuid)
	}
	return rows[0][0], rows[0][1] == "1", nil
}

// reaches waits until a migration has a status on these shards, all of the
// keyspace's if none are given.
func (f *full) reaches(status, ks, uuid string, shards ...string) {
	f.t.Helper()
	f.each(ks, shards, func(shard string) error {
		got, _, err := f.migration(ks, shard, uuid)
		if err == nil && got != status {
			err = fmt.Errorf("migration %s is %s on %s/%s, want %s", uuid, got, ks, shard, status)
		}
		return err
	})
}

// readyToComplete waits until a migration could complete on every shard at once.
func (f *full) readyToComplete(ks, uuid string) {
	f.t.Helper()
	f.each(ks, nil, func(shard string) error {
		got, ready, err := f.migration(ks, shard, uuid)
		if err == nil && (got != "running" || !ready) {
			err = fmt.Errorf("migration %s is %s on %s/%s, ready: %t", uuid, got, ks, shard, ready)
		}
		return err
	})
}

func (f *full) each(ks string, shards []string, condition func(shard string) error) {
	f.t.Helper()
	if len(shards) == 0 {
		shards = f.Shards(ks)
	}
	for _, shard := range shards {
		f.until("waiting for MySQL", func() error { return condition(shard) })
	}
}

// complete lets a postponed migration complete on one shard, and waits for it.
func (f *full) complete(ks, uuid, shard string) {
	f.t.Helper()
	f.exec(ks, fmt.Sprintf("alter vitess_migration '%s' complete vitess_shards '%s'", uuid, shard))
	f.reaches("complete", ks, uuid, shard)
}

// exec runs a statement through the first vtgate.
func (f *full) exec(ks, statement string) [][]string {
	f.t.Helper()
	rows, err := f.Query(f.t.Context(), f.VTGates()[0], ks, statement)
	if err != nil {
		f.t.Fatalf("%s: %v", statement, err)
	}
	return rows
}

// mysql runs a statement in a shard's MySQL itself, past Vitess.
func (f *full) mysql(ks, shard, statement string) [][]string {
	f.t.Helper()
	rows, err := f.MySQL(f.t.Context(), ks, shard, statement)
	if err != nil {
		f.t.Fatal(err)
	}
	return rows
}

// rollout waits until the newest rollout of a keyspace is as the condition wants
// it.
func (f *full) rollout(ks string, condition func(rollout.Record) error) rollout.Record {
	f.t.Helper()
	var rec rollout.Record
	f.until("the rollout of "+ks, func() error {
		var ok bool
		if rec, ok = rolloutOf(f.history(), ks); !ok {
			return errors.New("there is none")
		}
		if err := condition(rec); err != nil {
			return fmt.Errorf("rollout %s is %s (%s), waits for %+v: %w", rec.ID, rec.State, rec.Reason, rec.Waits, err)
		}
		return nil
	})
	return rec
}

// waiting waits until the newest rollout of a keyspace waits for something whose
// text holds this.
func (f *full) waiting(ks, text string) rollout.Record {
	f.t.Helper()
	return f.rollout(ks, func(r rollout.Record) error {
		if r.State == rollout.Waiting && slices.ContainsFunc(r.Waits, func(w rollout.Waited) bool {
			return w.Met.IsZero() && strings.Contains(w.Text, text)
		}) {
			return nil
		}
		return fmt.Errorf("want it to wait, saying %q", text)
	})
}

// traffic is a load through every vtgate.
type traffic struct {
	*load.Load
	f *full
}

// traffic begins to send these statements, 200 per second of all.
func (f *full) traffic(ks string, statements ...load.Statement) *traffic {
	f.t.Helper()
	var addrs []string
	for _, gate := range f.VTGates() {
		addrs = append(addrs, gate.MySQL)
	}
	// A cut-over holds statements up for seconds: enough workers that none is
	// left out meanwhile.
	l, err := load.Start(f.t.Context(), load.Options{Addrs: addrs, Keyspace: ks, Rate: 200, Workers: 1000, Statements: statements})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _, _ = l.Stop() })
	return &traffic{l, f}
}

// flows waits until some number of statements more have been answered rightly.
func (tr *traffic) flows(more int) {
	tr.f.t.Helper()
	want := tr.Report().Total() + more
	tr.f.until("statements that are answered", func() error {
		if got := tr.Report().Total(); got < want {
			return fmt.Errorf("%d statements, want %d", got, want)
		}
		return nil
	})
}

// end stops the load and gives what came of it.
func (tr *traffic) end() load.Report {
	tr.f.t.Helper()
	r, err := tr.Stop()
	if err != nil {
		tr.f.t.Fatal(err)
	}
	if r.Total() == 0 {
		tr.f.t.Errorf("the load has shown nothing: %s", r)
	}
	return r
}

// clean ends the load and fails the test if any statement failed or gave rows
// that it should not.
func (tr *traffic) clean() load.Report {
	tr.f.t.Helper()
	r := tr.end()
	if len(r.Errors) > 0 || len(r.Wrong) > 0 {
		tr.f.t.Errorf("the load was disturbed: %s", r)
	}
	return r
}
