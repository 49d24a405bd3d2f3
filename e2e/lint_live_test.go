package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/lab/cluster"
)

// TestLintLive judges files with what the MySQLs of a real cluster hold.
func TestLintLive(t *testing.T) {
	f := newFull(t, cluster.Options{Cells: []string{"zone1"}})
	lint := func(code int, wants ...string) result {
		t.Helper()
		r := f.exits(code, "lint", "--live", f.dir)
		r.wants(t, wants...)
		return r
	}
	file := func(ks string) string { return filepath.Join(f.dir, "keyspaces", ks, "vschema.json") }

	f.untouched(func() { lint(0, "no findings in 2 files") })

	t.Run("a shard disagrees", func(*testing.T) {
		f.mysql("customer", "-80", "alter table customer add column phone varchar(32)")
		lint(1, "error[VS620]: column phone of table customer is missing on shard 80-, and is on shard -80", file("customer"))
		f.mysql("customer", "80-", "alter table customer add column phone varchar(64)")
		lint(1, "warning[VS620]: column phone of table customer is varchar(32)", "on shard -80, varchar(64)")
		f.mysql("customer", "-80", "alter table customer drop column phone")
		f.mysql("customer", "80-", "alter table customer drop column phone")
		f.mysql("customer", "80-", "rename table orders to old_orders")
		lint(1, "error[VS620]: table orders is missing on shard 80- of keyspace customer, and is on shard -80", "VS618")
		f.mysql("customer", "80-", "rename table old_orders to orders")
		lint(0)
	})

	t.Run("a column that no shard has", func(t *testing.T) {
		was, err := os.ReadFile(file("customer"))
		if err != nil {
			t.Fatal(err)
		}
		wrong := strings.ReplaceAll(string(was), `"customer_id"`, `"custmer_id"`)
		if err := os.WriteFile(file("customer"), []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		lint(1, "error[VS611]: table customer has no column custmer_id", `did you mean "customer_id"?`)
		if err := os.WriteFile(file("customer"), was, 0o600); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("a sequence without its row", func(t *testing.T) {
		row := func() string {
			return f.mysql("commerce", "0", "select next_id from customer_seq where id = 0")[0][0]
		}
		before := row()
		lint(0)
		if after := row(); after != before {
			t.Errorf("lint took values: next_id was %s and is %s", before, after)
		}
		f.mysql("commerce", "0", "update customer_seq set cache = 0")
		lint(1, "error[VS306]: the row of sequence commerce.customer_seq has cache 0")
		f.mysql("commerce", "0", "delete from customer_seq")
		r := lint(1, "error[VS306]: sequence commerce.customer_seq has no row with id 0 in MySQL", file("commerce"))
		if strings.Contains(r.stdout, "orders_seq") {
			t.Errorf("orders_seq has its row:\n%s", r)
		}
		f.liveWithoutFiles(1, "VS306", "no files here", "no file holds it: keyspace commerce, tables.customer_seq")
		f.mysql("commerce", "0", "insert into customer_seq values (0, 1000, 100)")
		lint(0)
	})

	t.Run("a shard without a primary", func(t *testing.T) {
		f.mysql("customer", "-80", "alter table orders add column note varchar(32)")
		if err := f.DropPrimary(t.Context(), "customer", "80-"); err != nil {
			t.Fatal(err)
		}
		r := lint(4, "not read: read the schema of shard customer/80-")
		if strings.Contains(r.stdout, "VS620") {
			t.Errorf("a shard that says nothing disagrees with nobody:\n%s", r)
		}
	})
}

// liveWithoutFiles judges the cluster from a folder that has no files.
func (f *full) liveWithoutFiles(code int, wants ...string) {
	f.t.Helper()
	p := f.prepare("lint", "--live")
	p.cmd.Dir = f.t.TempDir()
	if err := p.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	r := p.wait()
	if r.code != code {
		f.t.Errorf("exit %d, want %d\n%s", r.code, code, r)
	}
	r.wants(f.t, wants...)
}
