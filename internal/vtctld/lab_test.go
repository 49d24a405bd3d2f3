package vtctld_test

import (
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtctld"
	"github.com/vtsync/vtsync/lab/cluster"
)

// TestRealVTCtld holds a real vtctld, of a cluster without tablets, to what the
// scripted one answers.
func TestRealVTCtld(t *testing.T) {
	lab := cluster.CommerceT(t, cluster.Options{})
	if err := lab.CreateKeyspace(t.Context(), "shardless"); err != nil {
		t.Fatal(err)
	}
	c := client(t, vtctld.Options{Address: lab.VTCtld()})
	keyspaces, err := c.Keyspaces(t.Context())
	if err != nil || len(keyspaces) != 3 {
		t.Fatalf("keyspaces %v, %v", keyspaces, err)
	}
	got := c.Physical(t.Context(), planes.Ask{
		Migrations: map[string][]string{"commerce": nil, "customer": {uuid}, "shardless": {uuid}},
		Workflows:  keyspaces,
		Schemas:    map[string][]string{"customer": nil},
		Shards:     map[string][]planes.Shard{"customer": {{Name: "-80", Serving: true}, {Name: "80-", Serving: true, Primary: "zone1-0000000100"}}},
	})
	if got.Err != "" || len(got.Unread) > 0 || len(got.Workflows) > 0 {
		t.Errorf("workflows %v, unread %v, error %q: without tablets there are none", got.Workflows, got.Unread, got.Err)
	}
	for name, ks := range got.Keyspaces {
		if ks.MigrationsErr != "" || len(ks.Migrations) > 0 {
			t.Errorf("keyspace %s: %+v", name, ks)
		}
	}
	for name, shard := range got.Keyspaces["customer"].Shards {
		if shard.Err == "" {
			t.Errorf("the schema of shard %s was read, and it has no tablet", name)
		}
	}
	// A UUID that is none is refused, and not taken for one that no shard knows.
	if ks := c.Physical(t.Context(), named("customer", "nonsense")).Keyspaces["customer"]; !strings.Contains(ks.Unread["nonsense"], "not a valid UUID") {
		t.Errorf("migration nonsense: %+v", ks)
	}
	if got := c.Physical(t.Context(), planes.Ask{Workflows: []string{"nowhere"}}); len(got.Unread) > 0 || len(got.Workflows) > 0 {
		t.Errorf("a keyspace that is not there has no workflow: %+v", got)
	}
	if tablets, err := c.Tablets(t.Context()); err != nil || len(tablets) > 0 {
		t.Errorf("tablets %v, %v", tablets, err)
	}

	p := lab.Process("vtctld")
	p.Freeze()
	frozen := client(t, vtctld.Options{Address: lab.VTCtld(), Timeout: 300 * time.Millisecond})
	if got := frozen.Physical(t.Context(), planes.Ask{Workflows: keyspaces}); got.Err == "" || len(got.Unread) != len(keyspaces) {
		t.Errorf("frozen: %+v", got)
	}
	p.Thaw()
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return c.Physical(t.Context(), planes.Ask{Workflows: keyspaces}).Err == "" })
}

// await polls a condition.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("not in time")
		}
		<-tick.C
	}
}
