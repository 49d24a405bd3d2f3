package fileschema

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/errs"
)

func TestEncodeIsDeterministic(t *testing.T) {
	for _, k := range Kinds {
		first, err := Encode(k)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if again, err := Encode(k); err != nil || !bytes.Equal(first, again) {
				t.Errorf("%s: two schemas of the same build differ: %v", k, err)
			}
		}
	}
	if _, err := Encode("sequences"); err == nil {
		t.Error("a kind that there is not has a schema")
	}
}

// TestEveryFieldIsExplained: a field that a newer Vitess adds fails here until
// somebody says what it is.
func TestEveryFieldIsExplained(t *testing.T) {
	unused := make(map[string]bool)
	for key := range about {
		unused[key] = true
	}
	explained := func(key string) {
		if about[key] == "" {
			t.Errorf("%s is not explained", key)
		}
		delete(unused, key)
	}
	var walk func(protoreflect.MessageDescriptor)
	walk = func(md protoreflect.MessageDescriptor) {
		explained(string(md.Name()))
		for i := range md.Fields().Len() {
			fd := md.Fields().Get(i)
			explained(string(md.Name()) + "." + string(fd.Name()))
			if fd.IsMap() {
				fd = fd.MapValue()
			}
			if fd.Message() != nil {
				walk(fd.Message())
			}
		}
	}
	for _, k := range Kinds {
		if k != Config {
			walk(messageOf(k))
		}
	}
	for key := range unused {
		t.Errorf("%s is explained and not there", key)
	}
	for key := range values {
		if about[key] == "" {
			t.Errorf("the values of %s are bounded, and it is not there", key)
		}
	}
}

// TestValidate: what only the schema forbids is told at its place, by the
// proto's names.
func TestValidate(t *testing.T) {
	tests := []struct {
		name string
		kind Kind
		text string
		path string // of the one violation; empty for none
		says string
	}{
		{"sound", VSchema, `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{"columnVindexes":[{"column":"id","name":"hash"}]}}}`, "", ""},
		{"nulls", VSchema, `{"sharded":null,"vindexes":null,"multi_tenant_spec":null,"tables":{"t":{"auto_increment":null}}}`, "", ""},
		{"a type of others", VSchema, `{"vindexes":{"v":{"type":"ours","params":{"x":"y"}}}}`, "", ""},
		{"no type", VSchema, `{"vindexes":{"v":{}}}`, "vindexes.v", "missing property 'type'"},
		{"a negative size", VSchema, `{"tables":{"t":{"columns":[{"name":"id"},{"name":"c","size":-1}]}}}`, "tables.t.columns.1.size", "minimum"},
		{"the same in the other spelling", VSchema, `{"multiTenantSpec":{"tenantIdColumnName":""}}`, "multi_tenant_spec.tenant_id_column_name", "minLength"},
		{"a word for a truth", VSchema, `{"vindexes":{"v":{"type":"lookup","params":{"write_only":"yes"}}}}`, "vindexes.v.params.write_only", "'true', 'false'"},
		{"a number that is a name", VSchema, `{"foreign_key_mode":3,"tables":{"t":{"columns":[{"name":"a","type":"INT64","size":"10"}]}}}`, "", ""},
		{"percent", MirrorRules, `{"rules":[{"from_table":"a.t","to_table":"b.t","percent":101}]}`, "rules.0.percent", "maximum"},
		{"rules", TableRules, `{"rules":[{"fromTable":"t","to_tables":["a.t"]}]}`, "", ""},
		{"config", Config, `{"clusters":{"prod":{"topo":"etcd2://h:1/v","vtgates":["h:2",{"address":"h:3","mysql":3306}],"policy":{"max_cell_bytes":0}}}}`, "clusters.prod.policy.max_cell_bytes", "minimum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := Validate(tt.kind, decodeJSON(t, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if tt.path == "" {
				if len(found) > 0 {
					t.Errorf("got %+v, want nothing", found)
				}
				return
			}
			if len(found) != 1 || strings.Join(found[0].Path, ".") != tt.path || !strings.Contains(found[0].Message, tt.says) {
				t.Errorf("got %+v, want %q at %s", found, tt.says, tt.path)
			}
		})
	}
}

// TestConfigSchema holds the schema of vtsync.yaml against its reader: each
// mapping has the keys that the reader names when it meets another.
func TestConfigSchema(t *testing.T) {
	schema := configSchema()
	defs := schema["$defs"].(object)
	cluster := defs["cluster"].(object)
	mappings := []struct {
		text   string // %s stands in the mapping
		schema object
	}{
		{`{zzz: 1}`, schema},
		{`{lint: {zzz: 1}}`, property(schema, "lint")},
		{`{lint: {ignore: [{zzz: 1}]}}`, defs["ignore"].(object)},
		{`{clusters: {c: {topo: "etcd2://h:1/v", zzz: 1}}}`, cluster},
		{`{clusters: {c: {topo: "etcd2://h:1/v", topo_tls: {zzz: 1}}}}`, defs["tls"].(object)},
		{`{clusters: {c: {topo: "etcd2://h:1/v", cells: {zzz: 1}}}}`, property(cluster, "cells")},
		{`{clusters: {c: {topo: "etcd2://h:1/v", policy: {zzz: 1}}}}`, property(cluster, "policy")},
		{`{clusters: {c: {topo: "etcd2://h:1/v", policy: {freeze: [{zzz: 1}]}}}}`, property(property(cluster, "policy"), "freeze")["items"].(object)},
		{`{clusters: {c: {topo: "etcd2://h:1/v", policy: {approvals: {zzz: 1}}}}}`, property(property(cluster, "policy"), "approvals")},
		{`{clusters: {c: {topo: "etcd2://h:1/v", policy: {impact: {zzz: 1}}}}}`, property(property(cluster, "policy"), "impact")},
		{`{clusters: {c: {topo: "etcd2://h:1/v", vtgates: [{address: "h:1", zzz: 1}]}}}`, defs["vtgate"].(object)},
		{`{clusters: {c: {topo: "etcd2://h:1/v", vtctld: {address: "h:1", zzz: 1}}}}`, property(cluster, "vtctld")},
	}
	for _, m := range mappings {
		_, err := config.Parse("vtsync.yaml", []byte(m.text))
		var invalid *errs.Invalid
		if !errors.As(err, &invalid) {
			t.Fatalf("%s: %v", m.text, err)
		}
		keys := strings.Split(strings.TrimPrefix(invalid.Next, "the keys are "), ", ")
		if got := sorted(m.schema["properties"].(object)); !slices.Equal(got, keys) {
			t.Errorf("%s: the schema has the keys %v, the reader %v", m.text, got, keys)
		}
	}
}

func property(schema object, name string) object {
	return schema["properties"].(object)[name].(object)
}
