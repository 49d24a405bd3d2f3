package workflow

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	commerceJSON = `{"tables":{"product":{},"customer_seq":{"type":"sequence"},"order_seq":{"type":"sequence"},"email_lookup":{}}}`
	customerJSON = `{"sharded":true,
		"vindexes":{"hash":{"type":"hash"},"region":{"type":"region_experimental"},
			"name":{"type":"lookup","owner":"customer","params":{"table":"commerce.name_lookup","from":"name","to":"keyspace_id"}},
			"email":{"type":"consistent_lookup","owner":"customer","params":{"table":"commerce.email_lookup","from":"email,id","to":"keyspace_id","write_only":"true"}}},
		"tables":{
			"customer":{"column_vindexes":[{"column":"id","name":"hash"},{"column":"name","name":"name"},{"columns":["email","id"],"name":"email"}],
				"auto_increment":{"column":"id","sequence":"commerce.customer_seq"}},
			"orders":{"column_vindexes":[{"column":"customer_id","name":"hash"}],"auto_increment":{"column":"id","sequence":"order_seq"}},
			"country":{"type":"reference"}}}`
	archiveJSON = `{"sharded":true,"vindexes":{"xx":{"type":"xxhash"},"hash":{"type":"hash"}},
		"tables":{"orders":{"column_vindexes":[{"column":"customer_id","name":"xx"}]},"sums":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`
)

// The workflows as GetWorkflows of Vitess 24 shows them, in one stage each.
var (
	backfilling = planes.Workflow{
		Name: "email_backfill", Type: lookup, Source: "customer", Target: "commerce", State: "Running",
		SourceShards: []string{"-80", "80-"}, TargetShards: []string{"0"},
		Tables: []string{"email_lookup"}, SourceTables: []string{"customer"}, LookupVindexes: []string{"email"},
	}
	moving = planes.Workflow{
		Name: "to_archive", Type: moveTables, Source: "customer", Target: "archive", State: "Running",
		Tables: []string{"orders"}, SourceTables: []string{"orders"},
	}
	migrating = planes.Workflow{
		Name: "import", Type: migrate, Source: "ext1/commerce", Target: "commerce", State: "Copying", Tables: []string{"product"},
	}
	resharding = planes.Workflow{Name: "split", Type: reshard, Source: "customer", Target: "customer", State: "Running"}
	summing    = planes.Workflow{
		Name: "sums", Type: materialize, Source: "customer", Target: "archive", State: "Running",
		Tables: []string{"sums"}, SourceTables: []string{"orders"},
	}
	altering = planes.Workflow{Name: "9e8a9249_3976_11ed_9442_0a43f95f28a3", Type: onlineDDL, Source: "customer", Target: "customer", State: "Running", Tables: []string{"orders"}}
)

// with gives a workflow in another stage.
func with(w planes.Workflow, change func(*planes.Workflow)) planes.Workflow {
	change(&w)
	return w
}

func frozen(w planes.Workflow) planes.Workflow {
	return with(w, func(w *planes.Workflow) { w.State, w.Message, w.Frozen, w.AnyFrozen = "Stopped", "FROZEN", true, true })
}

// reversed is the way back that SwitchTraffic makes of a workflow.
func reversed(w planes.Workflow) planes.Workflow {
	return with(w, func(w *planes.Workflow) {
		w.Name, w.Reverse = w.Name+reverseSuffix, true
		w.Source, w.Target = w.Target, w.Source
		w.Tables, w.SourceTables = w.SourceTables, w.Tables
	})
}

func keyspace(t testing.TB, text string) *vschema.Keyspace {
	t.Helper()
	ks := &vschema.Keyspace{}
	if err := protojson.Unmarshal([]byte(text), ks); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return ks
}

// edited gives the keyspace of the JSON with pieces of its text replaced.
func edited(t testing.TB, text string, oldnew ...string) *vschema.Keyspace {
	t.Helper()
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			t.Fatalf("%q is not in %s", oldnew[i], text)
		}
		text = strings.Replace(text, oldnew[i], oldnew[i+1], 1)
	}
	return keyspace(t, text)
}

func global(t testing.TB) planes.Global {
	t.Helper()
	g := planes.Global{Keyspaces: map[string]planes.Keyspace{}}
	for name, text := range texts {
		g.Keyspaces[name] = planes.Keyspace{HasRecord: true, VSchema: keyspace(t, text)}
	}
	return g
}

var texts = map[string]string{"commerce": commerceJSON, "customer": customerJSON, "archive": archiveJSON}

// broken gives the entries whose claim a change of one keyspace breaks.
func broken(t testing.TB, ws []planes.Workflow, ks string, oldnew ...string) []string {
	t.Helper()
	var out []string
	for _, b := range Broken(Claims(ws, global(t)), ks, keyspace(t, texts[ks]), edited(t, texts[ks], oldnew...)) {
		if b.Text == "" {
			t.Errorf("%s breaks without a text", b.Entry)
		}
		out = append(out, string(b.Entry.Kind)+" "+b.Entry.Name)
	}
	return slices.Compact(out)
}
