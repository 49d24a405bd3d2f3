package vtctld_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
	vtctlservicepb "vitess.io/vitess/go/vt/proto/vtctlservice"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/store/storetest"
	"github.com/vtsync/vtsync/internal/vtctld"
)

// oneKeyspace is a vtctld with keyspace k alone, whose topo counts from zero as
// ZooKeeper does and keeps no past.
type oneKeyspace struct {
	vtctlservicepb.UnimplementedVtctldServer
	version int64
	value   *vschemapb.Keyspace
	// reads and dryRuns are the errors of those, where they are set; lost tells
	// that writes are not answered, nor land.
	reads, dryRuns error
	cells          map[string]string // addresses
	lost           bool
}

func (o *oneKeyspace) GetTopologyPath(_ context.Context, req *vtctldatapb.GetTopologyPathRequest) (*vtctldatapb.GetTopologyPathResponse, error) {
	cell := &vtctldatapb.TopologyCell{Path: req.Path, Version: o.version}
	switch {
	case req.Version != 0:
		return nil, status.Error(codes.Unknown, "GetVersion not supported in ZK2 topo")
	case strings.HasSuffix(req.Path, "/k"):
		cell.Children = []string{"Keyspace", "VSchema"}
	}
	return &vtctldatapb.GetTopologyPathResponse{Cell: cell}, nil
}

func (o *oneKeyspace) GetVSchema(context.Context, *vtctldatapb.GetVSchemaRequest) (*vtctldatapb.GetVSchemaResponse, error) {
	return &vtctldatapb.GetVSchemaResponse{VSchema: o.value}, o.reads
}

func (o *oneKeyspace) ApplyVSchema(_ context.Context, req *vtctldatapb.ApplyVSchemaRequest) (*vtctldatapb.ApplyVSchemaResponse, error) {
	switch {
	case req.DryRun:
		return &vtctldatapb.ApplyVSchemaResponse{}, o.dryRuns
	case o.lost:
		return nil, status.Error(codes.Unavailable, "gone")
	}
	o.version, o.value = o.version+1, proto.CloneOf(req.VSchema)
	return &vtctldatapb.ApplyVSchemaResponse{}, nil
}

func (o *oneKeyspace) GetCellInfoNames(context.Context, *vtctldatapb.GetCellInfoNamesRequest) (*vtctldatapb.GetCellInfoNamesResponse, error) {
	return &vtctldatapb.GetCellInfoNamesResponse{Names: slices.Sorted(maps.Keys(o.cells))}, nil
}

func (o *oneKeyspace) GetCellInfo(_ context.Context, req *vtctldatapb.GetCellInfoRequest) (*vtctldatapb.GetCellInfoResponse, error) {
	return &vtctldatapb.GetCellInfoResponse{CellInfo: &topodatapb.CellInfo{ServerAddress: o.cells[req.Cell], Root: "/" + req.Cell}}, nil
}

func (o *oneKeyspace) backend(t *testing.T) *vtctld.Backend {
	return vtctld.NewBackend(client(t, vtctld.Options{Address: serve(t, o)}),
		vtctld.BackendOptions{State: storetest.NewMemory(), Log: slog.New(slog.DiscardHandler)})
}

func TestVersionZeroIsAVersion(t *testing.T) {
	o := &oneKeyspace{value: &vschemapb.Keyspace{}}
	b := o.backend(t)
	k, err := b.ReadKeyspace(t.Context(), "k")
	if err != nil || k.Err != "" || k.Token.Version != "0" {
		t.Fatalf("read %+v, %v", k, err)
	}
	tok, err := b.WriteKeyspace(t.Context(), "k", tables(t, "ours"), k.Token)
	if err != nil || tok.Version != "1" {
		t.Fatalf("written at %+v, %v", tok, err)
	}
	if told := b.Replaced(t.Context(), "k", k.Token, tok); !strings.Contains(told, "history of the record could not be read") {
		t.Errorf("without a history: %q", told)
	}
}

// TestUnreadableIsNoConflict: a VSchema that cannot be read is not one that
// somebody else wrote.
func TestUnreadableIsNoConflict(t *testing.T) {
	for name, reads := range map[string]error{
		"vtctld cannot decode it":  status.Error(codes.Unknown, "proto: cannot parse invalid wire-format data"),
		"its topo does not answer": status.Error(codes.Unknown, "deadline exceeded: keyspaces/k/VSchema"),
	} {
		t.Run(name, func(t *testing.T) {
			o := &oneKeyspace{value: &vschemapb.Keyspace{}}
			b := o.backend(t)
			k, err := b.ReadKeyspace(t.Context(), "k")
			if err != nil {
				t.Fatal(err)
			}
			o.reads = reads
			if _, err := b.WriteKeyspace(t.Context(), "k", tables(t, "ours"), k.Token); !errors.Is(err, errs.ErrNotSent) || isConflict(err) {
				t.Errorf("write: %v", err)
			}
			o.reads, o.lost = nil, true
			if _, err := b.WriteKeyspace(t.Context(), "k", tables(t, "ours"), k.Token); !isUnknown(err) {
				t.Fatalf("write without an answer: %v", err)
			}
			o.reads = reads
			if _, err := b.WriteKeyspace(t.Context(), "k", tables(t, "ours"), k.Token); !isUnknown(err) || errors.Is(err, errs.ErrNotSent) {
				t.Errorf("the same again: %v", err)
			}
			if landing, _, err := b.SettleKeyspace(t.Context(), "k", k.Token, tables(t, "ours")); err == nil {
				t.Errorf("settle: %s", landing)
			}
			if _, err := b.FenceKeyspace(t.Context(), "k", k.Token, nil); !isUnknown(err) {
				t.Errorf("fence: %v", err)
			}
		})
	}
}

// TestDryRunThatFails: only a judgement of the VSchema is final.
func TestDryRunThatFails(t *testing.T) {
	for text, final := range map[string]bool{
		"BuildKeyspace(k): vindex none not found":                true,
		"GetKeyspace(k): deadline exceeded: keyspaces/k":         false,
		"GetKeyspace(k): server resource exhausted: keyspaces/k": false,
		"uncaught vtctldserver panic: nil":                       false,
	} {
		o := &oneKeyspace{value: &vschemapb.Keyspace{}, dryRuns: status.Error(codes.Unknown, text)}
		b := o.backend(t)
		k, err := b.ReadKeyspace(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.WriteKeyspace(t.Context(), "k", tables(t, "ours"), k.Token)
		if err == nil || errors.Is(err, errs.ErrNotSent) == final || isUnknown(err) == final {
			t.Errorf("%s: %v, want final %v", text, err, final)
		}
	}
}

// TestStateOfAnotherCluster: a state file is of one cluster, which may change cell
// by cell.
func TestStateOfAnotherCluster(t *testing.T) {
	state := storetest.NewMemory()
	look := func(cells map[string]string) error {
		o := &oneKeyspace{value: &vschemapb.Keyspace{}, cells: cells}
		b := vtctld.NewBackend(client(t, vtctld.Options{Address: serve(t, o)}), vtctld.BackendOptions{State: state, Log: slog.New(slog.DiscardHandler)})
		return b.Bound(t.Context())
	}
	a, other := map[string]string{"zone1": "a1:2379", "zone2": "a2:2379"}, map[string]string{"zone1": "b1:2379", "zone2": "b2:2379"}
	for range 2 {
		if err := errors.Join(look(a), look(other)); err != nil {
			t.Fatalf("a file that is not in use yet: %v", err)
		}
	}
	if _, err := store.New(state, store.Options{}).ClusterID(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		cells  map[string]string
		refuse bool
	}{
		{"the first use", a, false},
		{"another cluster", other, true},
		{"a cell moved, and one is new", map[string]string{"zone1": "a1:2379", "zone2": "c2:2379", "zone3": "a3:2379"}, false},
		{"then the other moved", map[string]string{"zone1": "c1:2379", "zone3": "a3:2379"}, false},
		{"as it was at first", a, true},
		{"no cell at all", nil, false},
	} {
		err := look(tt.cells)
		if _, invalid := errors.AsType[*errs.Invalid](err); invalid != tt.refuse || err != nil && !invalid {
			t.Errorf("%s: %v, want refused %v", tt.name, err, tt.refuse)
		}
	}
}
