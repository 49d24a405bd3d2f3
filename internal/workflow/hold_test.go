package workflow

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

func TestHolds(t *testing.T) {
	creating := with(backfilling, func(w *planes.Workflow) { w.LookupVindexes = []string{"email", "phone"} })
	// The workflow is frozen before write_only goes; afterwards it waits to be
	// completed, and holds nothing.
	externalized := edited(t, customerJSON, `,"write_only":"true"`, ``)
	tests := []struct {
		name     string
		physical planes.Physical
		customer *vschema.Keyspace
		held     string // keyspaces, joined
		says     string
	}{
		{"nothing runs", planes.Physical{}, nil, "", ""},
		{"a backfill under way", planes.Physical{Workflows: []planes.Workflow{backfilling}}, nil, "", ""},
		{"a create under way", planes.Physical{Workflows: []planes.Workflow{creating}}, nil, "commerce,customer", "customer.phone is not in the VSchema yet"},
		{"an externalize under way", planes.Physical{Workflows: []planes.Workflow{frozen(backfilling)}}, nil, "commerce,customer", "still write_only"},
		{"an externalize that has frozen one shard", planes.Physical{Workflows: []planes.Workflow{
			with(backfilling, func(w *planes.Workflow) { w.State, w.Message, w.AnyFrozen = "Running,Stopped", "copied", true })}}, nil, "commerce,customer", "still write_only"},
		{"externalized", planes.Physical{Workflows: []planes.Workflow{frozen(backfilling)}}, externalized, "", ""},
		{"a switched move", planes.Physical{Workflows: []planes.Workflow{frozen(moving), reversed(moving)}}, nil, "", ""},
		{"a reshard", planes.Physical{Workflows: []planes.Workflow{resharding, altering, summing}}, nil, "", ""},
		{"a move that names no tables", planes.Physical{Workflows: []planes.Workflow{with(moving, func(w *planes.Workflow) { w.Tables = nil })}}, nil, "archive,customer", "no stream of it names a table"},
		{"a type of a newer Vitess", planes.Physical{Workflows: []planes.Workflow{{Name: "x", Type: "7", Source: "customer", Target: "archive"}}}, nil, "archive,customer", "does not know the type"},
		{"a keyspace whose workflows are unread", planes.Physical{Unread: map[string]string{"archive": "no primary found for shard"}}, nil, "archive,commerce,customer", "keyspace archive cannot be listed"},
		{"no vtctld answers", planes.Physical{Err: "no answer"}, nil, "archive,commerce,customer", "nobody can tell"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := global(t)
			if tt.customer != nil {
				g.Keyspaces["customer"] = planes.Keyspace{HasRecord: true, VSchema: tt.customer}
			}
			var held []string
			holds := Holds(tt.physical, g)
			for _, ks := range []string{"archive", "commerce", "customer"} {
				if slices.ContainsFunc(holds, func(h Hold) bool { return h.On(ks) }) {
					held = append(held, ks)
				}
			}
			if got := strings.Join(held, ","); got != tt.held {
				t.Fatalf("held: %q, want %q", got, tt.held)
			}
			if tt.held != "" && (len(holds) != 1 || !strings.Contains(holds[0].Text, tt.says) || holds[0].Remedy == "") {
				t.Errorf("holds %+v, want one that says %q", holds, tt.says)
			}
		})
	}
}

func TestOwnerOfRules(t *testing.T) {
	table := func(from, to string) proto.Message {
		return &vschema.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: from, ToTables: []string{to}}}}
	}
	tenants := with(moving, func(w *planes.Workflow) { w.MultiTenant = true })
	tests := []struct {
		name string
		w    planes.Workflow
		kind vschema.RuleKind
		rule proto.Message
		want bool
	}{
		{"by the plain name", moving, vschema.TableRules, table("orders", "customer.orders"), true},
		{"of replicas", moving, vschema.TableRules, table("archive.orders@replica", "archive.orders"), true},
		{"only by where it leads", moving, vschema.TableRules, table("alias", "archive.orders"), true},
		{"of another table", moving, vschema.TableRules, table("archive.sums", "archive.sums"), false},
		{"of another keyspace's table", moving, vschema.TableRules, table("commerce.orders", "commerce.product"), false},
		{"of a mirror", moving, vschema.MirrorKind, &vschema.MirrorRules{Rules: []*vschemapb.MirrorRule{{FromTable: "customer.orders@rdonly", ToTable: "archive.orders", Percent: 5}}}, true},
		{"of a shard", moving, vschema.ShardRules, &vschema.ShardRoutingRules{Rules: []*vschemapb.ShardRoutingRule{{FromKeyspace: "archive", Shard: "-80", ToKeyspace: "customer"}}}, true},
		{"of a shard of others", moving, vschema.ShardRules, &vschema.ShardRoutingRules{Rules: []*vschemapb.ShardRoutingRule{{FromKeyspace: "commerce", Shard: "-80", ToKeyspace: "customer"}}}, false},
		{"of a keyspace, which only tenants' moves set", moving, vschema.KeyspaceRules, &vschema.KeyspaceRoutingRules{Rules: []*vschemapb.KeyspaceRoutingRule{{FromKeyspace: "customer@replica", ToKeyspace: "archive"}}}, false},
		{"of a keyspace", tenants, vschema.KeyspaceRules, &vschema.KeyspaceRoutingRules{Rules: []*vschemapb.KeyspaceRoutingRule{{FromKeyspace: "customer@replica", ToKeyspace: "archive"}}}, true},
		{"where nothing moves", resharding, vschema.TableRules, table("orders", "customer.orders"), false},
	}
	for _, tt := range tests {
		for _, other := range []proto.Message{nil, vschema.NewRules(tt.kind)} {
			w, got := OwnerOfRules([]planes.Workflow{tt.w}, tt.kind, other, tt.rule)
			if got != tt.want || got && w.Name != tt.w.Name {
				t.Errorf("a rule %s: owned %v by %q, want %v", tt.name, got, w.Name, tt.want)
			}
			if _, again := OwnerOfRules([]planes.Workflow{tt.w}, tt.kind, tt.rule, tt.rule); again {
				t.Errorf("a rule %s differs from itself", tt.name)
			}
		}
	}
}

// TestHoldRemedies: what goes on by itself is named, and the way out where the
// command has failed.
func TestHoldRemedies(t *testing.T) {
	created := with(backfilling, func(w *planes.Workflow) { w.LookupVindexes = []string{"phone"} })
	for _, tt := range []struct {
		w    planes.Workflow
		want []string
	}{
		{created, []string{"the create that runs now", "LookupVindex --name email_backfill --table-keyspace commerce cancel", "drop table email_lookup in commerce"}},
		{with(moving, func(w *planes.Workflow) { w.Tables = nil }), []string{"see its streams: vtctldclient GetWorkflows --workflow to_archive --show-all archive", "Workflow --keyspace archive delete --workflow to_archive --keep-data"}},
		{frozen(backfilling), []string{"the externalize that runs now", "the VSchema of customer without write_only, in one write", "LookupVindex --name email_backfill --table-keyspace commerce complete --keyspace customer"}},
	} {
		holds := Holds(planes.Physical{Workflows: []planes.Workflow{tt.w}}, global(t))
		if len(holds) != 1 {
			t.Fatalf("%s: holds %+v, want one", Describe(tt.w), holds)
		}
		for _, want := range tt.want {
			if !strings.Contains(holds[0].Remedy, want) {
				t.Errorf("%s: %q lacks %q", Describe(tt.w), holds[0].Remedy, want)
			}
		}
	}
}
