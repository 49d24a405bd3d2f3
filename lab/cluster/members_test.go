package cluster_test

import (
	"testing"

	"github.com/vtsync/vtsync/lab/cluster"
)

// A global etcd of three goes on without its leader, for vtctld and vtgates
// too, and takes it back.
func TestGlobalMembers(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}, GlobalMembers: 3})
	if err := c.CreateKeyspace(t.Context(), "commerce"); err != nil {
		t.Fatal(err)
	}
	for _, vschema := range []string{`{"tables": {"a": {}}}`, `{"tables": {"b": {}}}`} {
		leader, err := c.EtcdLeader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leader.Kill()
		if next, err := c.EtcdLeader(t.Context()); err != nil || next.Name == leader.Name {
			t.Fatalf("after %s, %v leads, %v", leader.Name, next, err)
		}
		// Vitess's client may still be on its way from the dead member.
		if err := cluster.Poll(t.Context(), func() error { return c.ApplyVSchema(t.Context(), "commerce", vschema) }); err != nil {
			t.Fatal(err)
		}
		if err := leader.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gate := c.VTGates()[0]
	if err := cluster.Poll(t.Context(), func() error { return c.ServesTable(t.Context(), gate, "commerce", "b") }); err != nil {
		t.Error(err)
	}
	if _, err := c.AddVTGate(t.Context(), "zone1", ""); err != nil {
		t.Error(err)
	}
}
