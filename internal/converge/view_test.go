package converge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/planes"
)

func TestParseViewReadsWhatVTGateMarshals(t *testing.T) {
	view, err := ParseView(debugPage(t, shop(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := planes.ViewKeyspace{
		Sharded:        true,
		ForeignKeyMode: "unmanaged",
		Vindexes: map[string]planes.ViewVindex{
			"hash":  {Loaded: true},
			"area":  {Loaded: true},
			"email": {Loaded: true, Lookup: "commerce.email_lookup(email) keyspace_id"},
		},
		Tables: map[string]planes.ViewTable{
			"customer": {
				ColumnVindexes: []planes.ViewColumnVindex{
					{Vindex: "hash", Type: "xxhash", Columns: []string{"id"}},
					{Vindex: "email", Type: "consistent_lookup_unique", Columns: []string{"email"}, Owned: true},
				},
				AutoColumn: "id", AutoSequence: "customer_seq",
				Columns:       []string{"id INT64", "email VARCHAR(80,0) not null default 'x'"},
				Authoritative: true,
			},
			// Vitess adds a partial column vindex of (area) behind it.
			"visit": {ColumnVindexes: []planes.ViewColumnVindex{
				{Vindex: "area", Type: "region_experimental", Columns: []string{"area", "id"}},
			}},
			"region": {Type: "reference", Source: "commerce.region"},
			"pinned": {Pinned: "80"},
		},
	}
	if diff := cmp.Diff(want, view.Keyspaces["customer"]); diff != "" {
		t.Errorf("keyspace customer (-want +got):\n%s", diff)
	}
}

func TestParseViewShowsRulesAndSettings(t *testing.T) {
	srv := parseSrv(t, `{
	  "keyspaces": {"a": {"foreign_key_mode": "managed", "tables": {"t": {}},
	     "multi_tenant_spec": {"tenant_id_column_name": "tenant", "tenant_id_column_type": "INT64"}}},
	  "routing_rules": {"rules": [{"from_table": "t", "to_tables": ["a.t"]}]},
	  "shard_routing_rules": {"rules": [{"from_keyspace": "a", "to_keyspace": "b", "shard": "0"}]},
	  "keyspace_routing_rules": {"rules": [{"from_keyspace": "a", "to_keyspace": "b"}]}}`)
	view, err := ParseView(debugPage(t, srv))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"routing_rules/t":          `["a.t"]`,
		"shard_routing_rules/a.0":  `"b"`,
		"keyspace_routing_rules/a": `"b"`,
	}
	if diff := cmp.Diff(want, view.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	ks := view.Keyspaces["a"]
	if ks.ForeignKeyMode != "managed" || !strings.Contains(ks.MultiTenantSpec, "tenant") {
		t.Errorf("settings of a: %+v", ks)
	}
}

func TestParseViewOfOddPages(t *testing.T) {
	for _, tc := range []struct {
		name, page, err string
	}{
		{"not loaded yet", `null`, ""},
		{"vindex of others", `{"keyspaces":{"a":{"vindexes":{"v":{"table":{"deep":1}},"w":null,"x":7}}}}`, ""},
		{"empty", ``, "unexpected end"},
		{"text", `json: unsupported value: encountered a cycle`, "invalid character"},
		{"another page", `{"cmdline":[]}`, "no keyspaces"},
		{"null keyspace", `{"keyspaces":{"a":null}}`, "keyspace a is null"},
		{"null table", `{"keyspaces":{"a":{"tables":{"t":null}}}}`, "keyspace a: table t is null"},
		{"list", `[]`, "cannot unmarshal"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			view, err := ParseView([]byte(tc.page))
			switch {
			case tc.err == "" && (err != nil || view == nil):
				t.Errorf("got %v, %v, want a view", view, err)
			case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
				t.Errorf("error %v, want one with %q", err, tc.err)
			}
		})
	}
}

func FuzzParseView(f *testing.F) {
	f.Add(debugPage(f, shop(f)))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"keyspaces":{"a":{"tables":{"t":{"pinned":"gA==","source":{},"columns":[{}],"column_vindexes":[{},{}]}}}}}`))
	f.Fuzz(func(t *testing.T, page []byte) {
		view, err := ParseView(page)
		if (view == nil) == (err == nil) {
			t.Errorf("got view %v and error %v, want exactly one", view, err)
		}
	})
}
