package topo_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/topo"
	"github.com/vtsync/vtsync/internal/topo/topotest"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

func TestContractOnEtcd(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	topotest.Contract(t, topotest.Subject{
		Open: func(t *testing.T) *topo.Server { return openURL(t, c.Topo()) },
		Cell: "zone1", History: true, Holders: true,
	})
}

// TestReadsWhatVitessWrote reads a cluster that Vitess's own tools set up.
func TestReadsWhatVitessWrote(t *testing.T) {
	c := cluster.CommerceT(t, cluster.Options{})
	srv := openURL(t, c.Topo())
	const rules = `{"rules":[{"from_table":"nation","to_tables":["commerce.product"]}]}`
	if err := c.ApplyRoutingRules(t.Context(), rules); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateKeyspace(t.Context(), "customer2", "0"); err != nil {
		t.Fatal(err)
	}
	g, err := srv.ReadGlobal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(g.Cells, c.Cells()) || g.ClusterID != "" {
		t.Errorf("cells %v, id %q", g.Cells, g.ClusterID)
	}
	if len(g.Keyspaces) != 3 {
		t.Errorf("keyspaces: %v", g.Keyspaces)
	}
	customer := g.Keyspaces["customer"]
	if !customer.HasRecord || !customer.VSchema.GetSharded() || customer.Err != "" || len(customer.Unknown) > 0 {
		t.Errorf("customer: %+v", customer)
	}
	if want := []planes.Shard{{Name: "-80", Serving: true}, {Name: "80-", Serving: true}}; !cmp.Equal(customer.Shards, want) {
		t.Errorf("shards %v, want %v", customer.Shards, want)
	}
	if to := g.Rules.Table.GetRules(); len(to) != 1 || g.Rules.Tokens[vschema.TableRules].IsAbsent() {
		t.Errorf("routing rules: %v, %v", to, g.Rules.Tokens)
	}
	if g.Rules.Mirror == nil || g.Rules.Shard == nil || g.Rules.Keyspace == nil || len(g.Rules.Tokens) != 4 {
		t.Errorf("rules that were never written: %+v", g.Rules)
	}
	one, err := srv.ReadKeyspace(t.Context(), "customer") // beside customer2
	if err != nil || one.Token != customer.Token || len(one.Shards) != 2 {
		t.Errorf("alone: %+v, %v", one, err)
	}
	none, err := srv.ReadKeyspace(t.Context(), "custom")
	if err != nil || none.HasRecord || !none.Token.IsAbsent() {
		t.Errorf("no keyspace: %+v, %v", none, err)
	}
	for _, cell := range srv.ReadCells(t.Context(), g.Cells) {
		if cell.Err != "" || !vschema.Equal(cell.Srv.GetKeyspaces()["customer"], customer.VSchema) {
			t.Errorf("cell %s: %+v", cell.Name, cell)
		}
	}
}

// A record that cannot be decoded is named, and hides no other.
func TestUndecodableRecords(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	srv, etcd := openURL(t, c.Topo()), c.Etcd(cluster.Global)
	write := func(key, value string) {
		t.Helper()
		if _, err := etcd.Put(t.Context(), "/vitess/global/"+key, value); err != nil {
			t.Fatal(err)
		}
	}
	write("keyspaces/bad/VSchema", "\xff\xff")
	write("keyspaces/good/VSchema", "")
	write("keyspaces/newer/VSchema", "\x9a\x06\x01x") // field 99
	g, err := srv.ReadGlobal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if bad := g.Keyspaces["bad"]; bad.Err == "" || bad.VSchema != nil || bad.Token.IsZero() {
		t.Errorf("bad: %+v", bad)
	}
	if good := g.Keyspaces["good"]; good.Err != "" || good.VSchema == nil || good.HasRecord {
		t.Errorf("good: %+v", good)
	}
	if newer := g.Keyspaces["newer"]; len(newer.Unknown) != 1 || !strings.Contains(newer.Unknown[0], "99") {
		t.Errorf("newer: %+v", newer)
	}
	write("ShardRoutingRules", "\xff\xff")
	_, err = srv.ReadGlobal(t.Context())
	if invalid, ok := errors.AsType[*errs.Invalid](err); !ok || !strings.Contains(invalid.Msg, "shard_routing_rules") {
		t.Errorf("bad rules: %v", err)
	}
}

// The global topo is read in one listing of keyspaces and few single reads,
// and never pulls what does not concern a plan.
func TestReadGlobalIsCheap(t *testing.T) {
	c := cluster.CommerceT(t, cluster.Options{})
	srv := openURL(t, c.Topo())
	reads := c.Proxy(cluster.Vtsync, cluster.Global).Arm(proxy.Rule{Method: "Range", Fault: proxy.Slow(0)})
	t.Cleanup(reads.Disarm)
	if _, err := srv.ReadGlobal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := reads.Fired(); n != 7 {
		t.Errorf("%d reads, want 7", n)
	}
}

// A lock's lease is as short as we say, and a lock of Vitess's own is seen.
func TestLockOnEtcd(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	srv, etcd := openURL(t, c.Topo()), c.Etcd(cluster.Global)
	if err := c.CreateKeyspace(t.Context(), "customer", "0"); err != nil {
		t.Fatal(err)
	}
	unlock, err := srv.LockKeyspace(t.Context(), "customer", "vtsync apply")
	if err != nil {
		t.Fatal(err)
	}
	const dir = "/vitess/global/keyspaces/customer/locks/"
	held, err := etcd.Get(t.Context(), dir, clientv3.WithPrefix())
	if err != nil || len(held.Kvs) != 1 || !strings.Contains(string(held.Kvs[0].Value), "vtsync apply") {
		t.Fatalf("the lock in etcd: %v, %v", held, err)
	}
	lease, err := etcd.TimeToLive(t.Context(), clientv3.LeaseID(held.Kvs[0].Lease))
	if err != nil || lease.GrantedTTL > int64(topo.LockTTL.Seconds()) {
		t.Fatalf("lease: %+v, %v", lease, err)
	}
	if _, err := etcd.Revoke(t.Context(), lease.ID); err != nil {
		t.Fatal(err)
	}
	if err := unlock(t.Context()); err != nil {
		t.Fatalf("unlock of a lock that has lapsed: %v", err)
	}
	theirs := dir + strconv.Itoa(7)
	if _, err := etcd.Put(t.Context(), theirs, `{"Action":"SwitchTraffic","HostName":"db1","UserName":"vitess","Time":"now"}`); err != nil {
		t.Fatal(err)
	}
	_, err = srv.LockKeyspace(t.Context(), "customer", "vtsync apply")
	if h, ok := errors.AsType[*topo.Held](err); !ok || !strings.Contains(h.By, "SwitchTraffic") || !strings.Contains(h.By, "vitess@db1") {
		t.Fatalf("got %v, want *Held by SwitchTraffic of vitess@db1", err)
	}
}

func openURL(t *testing.T, url string, with ...func(*topo.Options)) *topo.Server {
	t.Helper()
	o, err := topo.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range with {
		f(&o)
	}
	s, err := topo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
