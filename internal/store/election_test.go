package store_test

import (
	"sync"
	"testing"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/lab/cluster"
)

// TestElection: saves and reads ride out the death of etcd's leader: each lands
// once, and none is left in doubt.
func TestElection(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}, GlobalMembers: 3})
	o, err := topo.ParseURL(c.TopoDirect())
	if err != nil {
		t.Fatal(err)
	}
	o.Root = "/election"
	srv, err := topo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	s := store.New(srv, store.Options{})
	tok := planes.Absent()
	const saves, every = 60, 15
	var restarts sync.WaitGroup
	defer restarts.Wait()
	for i := range int64(saves) {
		if i%every == every/2 {
			restarts.Wait() // one member may be away, not two
			leader, err := c.EtcdLeader(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			leader.Kill()
			restarts.Go(func() {
				if err := leader.Restart(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		if tok, err = s.SaveHead(t.Context(), storetest.NewHead("ks", i+1, "w"), tok); err != nil {
			t.Fatalf("save %d: %v", i+1, err)
		}
		if got, now, err := s.Head(t.Context(), "ks"); err != nil || got.Seq != i+1 || now != tok {
			t.Fatalf("after save %d: %+v %v, %v", i+1, got, now, err)
		}
	}
}
