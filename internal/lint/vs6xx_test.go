package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"vitess.io/vitess/go/sqltypes"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/physical"
)

// tables reads CREATE TABLEs.
func tables(t testing.TB, sql string) *physical.Schema {
	t.Helper()
	schema, err := physical.Load(fstest.MapFS{"schema/tables.sql": {Data: []byte(sql)}}, "schema")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestColumnTypes holds which types which vindexes can map: Vitess is asked, so
// this says what it answers.
func TestColumnTypes(t *testing.T) {
	numbers := []string{"hash", "numeric", "reverse_bits"}
	for _, tt := range []struct {
		column string
		// fails are the vindexes that cannot map it, and severity is how much
		// that is: a warning where some values work.
		fails    []string
		severity Severity
	}{
		{"bigint", nil, ""},
		{"bigint unsigned", nil, ""},
		{"tinyint(1)", nil, ""},
		{"year", nil, ""},
		{"decimal(20,0)", nil, ""},
		{"double", numbers, Warning},
		{"varchar(64)", numbers, Warning},
		{"char(36)", numbers, Warning},
		{"binary(16)", numbers, Warning},
		{"blob", numbers, Warning},
		{"enum('a','b')", numbers, Warning},
		{"date", numbers, Error},
		{"time", numbers, Error},
		{"datetime(6)", numbers, Error},
		{"timestamp", numbers, Error},
		{"json", nil, ""},     // not judged
		{"bit(8)", nil, ""},   // not judged
		{"geometry", nil, ""}, // not judged
	} {
		var got []string
		for _, vindex := range append([]string{"xxhash", "binary_md5", "unicode_loose_md5"}, numbers...) {
			found := Check(Input{
				After: world(t, map[string]string{"ks": fmt.Sprintf(
					`{"sharded":true,"vindexes":{"v":{"type":"%s"}},"tables":{"t":{"column_vindexes":[{"column":"id","name":"v"}]}}}`, vindex)}),
				Schemas: map[string]*physical.Schema{"ks": tables(t, "create table t (id "+tt.column+")")},
			})
			if slices.Equal(briefs(found, "VS604"), []string{fmt.Sprintf("VS604 %s ks/tables/t/column_vindexes/0/column", tt.severity)}) {
				got = append(got, vindex)
			}
		}
		if !slices.Equal(got, tt.fails) {
			t.Errorf("column of type %s: cannot be mapped by %q, want %q", tt.column, got, tt.fails)
		}
	}
}

// TestTextsOfDigits: Vitess maps them as it does the numbers, which is why such
// columns are a warning.
func TestTextsOfDigits(t *testing.T) {
	for _, typ := range []string{"hash", "numeric", "reverse_bits"} {
		v, err := vindexes.CreateVindex(typ, "v", nil)
		if err != nil {
			t.Fatal(err)
		}
		number, err := v.(vindexes.Hashing).Hash(sqltypes.NewInt64(5))
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range []sqltypes.Value{sqltypes.NewVarChar("5"), sqltypes.NewVarBinary("5"), sqltypes.NewFloat64(5)} {
			if text, err := v.(vindexes.Hashing).Hash(value); err != nil || !slices.Equal(text, number) {
				t.Errorf("%s maps %v to %x (%v), want %x", typ, value, text, err, number)
			}
		}
		if _, err := v.(vindexes.Hashing).Hash(sqltypes.NewVarChar("2020-01-31")); err == nil {
			t.Errorf("%s maps a date", typ)
		}
	}
}

var lookupKs = `{"sharded":true,
	"vindexes":{
		"hash":{"type":"hash"},
		"look":{"type":"consistent_lookup","owner":"t","params":{"table":"lookup.names","from":"%s","to":"%s"}}},
	"tables":{"t":{"column_vindexes":[{"column":"id","name":"hash"},{"columns":["name","id"],"name":"look"}]}}}`

// TestPhysicalNames: a slip in a name is answered with the whole value that was
// meant, and told once.
func TestPhysicalNames(t *testing.T) {
	lookup := "create table names (name varchar(64), id bigint, keyspace_id varbinary(128))"
	for _, tt := range []struct {
		name, customer, sql string
		want                []string
	}{
		{"one of several", fmt.Sprintf(lookupKs, "nam, id", "keyspace_id"), "", []string{"VS614 error ks/vindexes/look/params/from near name,id"}},
		{"to, by case too", fmt.Sprintf(lookupKs, "NAME,ID", "keyspce_id"), "", []string{"VS614 error ks/vindexes/look/params/to near keyspace_id"}},
		{"nothing like it", fmt.Sprintf(lookupKs, "name,other", "keyspace_id"), "", []string{"VS614 error ks/vindexes/look/params/from"}},
		{
			"vindex column, which the list has not either",
			`{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"column":"idd","name":"hash"}],
				"columns":[{"name":"id","type":"INT64"}],"column_list_authoritative":true}}}`,
			"create table t (id bigint)",
			[]string{"VS611 error ks/tables/t/column_vindexes/0/column near id"},
		},
		{
			"column of the list, which a vindex and auto_increment are on as MySQL has it",
			`{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"column":"ident","name":"hash"}],
				"auto_increment":{"column":"ident","sequence":"lookup.s"},"columns":[{"name":"idnet"}],"column_list_authoritative":true}}}`,
			"create table t (ident bigint)",
			[]string{"VS617 error ks/tables/t/columns/0/name near ident"},
		},
		{
			"types of the list",
			`{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"column":"id","name":"hash"}],"column_list_authoritative":true,
				"columns":[{"name":"id","type":"UINT64"},{"name":"name","type":"INT64"},{"name":"note"},{"name":"flag","type":"UINT8"},{"name":"born","type":"DATETIME"},{"name":"digest","type":"VARCHAR"}]}}}`,
			"create table t (id bigint, name varchar(64), note text, flag bool, born date, digest varbinary(16))",
			[]string{
				"VS617 info ks/tables/t/columns/0/type near INT64", "VS617 warning ks/tables/t/columns/1/type near VARCHAR",
				"VS617 warning ks/tables/t/columns/4/type near DATE", "VS617 warning ks/tables/t/columns/5/type near VARBINARY",
			},
		},
		{
			"invisible columns",
			`{"tables":{"t":{"columns":[{"name":"a"},{"name":"b"},{"name":"c","invisible":true},{"name":"d","invisible":true}],"column_list_authoritative":true}}}`,
			"create table t (a int, b int invisible, c int invisible, d int, e int invisible)",
			[]string{"VS617 warning ks/tables/t/columns", "VS617 warning ks/tables/t/columns/1", "VS617 warning ks/tables/t/columns/3/invisible"},
		},
		{
			"column of the list",
			`{"tables":{"t":{"columns":[{"name":"id"},{"name":"nam"},{"name":"gone"}],"column_list_authoritative":true}}}`,
			"create table t (id bigint, name varchar(64), born date)",
			[]string{"VS617 warning ks/tables/t/columns", "VS617 warning ks/tables/t/columns/1/name near name", "VS617 warning ks/tables/t/columns/2/name"},
		},
		{
			"order, in a sharded keyspace",
			`{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"column":"id","name":"hash"}],
				"columns":[{"name":"name"},{"name":"ID"}],"column_list_authoritative":true}}}`,
			"create table t (id bigint, name varchar(64))",
			[]string{"VS617 error ks/tables/t/columns"},
		},
		{
			"a column twice, which is told once",
			`{"tables":{"t":{"columns":[{"name":"id"},{"name":"id"}],"column_list_authoritative":true}}}`,
			"create table t (id bigint)",
			[]string{"VS602 error ks/tables/t/columns/1/name"},
		},
		{
			"a generated column under a vindex that vtgate does not ask",
			`{"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`,
			"create table t (n bigint, id bigint as (n + 1))",
			nil,
		},
		{
			"table, which is told once",
			`{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"custmer":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`,
			"create table customer (id bigint)",
			[]string{"VS619 warning ks/tables/custmer near customer"},
		},
		{
			"another table, which is not meant",
			`{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t3_id7_idx":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`,
			"create table t1_id2_idx (id bigint); create table _vt_hld_6ace8bcef73211ea87e9f875a4d24e90_20200915120410_ (id bigint)",
			[]string{"VS618 warning ks/tables/t1_id2_idx", "VS619 warning ks/tables/t3_id7_idx"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{
				After:   world(t, map[string]string{"ks": tt.customer, "lookup": `{"tables":{"names":{}}}`}),
				Schemas: map[string]*physical.Schema{"lookup": tables(t, lookup)},
			}
			if tt.sql != "" {
				in.Schemas["ks"] = tables(t, tt.sql)
			}
			if d := cmp.Diff(tt.want, briefs(Check(in), "VS6")); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestUnknownSchema: nothing is said of tables that nobody knows.
func TestUnknownSchema(t *testing.T) {
	after := world(t, map[string]string{"ks": fmt.Sprintf(lookupKs, "a", "b"), "lookup": `{"tables":{"names":{},"seq":{"type":"sequence"}}}`})
	if got := briefs(Check(Input{After: after}), "VS6"); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
	empty := &physical.Schema{}
	got := briefs(Check(Input{After: after, Schemas: map[string]*physical.Schema{"lookup": empty}}), "VS6")
	want := []string{"VS619 warning lookup/tables/names", "VS619 warning lookup/tables/seq"}
	if !slices.Equal(got, want) {
		t.Errorf("with no tables at all: got %s, want %s", strings.Join(got, ", "), want)
	}
}

// TestLookupKeys holds what is said of the keys of lookup tables, and of columns
// in them that MySQL generates.
func TestLookupKeys(t *testing.T) {
	const unique, several = "consistent_lookup_unique", "consistent_lookup"
	for _, tt := range []struct {
		name, typ, owner, sql string
		want                  []string
	}{
		{"by the beginning, then by all", unique, "t", "name varchar(64), id bigint, keyspace_id varbinary(128), primary key (name(5), id)", []string{"VS624"}},
		{"by all, then by the beginning", unique, "t", "name varchar(64), id varchar(64), keyspace_id varbinary(128), primary key (name, id(5))", []string{"VS624"}},
		{"by the beginning, of a vindex for several rows", several, "t", "name varchar(64), id bigint, keyspace_id varbinary(128), primary key (name(5), id)", nil},
		{"not unique", unique, "t", "name varchar(64), id bigint, keyspace_id varbinary(128), key (name, id)", []string{"VS615"}},
		{"on an expression", unique, "t", "name varchar(64), id bigint, keyspace_id varbinary(128), unique key ((lower(name)))", []string{"VS615"}},
		{"generated", unique, "t", "name varchar(64) as (lower(x)), x varchar(64), id bigint, keyspace_id varbinary(128), primary key (name, id)", []string{"VS623"}},
		{"generated, and written by nobody", unique, "", "name varchar(64) as (lower(x)), x varchar(64), id bigint, keyspace_id varbinary(128), primary key (name, id)", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ks := fmt.Sprintf(`{"sharded":true,
				"vindexes":{"hash":{"type":"xxhash"},
					"look":{"type":"%s","owner":"%s","params":{"table":"lookup.names","from":"name,id","to":"keyspace_id"}}},
				"tables":{"t":{"column_vindexes":[{"column":"id","name":"hash"},{"columns":["name","id"],"name":"look"}]}}}`, tt.typ, tt.owner)
			found := Check(Input{
				After:   world(t, map[string]string{"ks": ks, "lookup": `{"tables":{"names":{}}}`}),
				Schemas: map[string]*physical.Schema{"lookup": tables(t, "create table names ("+tt.sql+")")},
			})
			var got []string
			for _, f := range found {
				if strings.HasPrefix(f.Code, "VS6") {
					got = append(got, f.Code)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
