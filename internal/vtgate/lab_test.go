package vtgate_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtgate"
	"github.com/vtsync/vtsync/lab/cluster"
)

func TestRealVTGates(t *testing.T) {
	c := cluster.CommerceT(t, cluster.Options{})
	srv := commerce(t)
	want := converge.Want{Keyspaces: srv.Keyspaces, NeedSQL: true}

	t.Run("ports of the command line", func(t *testing.T) {
		for _, gate := range c.VTGates() {
			r := reader(t, vtgate.Target{HTTP: gate.HTTP})
			got := awaitStatus(t, r, gate.Cell, want, srv, converge.Serving)
			if got.Cell != gate.Cell || got.Health != "SERVING" || !got.SQL || got.Reloads == 0 || !strings.HasPrefix(got.Version, "24.") {
				t.Errorf("%s: got %+v", gate.Name, got)
			}
			if age := time.Since(got.Started); age < 0 || age > time.Hour {
				t.Errorf("%s started %v ago", gate.Name, age)
			}
		}
	})
	gate := c.VTGates()[0]
	t.Run("SQL over gRPC", func(t *testing.T) {
		r := reader(t, vtgate.Target{HTTP: gate.HTTP, MySQL: closedPort(t), GRPC: port(t, gate.GRPC)})
		if got := r.Read(t.Context()); !got.SQL || got.View.Keyspaces["customer"].Vindexes["customer_email"].Owner != "customer" {
			t.Errorf("got %+v, want the vindexes over gRPC", got)
		}
	})
	t.Run("a change", func(t *testing.T) {
		next := commerce(t)
		next.Keyspaces["customer"].Vindexes["customer_email"].Params["write_only"] = "true"
		r := reader(t, vtgate.Target{HTTP: gate.HTTP})
		changed := converge.Want{Keyspaces: next.Keyspaces, NeedSQL: true, Baseline: &converge.Baseline{
			Reloads: map[string]converge.Reloads{gate.HTTP: {Count: r.Read(t.Context()).Reloads, At: time.Now()}},
		}}
		if got := judge(r.Read(t.Context()), gate.Cell, changed, next); got.Status != converge.Stale || !strings.Contains(got.Detail, "write_only") {
			t.Errorf("before the change: %+v, want stale for write_only", got)
		}
		json, err := protojson.Marshal(next.Keyspaces["customer"])
		if err != nil {
			t.Fatal(err)
		}
		if err := c.ApplyVSchema(t.Context(), "customer", string(json)); err != nil {
			t.Fatal(err)
		}
		awaitStatus(t, r, gate.Cell, changed, next, converge.Serving)
	})
	t.Run("a frozen and thawed vtgate", func(t *testing.T) {
		r := reader(t, vtgate.Target{HTTP: gate.HTTP})
		r.Read(t.Context())
		c.Process(gate.Name).Freeze()
		// The signal takes a moment to stop all threads.
		await(t, func() (bool, any) {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			got := r.Read(ctx)
			return got.Silent != "" && got.VarsErr != "" && got.Cell == gate.Cell, got
		})
		c.Process(gate.Name).Thaw()
		await(t, func() (bool, any) { got := r.Read(t.Context()); return got.Silent == "" && got.SQL, got })
	})
	t.Run("a restarted vtgate", func(t *testing.T) {
		r := reader(t, vtgate.Target{HTTP: gate.HTTP})
		r.Read(t.Context())
		if err := c.Process(gate.Name).Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		await(t, func() (bool, any) { got := r.Read(t.Context()); return got.Silent == "" && got.SQL, got })
	})
	t.Run("a vindex's file that one vtgate lacks", func(t *testing.T) { fileBackedVindex(t, c) })
	t.Run("plans", func(t *testing.T) { realPlans(t, c) })
	t.Run("a deleted SrvVSchema", func(t *testing.T) {
		r := reader(t, vtgate.Target{HTTP: gate.HTTP})
		key := "/vitess/" + gate.Cell + "/SrvVSchema"
		resp, err := c.Etcd(gate.Cell).Delete(t.Context(), key)
		if err != nil || resp.Deleted != 1 {
			t.Fatalf("delete %s: %v, %v", key, resp, err)
		}
		// vtgate keeps its VSchema and drops the connection on SHOW VSCHEMA.
		await(t, func() (bool, any) { got := r.Read(t.Context()); return got.View != nil && got.SQLErr != "", got })
	})
}

// fileBackedVindex gives two vtgates of a cell a keyspace with a vindex whose
// file stands in the working folder of one.
func fileBackedVindex(t *testing.T, c *cluster.Cluster) {
	cell := c.Cells()[1]
	has, lacks := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(has, "map.json"), []byte(`{"1": 2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const text = `{"sharded": true, "vindexes": {"map": {"type": "numeric_static_map", "params": {"json_path": "map.json"}}},
	  "tables": {"t": {"column_vindexes": [{"column": "id", "name": "map"}]}}}`
	ks := &vschema.Keyspace{}
	if err := protojson.Unmarshal([]byte(text), ks); err != nil {
		t.Fatal(err)
	}
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"mapped": ks}}
	want := converge.Want{Keyspaces: srv.Keyspaces, NeedSQL: true}
	if err := c.CreateKeyspace(t.Context(), "mapped", "-80", "80-"); err != nil {
		t.Fatal(err)
	}
	for dir, status := range map[string]converge.Status{has: converge.Serving, lacks: converge.Broken} {
		gate, err := c.AddVTGate(t.Context(), cell, dir)
		if err != nil {
			t.Fatal(err)
		}
		// vtctld's own folder has no such file, so it would refuse this.
		putSrvVSchema(t, c, cell, "mapped", ks)
		awaitStatus(t, reader(t, vtgate.Target{HTTP: gate.HTTP}), cell, want, srv, status)
	}
}

// putSrvVSchema writes one keyspace into a cell's SrvVSchema.
func putSrvVSchema(t *testing.T, c *cluster.Cluster, cell, keyspace string, ks *vschema.Keyspace) {
	t.Helper()
	key := "/vitess/" + cell + "/SrvVSchema"
	resp, err := c.Etcd(cell).Get(t.Context(), key)
	if err != nil || len(resp.Kvs) != 1 {
		t.Fatalf("get %s: %v, %v", key, resp, err)
	}
	srv, _, err := vschema.DecodeSrv(resp.Kvs[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	srv.Keyspaces[keyspace] = ks
	value, err := vschema.EncodeSrv(srv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Etcd(cell).Put(t.Context(), key, string(value)); err != nil {
		t.Fatal(err)
	}
}

func commerce(t *testing.T) *vschema.SrvVSchema {
	t.Helper()
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
	for name, text := range map[string]string{"commerce": cluster.CommerceVSchema, "customer": cluster.CustomerVSchema} {
		ks := &vschema.Keyspace{}
		if err := protojson.Unmarshal([]byte(text), ks); err != nil {
			t.Fatal(err)
		}
		srv.Keyspaces[name] = ks
	}
	return srv
}

func reader(t *testing.T, target vtgate.Target) *vtgate.Reader {
	t.Helper()
	r, err := vtgate.New(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// judge judges one vtgate whose cell holds held.
func judge(g planes.VTGate, cell string, want converge.Want, held *vschema.SrvVSchema) converge.Verdict {
	return converge.Judge(want, &planes.Snapshot{
		Cells: []planes.Cell{{Name: cell, Srv: held}}, VTGates: []planes.VTGate{g},
	}).VTGates[0]
}

func awaitStatus(t *testing.T, r *vtgate.Reader, cell string, want converge.Want, held *vschema.SrvVSchema, status converge.Status) planes.VTGate {
	t.Helper()
	var got planes.VTGate
	await(t, func() (bool, any) {
		got = r.Read(t.Context())
		v := judge(got, cell, want, held)
		return v.Status == status, v
	})
	return got
}

// await polls a condition, which also tells what it last saw.
func await(t *testing.T, condition func() (bool, any)) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, seen := condition()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not in time; last seen: %+v", seen)
		}
		<-tick.C
	}
}

func port(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// closedPort gives a port on which nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return port(t, listener.Addr().String())
}
