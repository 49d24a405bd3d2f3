package vtgate

import (
	"net/http"
	"reflect"
	"testing"
)

const tracked = `{"keyspaces": {
 "ks": {"sharded": true, "tables": {
  "t": {"name": "t", "column_list_authoritative": true,
   "columns": [{"name": "id", "type": "INT64"}, {"name": "e", "type": "ENUM", "default": "'a'", "size": 3, "nullable": true, "invisible": true, "values": ["'a'", "'b'"]}, {"name": "d", "type": "DECIMAL", "size": 10, "scale": 2}],
   "primary_key": ["id"],
   "unique_keys": [[{"Name": "e", "Qualifier": {"Name": "", "Qualifier": ""}}, {"Name": "id", "Qualifier": {"Name": "", "Qualifier": ""}}],
    [{"Qualifier": "", "Name": "lower", "Exprs": [{"Name": "e", "Qualifier": {"Name": "", "Qualifier": ""}}]}]]},
  "some": {"name": "some", "columns": [{"name": "id", "type": "INT64"}]}
 }, "views": {"v": "select id from t"}},
 "bare": {},
 "related": {"foreignKeyMode": "managed", "tables": {
  "parent": {"child_foreign_keys": [{"child_table": "related.child", "parent_columns": ["id"], "child_columns": ["parent_id"]}]},
  "child": {"parent_foreign_keys": [{"parent_table": "related.parent", "parent_columns": ["id"], "child_columns": ["parent_id"]}]},
  "other": {}
 }}
}}`

func TestSchemas(t *testing.T) {
	r := readerOf(t, Target{HTTP: pages(t, map[string]http.HandlerFunc{vschemaPath: text(tracked)})})
	got, err := r.Schemas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Schema{
		"ks": {
			Tables: map[string]Table{
				"t": {
					Columns: []Column{
						{Name: "id", Type: "INT64"},
						{Name: "e", Type: "ENUM", Default: "'a'", Size: 3, Nullable: true, Invisible: true, Values: []string{"'a'", "'b'"}},
						{Name: "d", Type: "DECIMAL", Size: 10, Scale: 2},
					},
					PrimaryKey: []string{"id"},
					UniqueKeys: [][]string{{"e", "id"}}, // none over an expression
				},
				"some": {}, // its columns are not known to be all
			},
			Views: map[string]string{"v": "select id from t"},
		},
		"bare":    {Tables: map[string]Table{}},
		"related": {Tables: map[string]Table{"parent": {ForeignKeys: true}, "child": {ForeignKeys: true}, "other": {}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSchemasRefused(t *testing.T) {
	for name, page := range map[string]http.HandlerFunc{
		"denied": status(http.StatusForbidden, "no"), "not JSON": text("cycle"), "another page": text("{}"),
	} {
		r := readerOf(t, Target{HTTP: pages(t, map[string]http.HandlerFunc{vschemaPath: page})})
		if got, err := r.Schemas(t.Context()); got != nil || !Refused(err) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
