package workflow

import (
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestBroken: which changes the workflow of each type is in the way of, and
// which go through beside it.
func TestBroken(t *testing.T) {
	const (
		theirs  = `"tables":{"theirs":{"column_vindexes":[{"column":"id","name":"hash"}]},`
		numeric = `"vindexes":{"numeric":{"type":"numeric"},`
	)
	tests := []struct {
		name   string
		w      planes.Workflow
		ks     string
		change []string
		want   string // entries, joined by a comma
	}{
		// LookupVindex
		{"lookup: write_only is dropped", backfilling, "customer", []string{`,"write_only":"true"`, ``}, "vindex email"},
		{"lookup: another param of the vindex", backfilling, "customer", []string{`"from":"email,id"`, `"from":"email"`}, "vindex email"},
		{"lookup: the vindex and its column vindex are dropped", backfilling, "customer", []string{
			`,{"columns":["email","id"],"name":"email"}`, ``,
			`,
			"email":{"type":"consistent_lookup","owner":"customer","params":{"table":"commerce.email_lookup","from":"email,id","to":"keyspace_id","write_only":"true"}}`, ``,
		}, "vindex email,table customer"},
		{"lookup: the columns of the column vindex", backfilling, "customer", []string{`["email","id"]`, `["mail","id"]`}, "table customer"},
		{"lookup: another column vindex moves behind it", backfilling, "customer", []string{
			`{"column":"name","name":"name"},{"columns":["email","id"],"name":"email"}`, `{"columns":["email","id"],"name":"email"},{"column":"name","name":"name"}`,
		}, "table customer"},
		{"lookup: the primary vindex of the owner", backfilling, "customer", []string{`{"column":"id","name":"hash"},{"column":"name"`, `{"column":"uid","name":"hash"},{"column":"name"`}, "table customer"},
		{"lookup: the vindex behind it", backfilling, "customer", []string{`"hash":{"type":"hash"}`, `"hash":{"type":"xxhash"}`}, "vindex hash"},
		{"lookup: the owner is dropped", backfilling, "customer", []string{`"customer":{"column_vindexes"`, `"client":{"column_vindexes"`}, "table customer"},
		{"lookup: the keyspace becomes unsharded", backfilling, "customer", []string{`"sharded":true`, `"sharded":false`}, "setting sharded"},
		{"lookup: its table is dropped", backfilling, "commerce", []string{`,"email_lookup":{}`, ``}, "table email_lookup"},
		{"lookup: its table changes", backfilling, "commerce", []string{`"email_lookup":{}`, `"email_lookup":{"pinned":"aa"}`}, "table email_lookup"},
		{"lookup, frozen: write_only comes back", frozen(backfilling), "customer", []string{`"write_only":"true"`, `"write_only":"false"`}, "vindex email"},
		{"lookup, stopped after copy", with(backfilling, func(w *planes.Workflow) { w.State, w.Message = "Stopped", "Stopped after copy" }),
			"customer", []string{`,"write_only":"true"`, ``}, "vindex email"},
		{"lookup: another form of the column vindex", backfilling, "customer", []string{`["email","id"]`, `["Email","id"]`}, ""},
		{"lookup: something else of the owner", backfilling, "customer", []string{`commerce.customer_seq`, `commerce.order_seq`}, ""},
		{"lookup: another column vindex of the owner goes", backfilling, "customer", []string{`{"column":"name","name":"name"},`, ``}, ""},
		{"lookup: a lookup is added to the owner", backfilling, "customer", []string{`"name":"email"}]`, `"name":"email"},{"column":"phone","name":"name"}]`}, ""},
		{"lookup: another table", backfilling, "customer", []string{`"tables":{`, theirs}, ""},
		{"lookup: another table of the target", backfilling, "commerce", []string{`"product":{}`, `"product":{"pinned":"aa"}`}, ""},

		// MoveTables, Migrate
		{"move: the table in the source", moving, "customer", []string{`"sequence":"order_seq"`, `"sequence":"customer_seq"`}, "table orders"},
		{"move: the table in the target", moving, "archive", []string{`"orders":{"column_vindexes":[{"column":"customer_id"`, `"orders":{"column_vindexes":[{"column":"id"`}, "table orders"},
		{"move: dropped in the target", moving, "archive", []string{`"orders":`, `"order":`}, "table orders"},
		{"move: the primary vindex in the target", moving, "archive", []string{`"type":"xxhash"`, `"type":"hash"`}, "vindex xx"},
		{"move: its sequence", moving, "commerce", []string{`,"order_seq":{"type":"sequence"}`, ``}, "table order_seq"},
		{"move, switched: the table in the source", frozen(moving), "customer", []string{`"sequence":"order_seq"`, `"sequence":"customer_seq"`}, "table orders"},
		{"move, stopped", with(moving, func(w *planes.Workflow) { w.State = "Stopped" }), "archive", []string{`"orders":`, `"order":`}, "table orders"},
		{"move, only the way back is left", reversed(moving), "archive", []string{`"orders":`, `"order":`}, "table orders"},
		{"move, partial", with(moving, func(w *planes.Workflow) { w.Partial, w.SubType = true, "Partial" }), "archive", []string{`"orders":`, `"order":`}, "table orders"},
		{"move, multi-tenant: the tenant's column", with(moving, func(w *planes.Workflow) { w.MultiTenant = true }), "archive",
			[]string{`"sharded":true`, `"sharded":true,"multi_tenant_spec":{"tenant_id_column_name":"tenant"}`}, "setting multi_tenant_spec"},
		{"move: the tenant's column where no tenant moves", moving, "archive",
			[]string{`"sharded":true`, `"sharded":true,"multi_tenant_spec":{"tenant_id_column_name":"tenant"}`}, ""},
		{"move: another table", moving, "customer", []string{`"tables":{`, theirs}, ""},
		{"move: another table of the target", moving, "archive", []string{`"sums":`, `"sum":`}, ""},
		{"move: another sequence", moving, "commerce", []string{`,"customer_seq":{"type":"sequence"}`, ``}, ""},
		{"migrate: the table in the target", migrating, "commerce", []string{`"product":{}`, `"product":{"pinned":"aa"}`}, "table product"},
		{"migrate: another table", migrating, "commerce", []string{`,"email_lookup":{}`, ``}, ""},

		// Reshard
		{"reshard: sharded", resharding, "customer", []string{`"sharded":true`, `"sharded":false`}, "setting sharded"},
		{"reshard: a primary vindex", resharding, "customer", []string{`{"column":"customer_id","name":"hash"}`, `{"column":"id","name":"hash"}`}, "table orders"},
		{"reshard: the type of a vindex", resharding, "customer", []string{`"hash":{"type":"hash"}`, `"hash":{"type":"xxhash"}`}, "vindex hash"},
		{"reshard: a table goes", resharding, "customer", []string{`"orders":`, `"order":`}, "table orders"},
		{"reshard: a pin", resharding, "customer", []string{`"country":{"type":"reference"}`, `"country":{"type":"reference","pinned":"aa"}`}, "table country"},
		{"reshard: a reference table becomes sharded", resharding, "customer", []string{`"country":{"type":"reference"}`, `"country":{"column_vindexes":[{"column":"id","name":"hash"}]}`}, "table country"},
		{"reshard: a cheaper unique vindex", resharding, "customer", []string{`"vindexes":{`, numeric, `{"column":"customer_id","name":"hash"}`, `{"column":"customer_id","name":"hash"},{"column":"id","name":"numeric"}`}, "table orders"},
		{"reshard: a lookup is added", resharding, "customer", []string{`{"column":"customer_id","name":"hash"}`, `{"column":"customer_id","name":"hash"},{"column":"note","name":"name"}`}, ""},
		{"reshard: a table is added", resharding, "customer", []string{`"tables":{`, theirs}, ""},
		{"reshard: a sequence of a table", resharding, "customer", []string{`"sequence":"order_seq"`, `"sequence":"customer_seq"`}, ""},
		{"reshard of another keyspace", resharding, "archive", []string{`"sharded":true`, `"sharded":false`}, ""},

		// Materialize, and the engine of online DDL
		{"materialize: the place of its table", summing, "archive", []string{`{"column":"id","name":"hash"}`, `{"column":"sum","name":"hash"}`}, "table sums"},
		{"materialize: its table goes", summing, "archive", []string{`"sums":`, `"sum":`}, "table sums"},
		{"materialize: columns of its table", summing, "archive", []string{`"sums":{`, `"sums":{"columns":[{"name":"id"}],`}, ""},
		{"materialize: the table that it reads", summing, "customer", []string{`"sequence":"order_seq"`, `"sequence":"customer_seq"`}, ""},
		{"online DDL", altering, "customer", []string{`"orders":`, `"order":`}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(broken(t, []planes.Workflow{tt.w}, tt.ks, tt.change...), ","); got != tt.want {
				t.Errorf("broken: %q, want %q", got, tt.want)
			}
		})
	}
}

// TestBothWays: a switched workflow and its way back are named once, by the
// workflow that the commands name.
func TestBothWays(t *testing.T) {
	ws := []planes.Workflow{reversed(moving), frozen(moving)}
	got := Refusals(Broken(Claims(ws, global(t)), "archive", keyspace(t, archiveJSON), edited(t, archiveJSON, `"orders":`, `"order":`)))
	if len(got) != 1 || got[0].Workflow.Name != "to_archive" {
		t.Fatalf("refusals: %+v", got)
	}
	if want := "vtctldclient MoveTables --workflow to_archive --target-keyspace archive complete"; !strings.Contains(got[0].Remedy, want) {
		t.Errorf("remedy %q lacks %q", got[0].Remedy, want)
	}
	if want := "workflow to_archive (MoveTables, customer to archive, Stopped, frozen) owns what would change: archive: table orders is dropped"; !strings.HasPrefix(got[0].Text, want) {
		t.Errorf("text %q lacks %q", got[0].Text, want)
	}
}

// TestOrder: what is claimed does not depend on the order of anything.
func TestOrder(t *testing.T) {
	ws := []planes.Workflow{backfilling, moving, resharding, summing, migrating}
	want := Claims(ws, global(t))
	for range 20 {
		slices.Reverse(ws)
		if got := Claims(ws, global(t)); !slices.EqualFunc(got, want, func(a, b Claim) bool {
			return a.Workflow.Name == b.Workflow.Name && a.Entry == b.Entry && a.Part == b.Part && a.Vindex == b.Vindex
		}) {
			t.Fatalf("claims: %+v, want %+v", got, want)
		}
	}
}

// TestNothingChanges: a change of nothing breaks nothing.
func TestNothingChanges(t *testing.T) {
	g := global(t)
	claims := Claims([]planes.Workflow{backfilling, moving, resharding, summing, migrating}, g)
	for ks, text := range texts {
		if got := Broken(claims, ks, g.Keyspaces[ks].VSchema, keyspace(t, text)); len(got) > 0 {
			t.Errorf("%s: %+v", ks, got)
		}
	}
}

// TestRemedies: each workflow in each stage has the command that frees what it
// owns.
func TestRemedies(t *testing.T) {
	tests := []struct {
		w    planes.Workflow
		want string
	}{
		{backfilling, "LookupVindex --name email_backfill --table-keyspace commerce externalize --keyspace customer"},
		{frozen(backfilling), "LookupVindex --name email_backfill --table-keyspace commerce complete --keyspace customer"},
		{moving, "MoveTables --workflow to_archive --target-keyspace archive switchtraffic"},
		{frozen(moving), "MoveTables --workflow to_archive --target-keyspace archive complete"},
		{migrating, "Migrate --workflow import --target-keyspace commerce complete"},
		{resharding, "Reshard --workflow split --target-keyspace customer switchtraffic"},
		{summing, "Materialize --workflow sums --target-keyspace archive cancel"},
		{backfilling, "a vindex without an owner has no complete"},
		{reversed(moving), "vtctldclient Workflow --keyspace customer delete --workflow to_archive_reverse --keep-data --keep-routing-rules"},
		{with(moving, func(w *planes.Workflow) { w.Name = "it's; mine" }), `--workflow 'it'\''s; mine' --target-keyspace archive`},
		{planes.Workflow{Name: "x", Type: "7", Target: "archive"}, "use a vtsync built for"},
	}
	for _, tt := range tests {
		if got := Remedy(tt.w); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q lacks %q", Describe(tt.w), got, tt.want)
		}
	}
}

func TestRefusalsAreShort(t *testing.T) {
	many := keyspace(t, `{"sharded":true}`)
	got := Refusals(Broken(Claims([]planes.Workflow{resharding}, wide(8)), "customer", wide(8).Keyspaces["customer"].VSchema, many))
	if len(got) != 1 || !strings.HasSuffix(got[0].Text, "; and 4 more") { // 8 tables and a vindex
		t.Errorf("refusals: %+v", got)
	}
}

// wide is a cluster with one keyspace of so many tables.
func wide(n int) planes.Global {
	ks := &vschema.Keyspace{Sharded: true, Vindexes: map[string]*vschema.Vindex{"hash": {Type: "hash"}}, Tables: map[string]*vschema.Table{}}
	for i := range n {
		ks.Tables["t"+string(rune('a'+i))] = &vschema.Table{ColumnVindexes: []*vschema.ColumnVindex{{Column: "id", Name: "hash"}}}
	}
	return planes.Global{Keyspaces: map[string]planes.Keyspace{"customer": {HasRecord: true, VSchema: ks}}}
}
