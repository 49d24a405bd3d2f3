package vtctld_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	binlogdatapb "vitess.io/vitess/go/vt/proto/binlogdata"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/planes"
)

func TestWorkflows(t *testing.T) {
	stream := func(id int64, state, message string, rules ...*binlogdatapb.Rule) *vtctldatapb.Workflow_Stream {
		return &vtctldatapb.Workflow_Stream{Id: id, State: state, Message: message,
			BinlogSource: &binlogdatapb.BinlogSource{Filter: &binlogdatapb.Filter{Rules: rules}}}
	}
	in := func(keyspace string, shards ...string) *vtctldatapb.Workflow_ReplicationLocation {
		return &vtctldatapb.Workflow_ReplicationLocation{Keyspace: keyspace, Shards: shards}
	}
	cases := map[string]struct {
		give *vtctldatapb.Workflow
		want planes.Workflow
	}{
		"a lookup in its backfill": {
			give: &vtctldatapb.Workflow{
				Name: "lookups", WorkflowType: "CreateLookupIndex", WorkflowSubType: "None",
				Source: in("customer", "80-", "-80"), Target: in("commerce", "0"),
				Options: &vtctldatapb.WorkflowOptions{LookupVindexes: []string{"email_lookup", "by_name"}},
				ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{"0/zone1-0000000100": {Streams: []*vtctldatapb.Workflow_Stream{
					stream(2, "Running", ""),
					stream(1, "Copying", "", rule("email_lookup", "select email as email, keyspace_id() as keyspace_id from customer group by email, keyspace_id")),
				}}},
			},
			want: planes.Workflow{
				Name: "lookups", Type: "CreateLookupIndex", Source: "customer", Target: "commerce",
				SourceShards: []string{"-80", "80-"}, TargetShards: []string{"0"}, State: "Copying,Running",
				Tables: []string{"email_lookup"}, SourceTables: []string{"customer"}, LookupVindexes: []string{"by_name", "email_lookup"},
			},
		},
		"a lookup of Vitess 22, externalized": {
			give: &vtctldatapb.Workflow{
				Name: "email_lookup", WorkflowType: "CreateLookupIndex", WorkflowSubType: "None",
				Source: in("customer", "0"), Target: in("customer", "0"),
				ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{
					"-80/z-2": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Stopped", "FROZEN", rule("l", "select a from `c`"))}},
					"80-/z-3": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Stopped", "FROZEN", rule("l", "select a from `c`"))}},
				},
			},
			want: planes.Workflow{
				Name: "email_lookup", Type: "CreateLookupIndex", Source: "customer", Target: "customer",
				SourceShards: []string{"0"}, TargetShards: []string{"0"}, State: "Stopped", Message: "FROZEN", Frozen: true, AnyFrozen: true,
				Tables: []string{"l"}, SourceTables: []string{"c"}, LookupVindexes: []string{"email_lookup"},
			},
		},
		"a partial MoveTables, one shard of it switched": {
			give: &vtctldatapb.Workflow{
				Name: "move", WorkflowType: "MoveTables", WorkflowSubType: "Partial", Source: in("a", "-80"), Target: in("b", "-80"),
				ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{
					"-80/z-2": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Stopped", "FROZEN", rule("t2", "select * from t2"), rule("t1", "select * from t1"))}},
					"80-/z-3": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Error", "vttablet: gone")}},
				},
			},
			want: planes.Workflow{
				Name: "move", Type: "MoveTables", SubType: "Partial", Partial: true, Source: "a", Target: "b",
				SourceShards: []string{"-80"}, TargetShards: []string{"-80"}, State: "Error,Stopped", Message: "FROZEN", AnyFrozen: true,
				Tables: []string{"t1", "t2"}, SourceTables: []string{"t1", "t2"},
			},
		},
		"a lookup that is being externalized, the second shard frozen first": {
			give: &vtctldatapb.Workflow{
				Name: "l", WorkflowType: "CreateLookupIndex", Source: in("a", "0"), Target: in("b", "-80", "80-"),
				ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{
					"-80/z-2": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Running", "copied", rule("l", "select a from c"))}},
					"80-/z-3": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Stopped", "FROZEN", rule("l", "select a from c"))}},
				},
			},
			want: planes.Workflow{
				Name: "l", Type: "CreateLookupIndex", Source: "a", Target: "b", SourceShards: []string{"0"}, TargetShards: []string{"-80", "80-"},
				State: "Running,Stopped", Message: "copied", AnyFrozen: true,
				Tables: []string{"l"}, SourceTables: []string{"c"}, LookupVindexes: []string{"l"},
			},
		},
		"a Reshard": {
			give: &vtctldatapb.Workflow{
				Name: "split", WorkflowType: "Reshard", Source: in("a", "0"), Target: in("a", "-80"),
				ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{
					"-80/z-2": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Running", "", rule("ref", "exclude"), rule("/.*", "-80"))}},
				},
			},
			want: planes.Workflow{Name: "split", Type: "Reshard", Source: "a", Target: "a", SourceShards: []string{"0"}, TargetShards: []string{"-80"}, State: "Running"},
		},
		"the way back of tenants' tables": {
			give: &vtctldatapb.Workflow{
				Name: "tenants_reverse", WorkflowType: "MoveTables", Source: in("b", "0"), Target: in("a", "0"),
				Options: &vtctldatapb.WorkflowOptions{TenantId: "7"},
				ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{
					"0/z-2": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Running", "", rule("t", "-80"), rule("old", "exclude"))}},
				},
			},
			want: planes.Workflow{
				Name: "tenants_reverse", Type: "MoveTables", MultiTenant: true, Reverse: true, Source: "b", Target: "a",
				SourceShards: []string{"0"}, TargetShards: []string{"0"}, State: "Running", Tables: []string{"t"}, SourceTables: []string{"t"},
			},
		},
		"a Materialize by an expression that is not read": {
			give: &vtctldatapb.Workflow{
				Name: "m", WorkflowType: "Materialize", Source: in("a", "0"), Target: in("b", "0"),
				ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{
					"0/z-2": {Streams: []*vtctldatapb.Workflow_Stream{stream(1, "Running", "", rule("t", "select * from t"), rule("u", "select * from (select 1) x"))}},
				},
			},
			want: planes.Workflow{
				Name: "m", Type: "Materialize", Source: "a", Target: "b", SourceShards: []string{"0"}, TargetShards: []string{"0"}, State: "Running",
				Tables: []string{"t", "u"},
			},
		},
		"no streams": {
			give: &vtctldatapb.Workflow{Name: "w", WorkflowType: "MoveTables"},
			want: planes.Workflow{Name: "w", Type: "MoveTables"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := &scripted{workflows: func(req *vtctldatapb.GetWorkflowsRequest) ([]*vtctldatapb.Workflow, error) {
				if req.ActiveOnly {
					return nil, errors.New("a workflow that is stopped still owns what it made")
				}
				return []*vtctldatapb.Workflow{c.give}, nil
			}}
			got := look(t, s, planes.Ask{Workflows: []string{"k"}})
			if d := cmp.Diff([]planes.Workflow{c.want}, got.Workflows); d != "" || got.Unread != nil {
				t.Errorf("workflows (-want +got):\n%s\nunread: %v", d, got.Unread)
			}
		})
	}
}

func TestAWorkflowFromAnotherCluster(t *testing.T) {
	s := &scripted{workflows: func(*vtctldatapb.GetWorkflowsRequest) ([]*vtctldatapb.Workflow, error) {
		return []*vtctldatapb.Workflow{{
			Name: "in", WorkflowType: "Migrate", Source: &vtctldatapb.Workflow_ReplicationLocation{Keyspace: "customer"},
			Target: &vtctldatapb.Workflow_ReplicationLocation{Keyspace: "customer"},
			ShardStreams: map[string]*vtctldatapb.Workflow_ShardStream{"0/z-1": {Streams: []*vtctldatapb.Workflow_Stream{
				{BinlogSource: &binlogdatapb.BinlogSource{Keyspace: "customer", ExternalCluster: "ext"}},
			}}},
		}}, nil
	}}
	if got := look(t, s, planes.Ask{Workflows: []string{"customer"}}).Workflows[0]; got.Source != "ext/customer" || got.Target != "customer" {
		t.Errorf("source %q, target %q: the source is not the keyspace of that name here", got.Source, got.Target)
	}
}

func TestWorkflowsAreSorted(t *testing.T) {
	s := &scripted{workflows: func(req *vtctldatapb.GetWorkflowsRequest) (out []*vtctldatapb.Workflow, _ error) {
		for _, name := range []string{"b", "a"} {
			out = append(out, &vtctldatapb.Workflow{Name: name, Target: &vtctldatapb.Workflow_ReplicationLocation{Keyspace: req.Keyspace}})
		}
		return out, nil
	}}
	var got []string
	for _, w := range look(t, s, planes.Ask{Workflows: []string{"y", "x"}}).Workflows {
		got = append(got, w.Target+"."+w.Name)
	}
	if d := cmp.Diff([]string{"x.a", "x.b", "y.a", "y.b"}, got); d != "" {
		t.Errorf("workflows (-want +got):\n%s", d)
	}
}

// TestAKeyspaceWithoutPrimaries: vtctld cannot list its workflows. Where it has
// no tablet at all there are none, and where that is not sure there may be any.
func TestAKeyspaceWithoutPrimaries(t *testing.T) {
	noPrimary := errors.New("no primary found for shard customer/-80")
	tablet := &topodatapb.Tablet{Alias: &topodatapb.TabletAlias{Cell: "zone1", Uid: 1}}
	for name, c := range map[string]struct {
		workflows error
		tablets   []*topodatapb.Tablet
		err       error
		unread    string
	}{
		"no tablets":              {workflows: noPrimary},
		"a replica":               {workflows: noPrimary, tablets: []*topodatapb.Tablet{tablet}, unread: "no primary found for shard customer/-80"},
		"a cell does not answer":  {workflows: noPrimary, err: errors.New("cell zone2"), unread: "no primary found for shard customer/-80"},
		"vtctld does not answer":  {workflows: status.Error(codes.Unavailable, "gone"), unread: "gone"},
		"this client is refused":  {workflows: status.Error(codes.PermissionDenied, "no"), err: status.Error(codes.PermissionDenied, "no"), unread: "refuses this client"},
		"it is no vtctld, or old": {workflows: status.Error(codes.Unimplemented, "no"), err: status.Error(codes.Unimplemented, "no"), unread: "too old for GetWorkflows"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{
				workflows: func(*vtctldatapb.GetWorkflowsRequest) ([]*vtctldatapb.Workflow, error) { return nil, c.workflows },
				tablets: func(req *vtctldatapb.GetTabletsRequest) (*vtctldatapb.GetTabletsResponse, error) {
					if !req.Strict || req.Keyspace != "customer" || req.TabletType != topodatapb.TabletType_UNKNOWN || len(req.Cells) > 0 {
						t.Errorf("asked for %v: a cell that does not answer may have a tablet", req)
					}
					return &vtctldatapb.GetTabletsResponse{Tablets: c.tablets}, c.err
				},
			}
			got := look(t, s, planes.Ask{Workflows: []string{"customer"}})
			text, unread := got.Unread["customer"]
			if unread != (c.unread != "") || !strings.Contains(text, c.unread) || len(got.Workflows) > 0 {
				t.Errorf("unread %q, want %q", text, c.unread)
			}
		})
	}
}

func rule(match, filter string) *binlogdatapb.Rule {
	return &binlogdatapb.Rule{Match: match, Filter: filter}
}
