package vtctld_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/key"
	vtlog "vitess.io/vitess/go/vt/log"
	querypb "vitess.io/vitess/go/vt/proto/query"
	tabletmanagerdatapb "vitess.io/vitess/go/vt/proto/tabletmanagerdata"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	"vitess.io/vitess/go/vt/topo"
	"vitess.io/vitess/go/vt/topo/memorytopo"
	"vitess.io/vitess/go/vt/vtctl/grpcvtctldserver"
	"vitess.io/vitess/go/vt/vttablet/tmclient"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtctld"
)

// TestMain keeps what Vitess's packages log, which is much, to itself.
func TestMain(m *testing.M) {
	vtlog.SwapLogger(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// realServer is Vitess's own vtctld, in front of tablets whose rows a test
// writes.
type realServer struct {
	address string
	shards  []planes.Shard
	topo    *topo.Server
}

// primaries are the tablets: on each of them the migration uuid is complete,
// another one is running, and one is of a tool that Vitess no longer runs.
type primaries struct{ tmclient.TabletManagerClient }

const otherUUID = "22222222_2222_3333_4444_555555555555"

func (primaries) ExecuteFetchAsDba(_ context.Context, t *topodatapb.Tablet, _ bool, req *tabletmanagerdatapb.ExecuteFetchAsDbaRequest) (*querypb.QueryResult, error) {
	query := string(req.Query)
	fields := sqltypes.MakeTestFields(
		"migration_uuid|keyspace|shard|mysql_table|migration_statement|strategy|migration_status|tablet|requested_timestamp|completed_timestamp|progress|table_rows|rows_copied",
		"varchar|varchar|varchar|varchar|varchar|varchar|varchar|varchar|varchar|varchar|float64|int64|uint64")
	result := func(rows ...string) *querypb.QueryResult {
		return sqltypes.ResultToProto3(sqltypes.MakeTestResult(fields, rows...))
	}
	line := func(uuid, strategy, status string) string {
		return fmt.Sprintf("%s|%s|%s|customer|alter table customer add column phone varchar(32)|%s|%s|zone1-%010d|%s|%s|41.5|1000|415",
			uuid, t.Keyspace, t.Shard, strategy, status, t.Alias.Uid, time.Now().Add(-time.Hour).Format(time.DateTime), time.Now().Format(time.DateTime))
	}
	complete, running, old := line(uuid, "vitess", "complete"), line(otherUUID, "vitess", "running"), line("33333333_2222_3333_4444_555555555555", "gh-ost", "complete")
	switch {
	case strings.Contains(query, "migration_uuid like '%'"):
		return result(complete, running, old), nil
	case strings.Contains(query, "'"+uuid+"'"):
		return result(complete), nil
	case strings.Contains(query, "requested_timestamp"):
		return result(complete, running), nil
	case strings.Contains(query, "'running'"):
		return result(running), nil
	}
	return result(), nil
}

func (primaries) ReadVReplicationWorkflows(context.Context, *topodatapb.Tablet, *tabletmanagerdatapb.ReadVReplicationWorkflowsRequest) (*tabletmanagerdatapb.ReadVReplicationWorkflowsResponse, error) {
	return &tabletmanagerdatapb.ReadVReplicationWorkflowsResponse{}, nil
}

func (primaries) GetSchema(context.Context, *topodatapb.Tablet, *tabletmanagerdatapb.GetSchemaRequest) (*tabletmanagerdatapb.SchemaDefinition, error) {
	return &tabletmanagerdatapb.SchemaDefinition{TableDefinitions: []*tabletmanagerdatapb.TableDefinition{
		{Name: "customer", Type: "BASE TABLE", Schema: "CREATE TABLE `customer` (\n  `id` bigint NOT NULL,\n  `phone` varchar(32),\n  PRIMARY KEY (`id`)\n)"},
	}}, nil
}

// serveReal starts vtctld for the keyspace customer on n shards, each with a
// primary.
func serveReal(t testing.TB, n int) realServer {
	t.Helper()
	ctx := t.Context()
	ts := memorytopo.NewServer(ctx, "zone1", "zone2")
	t.Cleanup(ts.Close)
	if err := ts.CreateKeyspace(ctx, "customer", &topodatapb.Keyspace{}); err != nil {
		t.Fatal(err)
	}
	names, err := key.GenerateShardRanges(n, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := realServer{topo: ts}
	for i, name := range names {
		alias := &topodatapb.TabletAlias{Cell: "zone1", Uid: uint32(100 + i)}
		_, keyRange, err := topo.ValidateShardName(name)
		if err == nil {
			err = ts.CreateShard(ctx, "customer", name)
		}
		if err == nil {
			err = ts.CreateTablet(ctx, &topodatapb.Tablet{Alias: alias, Keyspace: "customer", Shard: name, KeyRange: keyRange, Type: topodatapb.TabletType_PRIMARY, Hostname: "127.0.0.1"})
		}
		if err == nil {
			_, err = ts.UpdateShardFields(ctx, "customer", name, func(si *topo.ShardInfo) error { si.PrimaryAlias, si.IsPrimaryServing = alias, true; return nil })
		}
		if err != nil {
			t.Fatal(err)
		}
		s.shards = append(s.shards, planes.Shard{Name: name, Serving: true, Primary: fmt.Sprintf("zone1-%010d", alias.Uid)})
	}
	s.address = serve(t, grpcvtctldserver.NewTestVtctldServer(ts, primaries{}))
	return s
}

// TestVitessOwnServer holds the scripted answers to those of Vitess's code.
func TestVitessOwnServer(t *testing.T) {
	s := serveReal(t, 4)
	c := client(t, vtctld.Options{Address: s.address})
	got := c.Physical(t.Context(), planes.Ask{
		Migrations: map[string][]string{"customer": {uuid}}, Workflows: []string{"customer"},
		Schemas: map[string][]string{"customer": {"customer"}}, Shards: map[string][]planes.Shard{"customer": s.shards},
	})
	ks := got.Keyspaces["customer"]
	// A row of gh-ost's fails only who lists without a filter.
	if got.Err != "" || ks.MigrationsErr != "" || len(got.Unread) > 0 || len(ks.Migrations) != 8 || len(ks.Shards) != 4 {
		t.Fatalf("got %+v", got)
	}
	for i, m := range ks.Migrations {
		want := map[bool]planes.MigrationStatus{true: planes.MigrationComplete, false: planes.MigrationRunning}[i < 4]
		if m.Status != want || m.Shard != s.shards[i%4].Name || m.Tablet != s.shards[i%4].Primary || m.RowsCopied != 415 || m.Requested.IsZero() {
			t.Errorf("migration %+v", m)
		}
	}
	for name, shard := range ks.Shards {
		if shard.Err != "" || shard.Tables["customer"] == "" {
			t.Errorf("shard %s: %+v", name, shard)
		}
	}

	// A shard without a primary: vtctld leaves its rows out and says nothing,
	// and cannot list workflows.
	if _, err := s.topo.UpdateTabletFields(t.Context(), &topodatapb.TabletAlias{Cell: "zone1", Uid: 100}, func(tablet *topodatapb.Tablet) error {
		tablet.Type = topodatapb.TabletType_REPLICA
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.topo.UpdateShardFields(t.Context(), "customer", s.shards[0].Name, func(si *topo.ShardInfo) error { si.PrimaryAlias = nil; return nil }); err != nil {
		t.Fatal(err)
	}
	got = c.Physical(t.Context(), planes.Ask{Migrations: map[string][]string{"customer": {uuid}}, Workflows: []string{"customer"}})
	if ks := got.Keyspaces["customer"]; ks.MigrationsErr != "" || len(ks.Migrations) != 6 || !strings.Contains(got.Unread["customer"], "no primary found for shard") {
		t.Errorf("without a primary: %d rows, error %q, unread %q", len(ks.Migrations), ks.MigrationsErr, got.Unread["customer"])
	}
}

// TestACellThatDoesNotAnswer: vtctld leaves out the shards whose primaries are
// in a cell that it cannot read, and says nothing; what is listed tells.
func TestACellThatDoesNotAnswer(t *testing.T) {
	ctx := t.Context()
	s := serveReal(t, 2)
	away := &topodatapb.TabletAlias{Cell: "zone2", Uid: 300}
	_, keyRange, err := topo.ValidateShardName("80-")
	if err == nil {
		err = s.topo.DeleteTablet(ctx, &topodatapb.TabletAlias{Cell: "zone1", Uid: 101})
	}
	if err == nil {
		err = s.topo.CreateTablet(ctx, &topodatapb.Tablet{Alias: away, Keyspace: "customer", Shard: "80-", KeyRange: keyRange, Type: topodatapb.TabletType_PRIMARY, Hostname: "127.0.0.1"})
	}
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, vtctld.Options{Address: s.address})
	rows := func() (int, []string) {
		ks := c.Physical(ctx, named("customer")).Keyspaces["customer"]
		if ks.MigrationsErr != "" {
			t.Error(ks.MigrationsErr)
		}
		return len(ks.Migrations), ks.Listed
	}
	n, listed := rows()
	if d := cmp.Diff([]string{"zone1-0000000100", "zone2-0000000300"}, listed); n != 2 || d != "" {
		t.Errorf("%d rows; listed (-want +got):\n%s", n, d)
	}
	before := topo.RemoteOperationTimeout
	topo.RemoteOperationTimeout = 100 * time.Millisecond
	t.Cleanup(func() { topo.RemoteOperationTimeout = before })
	if err := s.topo.UpdateCellInfoFields(ctx, "zone2", func(ci *topodatapb.CellInfo) error {
		ci.ServerAddress = memorytopo.UnreachableServerAddr
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	n, listed = rows()
	if d := cmp.Diff([]string{"zone1-0000000100"}, listed); n != 1 || d != "" {
		t.Errorf("zone2 is away: %d rows; listed (-want +got):\n%s", n, d)
	}
}

// BenchmarkPoll measures one look while a rollout waits for a migration,
// server included. `go run ./bench polling` writes it into docs/performance.md.
func BenchmarkPoll(b *testing.B) {
	for _, n := range []int{2, 8, 64, 256, 512, 1024} {
		b.Run(fmt.Sprintf("shards=%d", n), func(b *testing.B) {
			s := serveReal(b, n)
			c := client(b, vtctld.Options{Address: s.address})
			ask := planes.Ask{Migrations: map[string][]string{"customer": {uuid}}, Workflows: []string{"customer"}}
			b.ReportAllocs()
			for b.Loop() {
				if got := c.Physical(b.Context(), ask); len(got.Keyspaces["customer"].Migrations) != 2*n || len(got.Unread) > 0 {
					b.Fatalf("got %d rows, unread %v", len(got.Keyspaces["customer"].Migrations), got.Unread)
				}
			}
		})
	}
}
