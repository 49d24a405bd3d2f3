package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

func TestOnEtcd(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	t.Run("contract", func(t *testing.T) {
		roots := 0
		storetest.Contract(t, func(t *testing.T) store.KV {
			roots++
			return open(t, c, fmt.Sprintf("/empty/%d", roots))
		})
	})
	t.Run("the id is one that topo reads", func(t *testing.T) {
		srv := open(t, c, "/vitess/global")
		id, err := store.New(srv, store.Options{}).ClusterID(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		if g, err := srv.ReadGlobal(t.Context()); err != nil || g.ClusterID != id {
			t.Fatalf("topo reads %q, %v, want %q", g.ClusterID, err, id)
		}
	})
	t.Run("a damaged id is not another cluster's", func(t *testing.T) {
		srv := open(t, c, "/damaged")
		if _, err := srv.Put(t.Context(), "vtsync/id", []byte("prod"), planes.Absent()); err != nil {
			t.Fatal(err)
		}
		if g, err := srv.ReadGlobal(t.Context()); !isInvalid(err) {
			t.Fatalf("topo reads %q, %v, want *errs.Invalid", g.ClusterID, err)
		}
	})
	t.Run("one id for all", func(t *testing.T) { oneID(t, c) })
	for name, fault := range map[string]proxy.Fault{
		"reply dropped":   proxy.DropReply(),
		"request dropped": proxy.DropRequest(),
		"request late":    proxy.Delay(300 * time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) { settled(t, c, name, fault) })
	}
}

// oneID makes the cluster's id from many processes at once.
func oneID(t *testing.T, c *cluster.Cluster) {
	ids := make([]string, 8)
	var group sync.WaitGroup
	for i := range ids {
		srv := open(t, c, "/one-id")
		group.Go(func() {
			var err error
			if ids[i], err = store.New(srv, store.Options{}).ClusterID(t.Context(), true); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("ids differ: %v", ids)
		}
	}
}

// settled saves a record whose first write meets a fault.
func settled(t *testing.T, c *cluster.Cluster, name string, fault proxy.Fault) {
	srv := open(t, c, "/settled")
	keyspace := "ks " + name
	armed := c.Proxy(cluster.Vtsync, cluster.Global).Arm(proxy.Rule{Writes: true, Key: keyspace, Times: 1, Fault: fault})
	defer armed.Disarm()
	s := store.New(srv, store.Options{})
	want := storetest.NewHead(keyspace, 1, "w")
	tok, err := s.SaveHead(t.Context(), want, planes.Absent())
	if err != nil {
		t.Fatal(err)
	}
	hit, err := armed.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = hit.Wait(t.Context()) // a dropped one says that it never landed
	got, now, err := s.Head(t.Context(), keyspace)
	if err != nil || !cmp.Equal(got, want) || now != tok {
		t.Fatalf("got %+v %v %v, want %+v %v", got, now, err, want, tok)
	}
	history, err := c.Etcd(cluster.Global).Get(t.Context(), "/settled/vtsync/heads/"+keyspace)
	if err != nil || len(history.Kvs) != 1 || history.Kvs[0].Version != 1 {
		t.Fatalf("written %v times, want once (%v)", history.Kvs, err)
	}
}

func open(t *testing.T, c *cluster.Cluster, root string) *topo.Server {
	t.Helper()
	o, err := topo.ParseURL(c.Topo())
	if err != nil {
		t.Fatal(err)
	}
	o.Root, o.CallTimeout = root, 200*time.Millisecond
	srv, err := topo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	return srv
}
