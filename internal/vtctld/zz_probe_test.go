package vtctld

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/status"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/lab/cluster"
)

func TestProbe(t *testing.T) {
	c := cluster.CommerceT(t, cluster.Options{})
	cl, err := New(Options{Address: c.VTCtld()})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := c.CreateKeyspace(ctx, "noshards"); err != nil {
		fmt.Println("create", err)
	}
	for _, p := range []string{"/global", "/global/keyspaces", "/global/keyspaces/customer", "/global/keyspaces/noshards", "/global/keyspaces/customer/VSchema", "/global/keyspaces/nope/VSchema", "/global/keyspaces/noshards/VSchema", "/zone1", "/zone1/SrvVSchema", "/nocell/SrvVSchema", "/global/RoutingRules", "/global/ShardRoutingRules", "/global/routing_rules/keyspace/Rules", "/global/vtsync"} {
		r, err := cl.rpc.GetTopologyPath(ctx, &vtctldatapb.GetTopologyPathRequest{Path: p})
		fmt.Printf("%s: code=%v err=%v cell=%.300v\n", p, status.Code(err), err, r.GetCell())
	}
	_, err = cl.rpc.GetVSchema(ctx, &vtctldatapb.GetVSchemaRequest{Keyspace: "nope"})
	fmt.Println("GetVSchema nope", status.Code(err), err)
	_, err = cl.rpc.GetSrvVSchema(ctx, &vtctldatapb.GetSrvVSchemaRequest{Cell: "nope"})
	fmt.Println("GetSrvVSchema nope", status.Code(err), err)
	_, err = cl.rpc.ApplyVSchema(ctx, &vtctldatapb.ApplyVSchemaRequest{Keyspace: "customer", DryRun: true, VSchema: &vschemapb.Keyspace{Sharded: true, Tables: map[string]*vschemapb.Table{"x": {ColumnVindexes: []*vschemapb.ColumnVindex{{Name: "no", Column: "y"}}}}}})
	fmt.Println("Apply bad", status.Code(err), err)
	_, err = cl.rpc.ApplyVSchema(ctx, &vtctldatapb.ApplyVSchemaRequest{Keyspace: "nope", DryRun: true, VSchema: &vschemapb.Keyspace{Sharded: true}})
	fmt.Println("Apply nope", status.Code(err), err)
	_, err = cl.rpc.RebuildVSchemaGraph(ctx, &vtctldatapb.RebuildVSchemaGraphRequest{Cells: []string{"nope"}})
	fmt.Println("Rebuild nope", status.Code(err), err)
	fr, err := cl.rpc.FindAllShardsInKeyspace(ctx, &vtctldatapb.FindAllShardsInKeyspaceRequest{Keyspace: "noshards"})
	fmt.Println("shards", fr, err)
}
