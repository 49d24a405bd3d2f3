package fileschema

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/lint"
)

// about says what each message is, by its name, and each field, by its
// message's and its own. A test holds it against the descriptors.
var about = map[string]string{
	"Keyspace":                          "How vtgate routes the queries of one keyspace.",
	"Keyspace.sharded":                  "Whether the rows are spread over shards by vindexes. Without it vtgate ignores vindexes and sends everything to the one shard.",
	"Keyspace.vindexes":                 "The functions from column values to keyspace ids, by name.",
	"Keyspace.tables":                   "The tables, by name; case matters. A sharded keyspace lists them all.",
	"Keyspace.require_explicit_routing": "Tables are found only with the keyspace: in the session or in the query.",
	"Keyspace.foreign_key_mode":         "Who looks after foreign keys: nobody (disallow), MySQL (unmanaged, the default), or vtgate (managed).",
	"Keyspace.multi_tenant_spec":        "The column that tells tenants apart, for migrations of single tenants.",

	"MultiTenantSpec":                       "The column that tells tenants apart.",
	"MultiTenantSpec.tenant_id_column_name": "The name of the column.",
	"MultiTenantSpec.tenant_id_column_type": "Its type, such as INT64 or VARCHAR.",

	"Vindex":        "A function from column values to keyspace ids.",
	"Vindex.type":   "Its type. Vitess knows those of the examples; vtgates can be built with others.",
	"Vindex.params": "What the type needs to know. Every value is a string: \"true\", not true.",
	"Vindex.owner":  "For a lookup vindex, the table whose writes keep the lookup table complete.",

	"Table":                           "One table.",
	"Table.type":                      "sequence, reference, or empty for an ordinary table.",
	"Table.column_vindexes":           "By which columns a row is found. The first is the primary vindex, which places it.",
	"Table.auto_increment":            "The column that takes its values from a sequence.",
	"Table.columns":                   "The columns. vtgate learns them from MySQL by itself where schema tracking is on.",
	"Table.pinned":                    "The keyspace id, in hex, of the one shard that holds the whole table.",
	"Table.column_list_authoritative": "The list of columns is complete: vtgate believes no other.",
	"Table.source":                    "For a reference table, the table that it is copied from: KEYSPACE.TABLE.",

	"ColumnVindex":         "A vindex over columns of a table.",
	"ColumnVindex.column":  "The column; for several use columns.",
	"ColumnVindex.name":    "The name of the vindex, as the keyspace declares it.",
	"ColumnVindex.columns": "The columns, in the order in which the vindex takes them.",

	"AutoIncrement":          "A column that takes its values from a sequence.",
	"AutoIncrement.column":   "The column.",
	"AutoIncrement.sequence": "The sequence: a table of type sequence, as KEYSPACE.TABLE.",

	"Column":                "A column of a table.",
	"Column.name":           "The name.",
	"Column.type":           "Vitess's name of the type, such as INT64 or VARCHAR.",
	"Column.invisible":      "Left out of select *.",
	"Column.default":        "The default, as an SQL expression.",
	"Column.collation_name": "The collation of a text column.",
	"Column.size":           "The length, or the precision of a decimal.",
	"Column.scale":          "The digits after the point of a decimal.",
	"Column.nullable":       "Whether it may be NULL; it may where this is not set.",
	"Column.values":         "The values of an ENUM or SET, in single quotes.",

	"RoutingRules":            "Where queries for a table go instead.",
	"RoutingRules.rules":      "The rules; their order means nothing, and two for one table are a mistake.",
	"RoutingRule":             "One table and where its queries go.",
	"RoutingRule.from_table":  "TABLE, KEYSPACE.TABLE, and either with @replica or @rdonly. It is taken literally.",
	"RoutingRule.to_tables":   "The one table that is meant, as KEYSPACE.TABLE. An empty list disables the table.",
	"ShardRoutingRules":       "Which keyspace serves a shard, while its tenants move shard by shard.",
	"ShardRoutingRules.rules": "The rules.",

	"ShardRoutingRule":               "One shard and who serves it.",
	"ShardRoutingRule.from_keyspace": "The keyspace that queries name.",
	"ShardRoutingRule.to_keyspace":   "The keyspace that serves the shard.",
	"ShardRoutingRule.shard":         "The shard, such as -80.",

	"KeyspaceRoutingRules":              "Which keyspace stands in for another as a whole.",
	"KeyspaceRoutingRules.rules":        "The rules.",
	"KeyspaceRoutingRule":               "One keyspace and what stands in for it.",
	"KeyspaceRoutingRule.from_keyspace": "The keyspace that queries name; with @replica or @rdonly for those alone.",
	"KeyspaceRoutingRule.to_keyspace":   "The keyspace that serves them.",

	"MirrorRules":           "Queries that are sent to a second table too, and whose answer is dropped.",
	"MirrorRules.rules":     "The rules.",
	"MirrorRule":            "One table and its mirror.",
	"MirrorRule.from_table": "The table whose queries are mirrored, as KEYSPACE.TABLE.",
	"MirrorRule.to_table":   "The mirror, as KEYSPACE.TABLE.",
	"MirrorRule.percent":    "How many of the queries, from 0 to 100.",
}

// mustHave lists the fields without which a message says nothing. Those that
// have two spellings cannot be demanded by name.
var mustHave = map[string][]string{
	"Vindex":        {"type"},
	"ColumnVindex":  {"name"},
	"AutoIncrement": {"column", "sequence"},
	"Column":        {"name"},
}

// values says more of a value than its type does.
var values = map[string]object{
	"Vindex.type":                           {"minLength": 1, "examples": lint.VindexTypes()},
	"Vindex.params":                         {"properties": paramValues()},
	"Table.type":                            {"enum": []any{"", "sequence", "reference", nil}},
	"Table.pinned":                          {"pattern": "^([0-9a-fA-F]{2})*$"},
	"ColumnVindex.name":                     {"minLength": 1},
	"AutoIncrement.column":                  {"minLength": 1},
	"AutoIncrement.sequence":                {"minLength": 1},
	"Column.name":                           {"minLength": 1},
	"Column.size":                           {"minimum": 0},
	"Column.scale":                          {"minimum": 0},
	"MultiTenantSpec.tenant_id_column_name": {"minLength": 1},
	"MirrorRule.percent":                    {"minimum": 0, "maximum": 100},
}

// hintOf gives what is said of a field beyond its type.
func hintOf(fd protoreflect.FieldDescriptor) object {
	key := string(fd.ContainingMessage().Name()) + "." + string(fd.Name())
	hint := object{}
	for name, value := range values[key] {
		hint[name] = value
	}
	if text := about[key]; text != "" {
		hint["description"] = text
	}
	return hint
}

// paramValues are the values of those params that take only some.
func paramValues() object {
	out := object{"read_lock": object{"type": "string", "enum": []string{"exclusive", "shared", "none"}}}
	for _, name := range []string{"autocommit", "batch_lookup", "ignore_nulls", "multi_shard_autocommit", "no_verify", "write_only"} {
		out[name] = object{"type": "string", "enum": []string{"true", "false"}}
	}
	return out
}

// paramsByType names the params that a type takes, so that editors complete
// them. It forbids no other: Vitess ignores those.
func paramsByType() []any {
	var out []any
	for _, typ := range lint.VindexTypes() {
		known := slices.Sorted(slices.Values(lint.VindexParams(typ)))
		if len(known) == 0 {
			continue
		}
		properties := object{}
		for _, name := range known {
			properties[name] = object{"type": "string"}
		}
		out = append(out, object{
			"if":   object{"properties": object{"type": object{"const": typ}}, "required": []string{"type"}},
			"then": object{"properties": object{"params": object{"properties": properties}}},
		})
	}
	return out
}
