package vtctld_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
	vtctlservicepb "vitess.io/vitess/go/vt/proto/vtctlservice"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtctld"
)

// scripted is a vtctld whose answers a test writes; what it does not write is
// unimplemented. It keeps the requests for migrations.
type scripted struct {
	vtctlservicepb.UnimplementedVtctldServer
	migrations func(context.Context, *vtctldatapb.GetSchemaMigrationsRequest) ([]*vtctldatapb.SchemaMigration, error)
	workflows  func(*vtctldatapb.GetWorkflowsRequest) ([]*vtctldatapb.Workflow, error)
	tablets    func(*vtctldatapb.GetTabletsRequest) (*vtctldatapb.GetTabletsResponse, error)
	schema     func(context.Context, *vtctldatapb.GetSchemaRequest) (*vtctldatapb.GetSchemaResponse, error)
	version    func(*vtctldatapb.GetVersionRequest) (*vtctldatapb.GetVersionResponse, error)
	keyspaces  func(context.Context) (*vtctldatapb.GetKeyspacesResponse, error)

	mu    sync.Mutex
	asked []*vtctldatapb.GetSchemaMigrationsRequest
}

func (s *scripted) GetSchemaMigrations(ctx context.Context, req *vtctldatapb.GetSchemaMigrationsRequest) (*vtctldatapb.GetSchemaMigrationsResponse, error) {
	s.mu.Lock()
	s.asked = append(s.asked, req)
	s.mu.Unlock()
	if s.migrations == nil {
		return s.UnimplementedVtctldServer.GetSchemaMigrations(ctx, req)
	}
	rows, err := s.migrations(ctx, req)
	return &vtctldatapb.GetSchemaMigrationsResponse{Migrations: rows}, err
}

func (s *scripted) GetWorkflows(ctx context.Context, req *vtctldatapb.GetWorkflowsRequest) (*vtctldatapb.GetWorkflowsResponse, error) {
	if s.workflows == nil {
		return s.UnimplementedVtctldServer.GetWorkflows(ctx, req)
	}
	found, err := s.workflows(req)
	return &vtctldatapb.GetWorkflowsResponse{Workflows: found}, err
}

func (s *scripted) GetTablets(ctx context.Context, req *vtctldatapb.GetTabletsRequest) (*vtctldatapb.GetTabletsResponse, error) {
	if s.tablets != nil {
		return s.tablets(req)
	}
	if s.migrations != nil {
		return &vtctldatapb.GetTabletsResponse{}, nil
	}
	return s.UnimplementedVtctldServer.GetTablets(ctx, req)
}

func (s *scripted) GetSchema(ctx context.Context, req *vtctldatapb.GetSchemaRequest) (*vtctldatapb.GetSchemaResponse, error) {
	if s.schema == nil {
		return s.UnimplementedVtctldServer.GetSchema(ctx, req)
	}
	return s.schema(ctx, req)
}

func (s *scripted) GetVersion(_ context.Context, req *vtctldatapb.GetVersionRequest) (*vtctldatapb.GetVersionResponse, error) {
	return s.version(req)
}

func (s *scripted) GetKeyspaces(ctx context.Context, req *vtctldatapb.GetKeyspacesRequest) (*vtctldatapb.GetKeyspacesResponse, error) {
	if s.keyspaces == nil {
		return s.UnimplementedVtctldServer.GetKeyspaces(ctx, req)
	}
	return s.keyspaces(ctx)
}

// requests gives the requests for migrations so far.
func (s *scripted) requests() []*vtctldatapb.GetSchemaMigrationsRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// serve starts a server of the real service and gives its address.
func serve(t testing.TB, s vtctlservicepb.VtctldServer, options ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	vtctlservicepb.RegisterVtctldServer(server, s)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func client(t testing.TB, o vtctld.Options) *vtctld.Client {
	t.Helper()
	c, err := vtctld.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// look asks a scripted server.
func look(t testing.TB, s *scripted, ask planes.Ask) planes.Physical {
	t.Helper()
	return client(t, vtctld.Options{Address: serve(t, s)}).Physical(t.Context(), ask)
}
