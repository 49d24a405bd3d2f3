package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/lab/cluster"
)

func TestFull(t *testing.T) {
	began := time.Now()
	c := cluster.FullT(t, cluster.Options{})
	t.Logf("up in %s", time.Since(began).Round(time.Millisecond))
	gates := c.VTGates()

	// At once through each vtgate, and to be read through the other.
	for i, gate := range gates {
		_, err := c.Query(t.Context(), gate, "customer",
			fmt.Sprintf("insert into customer(name, email) values ('a%d', 'a'), ('b%d', 'b'), ('c%d', 'c'), ('d%d', 'd')", i, i, i, i))
		if err != nil {
			t.Error(err)
		}
		if _, err := c.Query(t.Context(), gate, "commerce", fmt.Sprintf("insert into product(sku) values ('s%d')", i)); err != nil {
			t.Error(err)
		}
	}
	for _, gate := range gates {
		rows, err := c.Query(t.Context(), gate, "customer", "select name from customer order by name")
		if err != nil || len(rows) != 8 || rows[7][0] != "d1" {
			t.Errorf("%s: customers %v, %v; want the 8 that were inserted", gate.Name, rows, err)
		}
		rows, err = c.Query(t.Context(), gate, "commerce", "select sku from product order by sku")
		if err != nil || len(rows) != 2 {
			t.Errorf("%s: products %v, %v; want 2", gate.Name, rows, err)
		}
	}
	// Both shards have some of them.
	if got := c.Shards("customer"); !slices.Equal(got, []string{"-80", "80-"}) {
		t.Errorf("shards %v, want -80 and 80-", got)
	}
	for _, shard := range c.Shards("customer") {
		rows, err := c.MySQL(t.Context(), "customer", shard, "select count(*) from customer")
		if err != nil || len(rows) != 1 || rows[0][0] == "0" || rows[0][0] == "8" {
			t.Errorf("MySQL of customer/%s counts %v customers, %v", shard, rows, err)
		}
	}
}

func TestDropPrimary(t *testing.T) {
	c := cluster.FullT(t, cluster.Options{Cells: []string{"zone1"}})
	gate := c.VTGates()[0]
	read := func() error {
		_, err := c.Query(t.Context(), gate, "customer:80-", "select count(*) from customer")
		return err
	}
	listed := func() bool {
		out, err := c.VTCtldClient(t.Context(), "GetTablets", "--keyspace", "customer", "--tablet-type", "primary")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(out, c.PrimaryAlias("customer", "80-"))
	}
	if err := read(); err != nil || !listed() {
		t.Fatalf("before: reading gave %v", err)
	}
	out, err := c.VTCtldClient(t.Context(), "ApplySchema", "--ddl-strategy", "vitess --postpone-launch",
		"--sql", "alter table customer add column phone varchar(32)", "customer")
	if err != nil {
		t.Fatal(err)
	}
	uuid := strings.TrimSpace(out)
	// migrations counts what GetSchemaMigrations tells, as much of each shard.
	migrations := func() (int, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		out, err := c.VTCtldClient(ctx, "OnlineDDL", "show", "--json", "customer", uuid)
		return strings.Count(out, uuid), err
	}
	all, err := migrations()
	if err != nil || all == 0 || all%2 != 0 {
		t.Fatalf("%d mentions of the migration, %v; want as many of each shard", all, err)
	}
	if err := c.DropPrimary(t.Context(), "customer", "80-"); err != nil {
		t.Fatal(err)
	}
	if err := read(); err == nil || listed() {
		t.Errorf("without a primary, reading gave %v", err)
	}
	if told, err := migrations(); err != nil || told != all/2 {
		t.Errorf("%d mentions of the migration, %v; want half of %d, without a word of the shard that is left out", told, err, all)
	}
	restore := func() {
		t.Helper()
		if err := c.RestorePrimary(t.Context(), "customer", "80-"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Query(t.Context(), gate, "customer:80-", "update customer set name = 'x'"); err != nil || !listed() {
			t.Errorf("back again, writing gave %v", err)
		}
		if told, err := migrations(); err != nil || told != all {
			t.Errorf("back again, %d mentions of the migration, %v; want %d", told, err, all)
		}
	}
	restore()
	for _, name := range []string{"vttablet-customer-80-", "mysqld-customer-80-"} {
		c.Process(name).Kill()
		if told, err := migrations(); err == nil || !listed() {
			t.Errorf("without %s, %d mentions of the migration; want none of any shard", name, told)
		}
		restore()
	}
}

func TestOnlineDDL(t *testing.T) {
	c := cluster.FullT(t, cluster.Options{})
	began := time.Now()
	out, err := c.VTCtldClient(t.Context(), "ApplySchema", "--ddl-strategy", "vitess",
		"--sql", "alter table customer add column phone varchar(32), add index by_email(email)", "customer")
	if err != nil {
		t.Fatal(err)
	}
	uuid := strings.TrimSpace(out)
	for _, shard := range c.Shards("customer") {
		err := cluster.Poll(t.Context(), func() error {
			rows, err := c.MySQL(t.Context(), "customer", shard,
				"select migration_status from _vt.schema_migrations where migration_uuid = '"+uuid+"'")
			if err != nil {
				return err
			}
			if len(rows) != 1 || rows[0][0] != "complete" {
				return fmt.Errorf("customer/%s: the migration is %v", shard, rows)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("complete on both shards after %s", time.Since(began).Round(time.Millisecond))
	for _, gate := range c.VTGates() {
		if _, err := c.Query(t.Context(), gate, "customer", "insert into customer(name, phone) values ('a', '1')"); err != nil {
			t.Error(err)
		}
		// Its tracker follows.
		err := cluster.Poll(t.Context(), func() error {
			page, err := c.Debug(t.Context(), gate, "vschema")
			if err == nil && !strings.Contains(string(page), `"phone"`) {
				err = fmt.Errorf("%s does not know the new column", gate.Name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("known to every vtgate after %s", time.Since(began).Round(time.Millisecond))
}

func TestStopLeavesNothingOfAFullLab(t *testing.T) {
	c := cluster.FullT(t, cluster.Options{Cells: []string{"zone1"}})
	pids := map[string]int{}
	for _, p := range c.Processes() {
		pids[p.Name] = p.PID()
	}
	for _, name := range []string{"mysqld-commerce-0", "vttablet-commerce-0", "mysqld-customer--80", "vttablet-customer-80-"} {
		if pids[name] == 0 {
			t.Errorf("processes %v, want %s among them", pids, name)
		}
	}
	c.Process("mysqld-commerce-0").Freeze()
	checkStop(t, c, pids)
}
