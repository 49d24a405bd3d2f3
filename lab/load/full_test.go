package load_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/load"
)

// Under a load through every vtgate, a table that goes and comes back is seen
// in the errors, with their numbers and times, and in nothing else.
func TestLoadOnRealVitess(t *testing.T) {
	c := cluster.FullT(t, cluster.Options{})
	var addrs []string
	for _, gate := range c.VTGates() {
		addrs = append(addrs, gate.MySQL)
	}
	l, err := load.Start(t.Context(), load.Options{
		Addrs: addrs, Keyspace: "customer", Rate: 200,
		Statements: []load.Statement{
			{Name: "insert", Weight: 2, Make: func(n int) load.Call {
				return load.Call{SQL: "insert into customer(name, email) values (?, ?)", Args: []any{"n", fmt.Sprint(n, "@example.com")}}
			}},
			{Name: "select", Weight: 7, Make: func(int) load.Call {
				return load.Call{SQL: "select count(*) from customer", Check: func(rows [][]string) error {
					if len(rows) != 1 {
						return errors.New("no count")
					}
					return nil
				}}
			}},
			{Name: "orders", Make: func(int) load.Call { return load.Call{SQL: "select * from orders where customer_id = 1"} }},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	// until is when some number of statements more have been right.
	until := func(more int) {
		t.Helper()
		want := l.Report().Total() + more
		if err := cluster.Poll(t.Context(), func() error {
			if got := l.Report().Total(); got < want {
				return fmt.Errorf("%d statements, want %d", got, want)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	until(200)
	if r := l.Report(); len(r.Errors) > 0 || len(r.Wrong) > 0 {
		t.Errorf("before: %s", r)
	}
	dropped := time.Now()
	for _, shard := range c.Shards("customer") {
		if _, err := c.MySQL(t.Context(), "customer", shard, "rename table orders to away"); err != nil {
			t.Fatal(err)
		}
	}
	if err := cluster.Poll(t.Context(), func() error {
		if len(l.Report().Errors) == 0 {
			return errors.New("no error seen")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, shard := range c.Shards("customer") {
		if _, err := c.MySQL(t.Context(), "customer", shard, "rename table away to orders"); err != nil {
			t.Fatal(err)
		}
	}
	restored := time.Now()
	until(200)
	r, err := l.Stop()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if codes := slices.Collect(maps.Keys(r.Codes())); !slices.Equal(codes, []string{"1146"}) {
		t.Errorf("errors %v, want only 1146", r.Codes())
	}
	for _, e := range r.Errors {
		if e.Statement != "orders" || e.At.Add(e.Took).Before(dropped) || e.At.After(restored) {
			t.Errorf("an error that should not be: %s", e)
		}
	}
	rows, err := c.Query(t.Context(), c.VTGates()[0], "customer", "select count(*) from customer")
	if err != nil || rows[0][0] != fmt.Sprint(r.OK["insert"]) {
		t.Errorf("%v customers, %v; %d were inserted", rows, err, r.OK["insert"])
	}
}
