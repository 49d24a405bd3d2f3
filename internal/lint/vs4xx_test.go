package lint

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"vitess.io/vitess/go/sqltypes"
	querypb "vitess.io/vitess/go/vt/proto/query"
	vtgatepb "vitess.io/vitess/go/vt/proto/vtgate"
	"vitess.io/vitess/go/vt/vtgate/vindexes"
)

// family gives the findings of one family of rules ("VS4"), each in one line.
func family(t *testing.T, prefix string, in Input) []string {
	t.Helper()
	var out []string
	for _, f := range Check(in) {
		if !strings.HasPrefix(f.Code, prefix) {
			continue
		}
		if f.Message == "" || f.Harm == "" || f.Next == "" {
			t.Errorf("%s does not say what is wrong, what it does and how to fix it: %+v", brief(f), f)
		}
		out = append(out, brief(f))
	}
	return out
}

const emailLookup = `"params":{"table":"lookup.email_idx","from":"email","to":"keyspace_id"}`

// lookups is a sharded keyspace whose table customer has column vindex v on the
// column email, and whatever else is given.
func lookups(vindex, more string) string {
	return fmt.Sprintf(`{"sharded":true,
		"vindexes":{"hash":{"type":"hash"},"xxhash":{"type":"xxhash"},"binary":{"type":"binary"},"md5":{"type":"binary_md5"},"v":%s},
		"tables":{"customer":{"column_vindexes":[{"column":"id","name":"hash"},{"column":"email","name":"v"}]}%s}}`, vindex, more)
}

func TestLookupRules(t *testing.T) {
	owned := func(table string) string {
		return `{"type":"lookup_unique","owner":"customer","params":{"table":"` + table + `","from":"email","to":"keyspace_id"}}`
	}
	params := func(params string) string {
		return `{"type":"lookup_unique","owner":"customer","params":{` + params + `}}`
	}
	typed := func(typ, owner string) string {
		return `{"type":"` + typ + `","owner":"` + owner + `",` + emailLookup + `}`
	}
	table := func(name, column, vindex string) string {
		return `,"` + name + `":{"column_vindexes":[{"column":"` + column + `","name":"` + vindex + `"}]}`
	}
	tests := []struct {
		name string
		ks   string
		want []string
	}{
		{"sound", lookups(owned("lookup.email_idx"), ""), nil},
		{"table: one slip in an unsharded keyspace", lookups(owned("lookup.emial_idx"), ""), []string{"VS401 error ks/vindexes/v/params/table near lookup.email_idx"}},
		{"table: undeclared in an unsharded keyspace, and may be there", lookups(owned("lookup.phones"), ""), []string{"VS401 warning ks/vindexes/v/params/table"}},
		{"table: near, and more than a slip away", lookups(owned("lookup.emal_idxs"), ""), []string{"VS401 warning ks/vindexes/v/params/table"}},
		{"table: another number of a declared one", lookups(owned("lookup.email_idx2"), ""), []string{"VS401 warning ks/vindexes/v/params/table"}},
		{"table: in no keyspace, of which VS806 speaks", lookups(owned("nowhere.x"), ""), nil},
		{"table: slip in the keyspace", lookups(owned("lokup.email_idx"), ""), []string{"VS401 error ks/vindexes/v/params/table near lookup.email_idx"}},
		{"table: undeclared in a sharded keyspace", lookups(owned("ks.email_idx"), ""), []string{"VS401 error ks/vindexes/v/params/table near lookup.email_idx"}},
		{"table: a name in two other keyspaces", lookups(owned("both"), ""), []string{"VS401 error ks/vindexes/v/params/table"}},
		{"table: not a name", lookups(owned("a.b.c"), ""), []string{"VS401 error ks/vindexes/v/params/table"}},
		{"table: nobody uses the vindex", `{"sharded":true,"vindexes":{"v":` + owned("ks.nowhere") + `},"tables":{}}`, []string{"VS402 warning ks/vindexes/v/owner", "VS401 warning ks/vindexes/v/params/table"}},
		{"no params: one finding", lookups(`{"type":"lookup_unique","owner":"customer"}`, ""), []string{"VS401 error ks/vindexes/v/params/table"}},
		{"params misnamed: of that VS203 speaks", lookups(params(`"tabel":"lookup.email_idx","form":"email","to":"keyspace_id"`), ""), nil},

		{"owner: case", lookups(typed("lookup_unique", "Customer"), ""), []string{"VS402 error ks/vindexes/v/owner near customer"}},
		{"owner: like no table", lookups(typed("lookup_unique", "whoever"), ""), []string{"VS402 error ks/vindexes/v/owner"}},
		{"owner: a table without it, far from the one that has it", lookups(typed("lookup_unique", "person"), table("person", "id", "hash")), []string{"VS402 error ks/vindexes/v/owner"}},
		{"owner: a table without it, one slip from the one that has it: that is no slip", lookups(typed("lookup_unique", "customers"), table("customers", "id", "hash")), []string{"VS402 error ks/vindexes/v/owner"}},
		{"owner: nearer to a table that cannot own it", lookups(typed("lookup_unique", "customer_"), table("customer_1", "id", "hash")), []string{"VS402 error ks/vindexes/v/owner near customer"}},
		{"owner: nobody uses it", `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"v":` + typed("lookup_unique", "x") + `},"tables":{"x":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`, []string{"VS402 warning ks/vindexes/v/owner"}},

		{"to: blanks", lookups(params(`"table":"lookup.email_idx","from":" email ","to":" keyspace_id"`), ""), []string{"VS403 error ks/vindexes/v/params/to near keyspace_id"}},
		{"from: missing", lookups(params(`"table":"lookup.email_idx","to":"keyspace_id"`), ""), []string{"VS403 error ks/vindexes/v/params/from"}},
		{"from: qualified", lookups(params(`"table":"lookup.email_idx","from":"email_idx.email","to":"keyspace_id"`), ""), []string{"VS403 error ks/vindexes/v/params/from"}},
		{"to: two columns, and nobody uses the vindex", `{"sharded":true,"vindexes":{"v":{"type":"lookup_unique","params":{"table":"lookup.email_idx","from":"email","to":"keyspace_id,id"}}},"tables":{}}`, []string{"VS403 warning ks/vindexes/v/params/to"}},
		{"to: two columns", lookups(params(`"table":"lookup.email_idx","from":"email","to":"keyspace_id,id"`), ""), []string{"VS403 error ks/vindexes/v/params/to"}},

		{"sharded lookup table: by what is looked up", lookups(owned("ks.e"), table("e", "EMAIL", "xxhash")), nil},
		{"sharded lookup table: by a column that is not written, with a vindex that takes no NULL", lookups(owned("ks.e"), table("e", "id", "hash")), []string{"VS404 error ks/tables/e/column_vindexes/0"}},
		{"sharded lookup table: by a column that is not written, with one that takes NULL", lookups(owned("ks.e"), table("e", "id", "xxhash")), []string{"VS404 warning ks/tables/e/column_vindexes/0"}},
		{"sharded lookup table: by the keyspace id", lookups(owned("ks.e"), table("e", "keyspace_id", "binary")), []string{"VS404 warning ks/tables/e/column_vindexes/0"}},
		{"sharded lookup table: by a column that a sequence fills", lookups(owned("ks.e"), `,"e":{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"lookup.seq"}}`), []string{"VS404 warning ks/tables/e/column_vindexes/0"}},
		{"sharded lookup table: another vindex routes it", lookups(owned("ks.e"), `,"e":{"column_vindexes":[{"column":"keyspace_id","name":"binary"},{"column":"email","name":"xxhash"}]}`), nil},
		{"sharded lookup table: all of it everywhere", lookups(owned("ks.e"), `,"e":{"type":"reference"}`), nil},

		{"write_only, while nobody owns it", lookups(`{"type":"lookup","params":{"table":"lookup.email_idx","from":"email","to":"id","write_only":"true"}}`, ""), []string{"VS405 warning ks/vindexes/v/params/write_only"}},
		{"write_only false", lookups(params(`"table":"lookup.email_idx","from":"email","to":"id","write_only":"false"`), ""), nil},
		{"owner of a functional vindex", lookups(`{"type":"hash","owner":"customer"}`, ""), []string{"VS406 warning ks/vindexes/v/owner"}},
		{"owner of a type that the config names", lookups(`{"type":"geo","owner":"customer"}`, ""), nil},
		{"owner of a lookup that Vitess has for its tests", lookups(`{"type":"lookup_cost","owner":"customer","params":{"cost":"3","table":"lookup.email_idx","from":"email","to":"id"}}`, ""), nil},
		{"nobody owns it", lookups(`{"type":"lookup_unique",`+emailLookup+`}`, ""), []string{"VS407 warning ks/vindexes/v"}},
		{"nobody owns it, and it is only a primary vindex", `{"sharded":true,"vindexes":{"v":{"type":"lookup_unique",` + emailLookup + `}},"tables":{"x":{"column_vindexes":[{"column":"email","name":"v"}]}}}`, nil},

		{"more columns than the owner gives", lookups(params(`"table":"lookup.email_idx","from":"email,id","to":"keyspace_id"`), ""), []string{"VS408 error ks/tables/customer/column_vindexes/1"}},
		{"the same, of a table that owns nothing", lookups(`{"type":"lookup","owner":"x","params":{"table":"lookup.email_idx","from":"email,id","to":"keyspace_id"}}`, `,"x":{"column_vindexes":[{"column":"id","name":"hash"},{"columns":["email","id"],"name":"v"}]}`), nil},

		{"lookup_hash beside hash", lookups(typed("lookup_hash", "customer"), ""), nil},
		{"lookup_hash beside 16 bytes", lookups(typed("lookup_hash", "x"), `,"x":{"column_vindexes":[{"column":"id","name":"md5"},{"column":"email","name":"v"}]}`), []string{"VS410 error ks/vindexes/v/type"}},
		{"lookup_unicodeloosemd5_hash_unique beside 16 bytes", lookups(typed("lookup_unicodeloosemd5_hash_unique", "x"), `,"x":{"column_vindexes":[{"column":"id","name":"md5"},{"column":"email","name":"v"}]}`), []string{"VS410 error ks/vindexes/v/type"}},
		{"lookup_hash beside as many bytes as the value has", lookups(typed("lookup_hash", "x"), `,"x":{"column_vindexes":[{"column":"id","name":"binary"},{"column":"email","name":"v"}]}`), nil},

		{"bare: found without a keyspace only", lookups(owned("email_idx"), ""), []string{"VS412 error ks/vindexes/v/params/table near lookup.email_idx"}},
		{"bare: in the own keyspace only", lookups(owned("e"), table("e", "email", "xxhash")), nil},
		{"bare: in the own keyspace and another", lookups(owned("email_idx"), table("email_idx", "email", "xxhash")), []string{"VS412 warning ks/vindexes/v/params/table near ks.email_idx"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := world(t, map[string]string{
				"ks":     tt.ks,
				"lookup": `{"tables":{"email_idx":{},"both":{},"seq":{"type":"sequence"}}}`,
				"other":  `{"tables":{"both":{}}}`,
			})
			if got := family(t, "VS4", Input{After: srv, OpaqueVindexes: []string{"geo"}}); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

// TestLookupsOfAnUnshardedKeyspace: vtgate asks no vindex there, so a missing
// "sharded" is one mistake, whatever is wrong with its vindexes.
func TestLookupsOfAnUnshardedKeyspace(t *testing.T) {
	text := strings.Replace(lookups(`{"type":"lookup_hash","owner":"nobody","params":{"table":"nowhere.x","to":" "}}`, ""), `"sharded":true,`, "", 1)
	if got := family(t, "VS4", Input{After: world(t, map[string]string{"ks": text})}); got != nil {
		t.Errorf("findings %q", got)
	}
}

// TestSharedLookupTable: one lookup table for two tables is a warning, but where
// it is one owner's, or where a table is moved to another keyspace.
func TestSharedLookupTable(t *testing.T) {
	ks := func(first, second string) string {
		v := func(owner string) string {
			return `{"type":"lookup_unique","owner":"` + owner + `",` + emailLookup + `}`
		}
		return `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"v":` + v(first) + `,"w":` + v(second) + `},"tables":{
			"a":{"column_vindexes":[{"column":"id","name":"hash"},{"column":"email","name":"v"},{"column":"email2","name":"w"}]},
			"b":{"column_vindexes":[{"column":"id","name":"hash"},{"column":"email","name":"w"}]}}}`
	}
	lookup := `{"tables":{"email_idx":{}}}`
	for _, tt := range []struct {
		name  string
		parts map[string]string
		want  []string
	}{
		{"two owners", map[string]string{"ks": ks("a", "b"), "lookup": lookup}, []string{"VS409 warning ks/vindexes/w/params/table"}},
		{"one owner", map[string]string{"ks": ks("a", "a"), "lookup": lookup}, nil},
		{"in two keyspaces", map[string]string{"ks": ks("a", "a"), "moved": ks("a", "a"), "lookup": lookup}, nil},
	} {
		if got := family(t, "VS4", Input{After: world(t, tt.parts)}); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// recorder is a session of vtgate that answers every lookup query alike and
// keeps the queries.
type recorder struct {
	vindexes.VCursor
	rows    [][]sqltypes.Value
	queries []string
}

func (r *recorder) InTransactionAndIsDML() bool { return false }

func (r *recorder) LookupRowLockShardSession() vtgatepb.CommitOrder { return vtgatepb.CommitOrder_PRE }

func (r *recorder) Execute(_ context.Context, _, query string, vars map[string]*querypb.BindVariable, _ bool, _ vtgatepb.CommitOrder) (*sqltypes.Result, error) {
	r.queries = append(r.queries, fmt.Sprint(query, len(vars)))
	return &sqltypes.Result{Rows: r.rows}, nil
}

func buildLookup(t *testing.T, typ, from string) vindexes.Vindex {
	t.Helper()
	v, err := vindexes.CreateVindex(typ, "v", map[string]string{"table": "lookup.t", "from": from, "to": "keyspace_id"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVitessDeletesSharedLookupRows is why VS409 warns: what vtgate deletes does
// not say whose lookup row it is.
func TestVitessDeletesSharedLookupRows(t *testing.T) {
	var r recorder
	for range 2 { // two vindexes, two owners
		v := buildLookup(t, "consistent_lookup", "email").(vindexes.Lookup)
		if err := v.Delete(t.Context(), &r, [][]sqltypes.Value{{sqltypes.NewVarChar("a")}}, []byte{1}); err != nil {
			t.Fatal(err)
		}
	}
	want := "delete from lookup.t where email = :email and keyspace_id = :keyspace_id"
	if len(r.queries) != 2 || r.queries[0] != r.queries[1] || !strings.HasPrefix(r.queries[0], want) {
		t.Errorf("Vitess runs %q, want twice %q", r.queries, want)
	}
}

// TestVitessReadsByTheFirstColumn is why VS411 warns.
func TestVitessReadsByTheFirstColumn(t *testing.T) {
	email := sqltypes.NewVarChar("a")
	r := recorder{rows: [][]sqltypes.Value{{email, sqltypes.NewVarBinary("1")}, {email, sqltypes.NewVarBinary("2")}}}
	v := buildLookup(t, "consistent_lookup_unique", "email,id").(vindexes.SingleColumn)
	_, err := v.Map(t.Context(), &r, []sqltypes.Value{email})
	if err == nil || !strings.Contains(err.Error(), "unexpected multiple results from vindex") {
		t.Errorf("two rows of one email: %v", err)
	}
	if want := "select email, keyspace_id from lookup.t where email in ::email"; len(r.queries) != 1 || !strings.HasPrefix(r.queries[0], want) {
		t.Errorf("Vitess runs %q, want %q", r.queries, want)
	}
}
