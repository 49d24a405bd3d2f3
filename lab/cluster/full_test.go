package cluster_test

import (
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
	if err := c.DropPrimary(t.Context(), "customer", "80-"); err != nil {
		t.Fatal(err)
	}
	if err := read(); err == nil || listed() {
		t.Errorf("without a primary, reading gave %v", err)
	}
	for _, away := range []func(){
		func() {}, // dropped above
		c.Process("vttablet-customer-80-").Kill,
		c.Process("mysqld-customer-80-").Kill,
	} {
		away()
		if err := c.RestorePrimary(t.Context(), "customer", "80-"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Query(t.Context(), gate, "customer:80-", "update customer set name = 'x'"); err != nil || !listed() {
			t.Errorf("back again, writing gave %v", err)
		}
	}
}
