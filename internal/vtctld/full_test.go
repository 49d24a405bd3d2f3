package vtctld_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtctld"
	"github.com/vtsync/vtsync/lab/cluster"
)

// TestFullVTCtld reads what real tablets hold.
func TestFullVTCtld(t *testing.T) {
	lab := cluster.FullT(t, cluster.Options{Cells: []string{"zone1"}})
	c := client(t, vtctld.Options{Address: lab.VTCtld()})
	t.Run("tablets", func(t *testing.T) {
		tablets, err := c.Tablets(t.Context())
		if err != nil || len(tablets) != 3 {
			t.Fatalf("tablets %v, %v", tablets, err)
		}
		for _, tablet := range tablets {
			if tablet.Type != "primary" || !strings.HasPrefix(tablet.Version, "24.") || tablet.Err != "" {
				t.Errorf("tablet %+v", tablet)
			}
		}
	})
	t.Run("migrations", func(t *testing.T) { realMigrations(t, lab, c) })
	t.Run("a lookup vindex", func(t *testing.T) { realLookup(t, lab, c) })
	t.Run("MoveTables", func(t *testing.T) { realMoveTables(t, lab, c) })
	t.Run("a shard without a primary", func(t *testing.T) {
		if err := lab.DropPrimary(t.Context(), "customer", "80-"); err != nil {
			t.Fatal(err)
		}
		got := c.Physical(t.Context(), planes.Ask{Workflows: lab.Keyspaces()})
		if got.Unread["customer"] == "" || got.Unread["commerce"] != "" || got.Err != "" {
			t.Errorf("unread %v, error %q", got.Unread, got.Err)
		}
		if err := lab.RestorePrimary(t.Context(), "customer", "80-"); err != nil {
			t.Fatal(err)
		}
	})
}

func realMigrations(t *testing.T, lab *cluster.Cluster, c *vtctld.Client) {
	ctx := t.Context()
	uuid := migrate(t, lab, "--postpone-completion", "alter table customer add column phone varchar(32)")
	ks := func() planes.PhysicalKeyspace {
		ask := named("customer", uuid)
		ask.Schemas, ask.Shards = map[string][]string{"customer": {"customer"}}, map[string][]planes.Shard{"customer": serving(lab, "customer")}
		return c.Physical(ctx, ask).Keyspaces["customer"]
	}
	onBoth := func(ok func(planes.Migration) bool) func() bool {
		return func() bool {
			rows := ks().Migrations
			return len(rows) == 2 && ok(rows[0]) && ok(rows[1])
		}
	}
	await(t, onBoth(func(m planes.Migration) bool { return m.Status == planes.MigrationRunning && m.ReadyToComplete }))
	for i, m := range ks().Migrations {
		want := planes.Migration{
			UUID: uuid, Keyspace: "customer", Shard: lab.Shards("customer")[i], Tablet: lab.PrimaryAlias("customer", lab.Shards("customer")[i]),
			Table: "customer", Action: "alter", Strategy: "vitess", Status: planes.MigrationRunning, PostponeComplete: true, ReadyToComplete: true,
		}
		rest := cmpopts.IgnoreFields(planes.Migration{}, "Context", "Statement", "RowsCopied", "TableRows", "Progress", "ETA", "Stage", "Throttled", "Message", "Requested", "Started")
		if d := cmp.Diff(want, m, rest); d != "" || !strings.Contains(m.Statement, "phone") || m.Context == "" || m.Requested.IsZero() || m.Started.IsZero() {
			t.Errorf("migration %+v (-want +got):\n%s", m, d)
		}
	}
	// Nobody names it, and it is found as it is pending.
	if rows := c.Physical(ctx, named("customer")).Keyspaces["customer"].Migrations; len(rows) != 2 || rows[0].UUID != uuid {
		t.Errorf("pending: %+v", rows)
	}
	if vitessSide := c.Physical(ctx, planes.Ask{Workflows: []string{"customer"}}); len(vitessSide.Workflows) != 1 || vitessSide.Workflows[0].Type != "OnlineDDL" {
		t.Errorf("workflows: %+v", vitessSide)
	}
	if _, err := lab.VTCtldClient(ctx, "OnlineDDL", "complete", "customer", uuid); err != nil {
		t.Fatal(err)
	}
	await(t, onBoth(func(m planes.Migration) bool {
		return m.Status == planes.MigrationComplete && !m.Completed.IsZero()
	}))
	for name, shard := range ks().Shards {
		if shard.Err != "" || len(shard.Tables) != 1 || !strings.Contains(shard.Tables["customer"], "`phone` varchar(32)") {
			t.Errorf("schema of shard %s: %+v", name, shard)
		}
	}

	revert := migrate(t, lab, "", "revert vitess_migration '"+uuid+"'")
	reverted := func(m planes.Migration) bool {
		return m.UUID == revert && m.Reverted == uuid && m.Status == planes.MigrationComplete
	}
	// Only the reverted one is named: its row stays complete.
	await(t, func() bool {
		n := 0
		for _, m := range ks().Migrations {
			if reverted(m) {
				n++
			}
		}
		return n == 2
	})
	if rows := ks().Migrations; len(rows) != 4 {
		t.Errorf("rows %+v", rows)
	}
}

func realLookup(t *testing.T, lab *cluster.Cluster, c *vtctld.Client) {
	if _, err := lab.VTCtldClient(t.Context(), "LookupVindex", "--name", "email_lookup", "--table-keyspace", "commerce", "create",
		"--keyspace", "customer", "--type", "consistent_lookup_unique", "--table-owner", "customer", "--table-owner-columns", "email", "--tablet-types", "PRIMARY"); err != nil {
		t.Fatal(err)
	}
	want := planes.Workflow{
		Name: "email_lookup", Type: "CreateLookupIndex", Source: "customer", Target: "commerce",
		SourceShards: []string{"-80", "80-"}, TargetShards: []string{"0"},
		Tables: []string{"email_lookup"}, SourceTables: []string{"customer"}, LookupVindexes: []string{"email_lookup"},
	}
	if d := cmp.Diff(want, theWorkflow(t.Context(), c, lab, "email_lookup"), cmpopts.IgnoreFields(planes.Workflow{}, "State", "Message")); d != "" {
		t.Errorf("workflow (-want +got):\n%s", d)
	}
	// vtctldclient keeps its streams running after the copy, unless it is told to
	// stop them (--continue-after-copy-with-owner=false).
	await(t, func() bool { return theWorkflow(t.Context(), c, lab, "email_lookup").State == "Running" })
	await(t, func() bool {
		_, err := lab.VTCtldClient(t.Context(), "LookupVindex", "--name", "email_lookup", "--table-keyspace", "commerce", "externalize", "--keyspace", "customer")
		return err == nil
	})
	want.State, want.Frozen, want.AnyFrozen, want.Message = "Stopped", true, true, "FROZEN"
	if d := cmp.Diff(want, theWorkflow(t.Context(), c, lab, "email_lookup")); d != "" {
		t.Errorf("externalized (-want +got):\n%s", d)
	}
}

func realMoveTables(t *testing.T, lab *cluster.Cluster, c *vtctld.Client) {
	if _, err := lab.VTCtldClient(t.Context(), "MoveTables", "--workflow", "move", "--target-keyspace", "commerce", "create",
		"--source-keyspace", "customer", "--tables", "orders", "--tablet-types", "primary"); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return theWorkflow(t.Context(), c, lab, "move").State != "" })
	got := theWorkflow(t.Context(), c, lab, "move")
	want := planes.Workflow{
		Name: "move", Type: "MoveTables", Source: "customer", Target: "commerce", SourceShards: []string{"-80", "80-"}, TargetShards: []string{"0"},
		Tables: []string{"orders"}, SourceTables: []string{"orders"},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(planes.Workflow{}, "State", "Message")); d != "" {
		t.Errorf("workflow (-want +got):\n%s", d)
	}
}

// theWorkflow gives a workflow by its name; the zero value where there is none.
func theWorkflow(ctx context.Context, c *vtctld.Client, lab *cluster.Cluster, name string) planes.Workflow {
	for _, w := range c.Physical(ctx, planes.Ask{Workflows: lab.Keyspaces()}).Workflows {
		if w.Name == name {
			return w
		}
	}
	return planes.Workflow{}
}

func migrate(t *testing.T, lab *cluster.Cluster, flags, statement string) (uuid string) {
	t.Helper()
	out, err := lab.VTCtldClient(t.Context(), "ApplySchema", "--ddl-strategy", strings.TrimSpace("vitess "+flags), "--sql", statement, "customer")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func serving(lab *cluster.Cluster, keyspace string) (out []planes.Shard) {
	for _, name := range lab.Shards(keyspace) {
		out = append(out, planes.Shard{Name: name, Serving: true, Primary: lab.PrimaryAlias(keyspace, name)})
	}
	return out
}
