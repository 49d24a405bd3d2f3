package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/vtsync/vtsync/lab/cluster"
	"github.com/vtsync/vtsync/lab/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServesAVSchema(t *testing.T) {
	began := time.Now()
	c := cluster.CommerceT(t, cluster.Options{})
	t.Logf("up with the standard example in %s", time.Since(began).Round(time.Millisecond))

	gates := c.VTGates()
	if len(gates) != 2 || gates[0].Cell != "zone1" || gates[1].Cell != "zone2" {
		t.Fatalf("vtgates %v, want one in zone1 and one in zone2", gates)
	}
	for _, gate := range gates {
		rows, err := c.Query(t.Context(), gate, "customer", "show vschema tables")
		if err != nil {
			t.Fatal(err)
		}
		want := [][]string{{"cart"}, {"corder"}, {"customer"}}
		if !slices.EqualFunc(rows, want, slices.Equal[[]string]) {
			t.Errorf("%s: SHOW VSCHEMA TABLES gave %v, want %v", gate.Name, rows, want)
		}
		// A plan needs SrvKeyspace as well, but no tablet.
		plan, err := c.Query(t.Context(), gate, "customer", "vexplain plan select 1 from customer where customer_id = 1")
		if err != nil || len(plan) != 1 {
			t.Errorf("%s: VEXPLAIN PLAN gave %v, %v", gate.Name, plan, err)
		}
		for _, page := range []string{"vschema", "vars", "status"} {
			if _, err := c.Debug(t.Context(), gate, page); err != nil {
				t.Error(err)
			}
		}
		conn, err := grpc.NewClient(gate.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		health, err := healthpb.NewHealthClient(conn).Check(t.Context(),
			&healthpb.HealthCheckRequest{Service: "vtgateservice.Vitess"})
		if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%s: health of vtgateservice.Vitess is %v, %v", gate.Name, health, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := c.AlterVSchema(t.Context(), gates[0], "alter vschema add table commerce.voucher"); err != nil {
		t.Fatal(err)
	}
	for _, gate := range gates {
		if err := cluster.Poll(t.Context(), func() error {
			return c.ServesTable(t.Context(), gate, "commerce", "voucher")
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestStopLeavesNothing(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{Cells: []string{"zone1"}})
	if _, err := c.AddVTGate(t.Context(), "zone1", t.TempDir()); err != nil {
		t.Fatal(err)
	}
	pids := map[string]int{}
	for _, p := range c.Processes() {
		pids[p.Name] = p.PID()
	}
	if len(pids) != 5 {
		t.Errorf("processes %v, want two etcds, vtctld and two vtgates", pids)
	}
	c.Process("vtgate-zone1-2").Freeze() // a stopped process must end too
	checkStop(t, c, pids)
}

// checkStop stops the cluster and looks for what is left of it.
func checkStop(t *testing.T, c *cluster.Cluster, pids map[string]int) {
	t.Helper()
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	for name, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	if _, err := os.Stat(c.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("folder %s is still there: %v", c.Dir(), err)
	}
}

func TestRestartKeepsTheData(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	if err := c.CreateKeyspace(t.Context(), "commerce"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"etcd-global", "etcd-zone1", "vtctld", "vtgate-zone1-1"} {
		before := c.Process(name).PID()
		c.Process(name).Kill()
		if c.Process(name).Alive() {
			t.Errorf("%s is alive after Kill", name)
		}
		if err := c.Process(name).Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c.Process(name).PID() == before {
			t.Errorf("%s has the same pid after Restart", name)
		}
	}
	if err := c.ApplyVSchema(t.Context(), "commerce", `{"tables": {"product": {}}}`); err != nil {
		t.Fatal(err)
	}
	for _, gate := range c.VTGates() {
		if err := cluster.Poll(t.Context(), func() error {
			return c.ServesTable(t.Context(), gate, "commerce", "product")
		}); err != nil {
			t.Error(err)
		}
	}
}

// A vtgate that is cut off keeps serving what it has, and the other one, whose
// proxies are its own, learns of the change.
func TestCutOffVTGateIsStale(t *testing.T) {
	c := cluster.CommerceT(t, cluster.Options{Cells: []string{"zone1"}, VTGatesPerCell: 2})
	reached, cutOff := c.VTGates()[0], c.VTGates()[1]
	c.Proxy(cutOff.Name, "zone1").Cut()

	vschema := `{"tables": {"customer_seq": {"type": "sequence"}, "order_seq": {"type": "sequence"}, "email_lookup": {}, "voucher": {}}}`
	if err := c.ApplyVSchema(t.Context(), "commerce", vschema); err != nil {
		t.Fatal(err)
	}
	serves := func(gate cluster.VTGate) func() error {
		return func() error { return c.ServesTable(t.Context(), gate, "commerce", "voucher") }
	}
	if err := cluster.Poll(t.Context(), serves(reached)); err != nil {
		t.Fatal(err)
	}
	if err := serves(cutOff)(); err == nil {
		t.Error("a vtgate without a way to its cell's topology serves the change")
	}
	c.Proxy(cutOff.Name, "zone1").Restore()
	if err := cluster.Poll(t.Context(), serves(cutOff)); err != nil {
		t.Errorf("after the cut: %v", err)
	}
}

// A rebuild of vtctld's can be held at its own way to one cell, while the other
// cell has the change: nobody else's calls are touched.
func TestHoldARebuild(t *testing.T) {
	c := cluster.CommerceT(t, cluster.Options{})
	held := c.Proxy("vtctld", "zone2").Arm(proxy.Rule{Method: "^KV/Put$", Key: "/SrvVSchema$", Times: 1, Fault: proxy.Hold()})

	applied := make(chan error, 1)
	go func() {
		applied <- c.ApplyVSchema(t.Context(), "commerce", `{"tables": {"customer_seq": {"type": "sequence"}, "order_seq": {"type": "sequence"}, "email_lookup": {}, "voucher": {}}}`)
	}()
	hit, err := held.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	serves := func(gate cluster.VTGate) func() error {
		return func() error { return c.ServesTable(t.Context(), gate, "commerce", "voucher") }
	}
	first, second := c.VTGates()[0], c.VTGates()[1]
	if err := cluster.Poll(t.Context(), serves(first)); err != nil {
		t.Error(err)
	}
	if serves(second)() == nil {
		t.Error("a cell whose rebuild is held serves it")
	}
	if err := hit.Release(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-applied; err != nil {
		t.Error(err)
	}
	if err := cluster.Poll(t.Context(), serves(second)); err != nil {
		t.Error(err)
	}
}

// A dead etcd refuses its clients, a frozen one lets them wait, and both come
// back where they were.
func TestDeadAndFrozenCells(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	addr := c.Proxy(cluster.Vtsync, "zone1").Addr()
	// check asks through the proxy, as a client that has not connected before.
	check := func(d time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
		return err
	}
	etcd := c.Process("etcd-zone1")
	etcd.Kill()
	if err := check(10 * time.Second); status.Code(err) != codes.Unavailable {
		t.Errorf("a dead cell answered %v, want UNAVAILABLE at once", err)
	}
	if err := etcd.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := check(10 * time.Second); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	etcd.Freeze()
	if err := check(200 * time.Millisecond); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a frozen cell answered %v, want silence", err)
	}
	etcd.Thaw()
	if err := check(10 * time.Second); err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}

func TestVTCtldClientErrorNamesTheCommand(t *testing.T) {
	c := cluster.StartT(t, cluster.Options{})
	_, err := c.GetVSchema(t.Context(), "nowhere")
	if err == nil {
		t.Fatal("GetVSchema of a keyspace that there is not gave no error")
	}
	for _, want := range []string{"vtctldclient GetVSchema nowhere", "node doesn't exist"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestStartRefusesBadCells(t *testing.T) {
	for _, cells := range [][]string{{"zone1", "zone1"}, {""}, {cluster.Global}} {
		if _, err := cluster.Start(t.Context(), cluster.Options{Cells: cells}); err == nil {
			t.Errorf("cells %q were accepted", fmt.Sprint(cells))
		}
	}
}
