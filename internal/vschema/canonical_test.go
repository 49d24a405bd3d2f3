package vschema_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

func parse(t *testing.T, text string) *vschema.Keyspace {
	t.Helper()
	ks, err := vschema.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatalf("bad fixture %s: %v", text, err)
	}
	return ks
}

func TestEqualByMeaning(t *testing.T) {
	tests := []struct {
		name, a, b string
		equal      bool
	}{
		{"column and columns of one", `{"tables":{"t":{"column_vindexes":[{"name":"h","column":"id"}]}}}`, `{"tables":{"t":{"column_vindexes":[{"name":"h","columns":["id"]}]}}}`, true},
		{"case of a vindex column", `{"tables":{"t":{"column_vindexes":[{"name":"h","column":"ID"}]}}}`, `{"tables":{"t":{"column_vindexes":[{"name":"h","column":"id"}]}}}`, true},
		{"column beside columns", `{"tables":{"t":{"column_vindexes":[{"name":"h","column":"id","columns":["id"]}]}}}`, `{"tables":{"t":{"column_vindexes":[{"name":"h","columns":["id"]}]}}}`, false},
		{"order of column vindexes", `{"tables":{"t":{"column_vindexes":[{"name":"a","column":"x"},{"name":"b","column":"y"}]}}}`, `{"tables":{"t":{"column_vindexes":[{"name":"b","column":"y"},{"name":"a","column":"x"}]}}}`, false},
		{"order of columns in a vindex", `{"tables":{"t":{"column_vindexes":[{"name":"a","columns":["x","y"]}]}}}`, `{"tables":{"t":{"column_vindexes":[{"name":"a","columns":["y","x"]}]}}}`, false},
		{"backticked lookup table", `{"vindexes":{"v":{"type":"lookup","params":{"table":"` + "`ks`.`t`" + `"}}}}`, `{"vindexes":{"v":{"type":"lookup","params":{"table":"ks.t"}}}}`, true},
		{"backticked keyword", `{"vindexes":{"v":{"type":"lookup","params":{"table":"` + "ks.`order`" + `"}}}}`, `{"vindexes":{"v":{"type":"lookup","params":{"table":"ks.order"}}}}`, false},
		{"backticks of an unknown type", `{"vindexes":{"v":{"type":"own","params":{"table":"` + "`t`" + `"}}}}`, `{"vindexes":{"v":{"type":"own","params":{"table":"t"}}}}`, false},
		{"ignore_nulls false", `{"vindexes":{"v":{"type":"consistent_lookup","params":{"ignore_nulls":"false"}}}}`, `{"vindexes":{"v":{"type":"consistent_lookup"}}}`, true},
		{"write_only false", `{"vindexes":{"v":{"type":"lookup_unique","params":{"write_only":"false"}}}}`, `{"vindexes":{"v":{"type":"lookup_unique"}}}`, true},
		{"write_only true", `{"vindexes":{"v":{"type":"lookup_unique","params":{"write_only":"true"}}}}`, `{"vindexes":{"v":{"type":"lookup_unique"}}}`, false},
		{"read_lock exclusive", `{"vindexes":{"v":{"type":"lookup","params":{"read_lock":"exclusive"}}}}`, `{"vindexes":{"v":{"type":"lookup"}}}`, true},
		{"read_lock none", `{"vindexes":{"v":{"type":"lookup","params":{"read_lock":"none"}}}}`, `{"vindexes":{"v":{"type":"lookup"}}}`, false},
		{"autocommit implied", `{"vindexes":{"v":{"type":"lookup","params":{"multi_shard_autocommit":"true","autocommit":"true"}}}}`, `{"vindexes":{"v":{"type":"lookup","params":{"multi_shard_autocommit":"true"}}}}`, true},
		{"no_verify unknown to the type", `{"vindexes":{"v":{"type":"consistent_lookup","params":{"no_verify":"false"}}}}`, `{"vindexes":{"v":{"type":"consistent_lookup"}}}`, false},
		{"a bad boolean", `{"vindexes":{"v":{"type":"lookup","params":{"write_only":"False"}}}}`, `{"vindexes":{"v":{"type":"lookup"}}}`, false},
		{"foreign_key_mode unmanaged", `{"foreign_key_mode":"unmanaged"}`, `{}`, true},
		{"foreign_key_mode disallow", `{"foreign_key_mode":"disallow"}`, `{}`, false},
		{"nullable true", `{"tables":{"t":{"columns":[{"name":"a","nullable":true}]}}}`, `{"tables":{"t":{"columns":[{"name":"a"}]}}}`, true},
		{"nullable false", `{"tables":{"t":{"columns":[{"name":"a","nullable":false}]}}}`, `{"tables":{"t":{"columns":[{"name":"a"}]}}}`, false},
		{"case of a listed column", `{"tables":{"t":{"columns":[{"name":"A"}]}}}`, `{"tables":{"t":{"columns":[{"name":"a"}]}}}`, false},
		{"case of pinned hex", `{"tables":{"t":{"pinned":"AB"}}}`, `{"tables":{"t":{"pinned":"ab"}}}`, true},
		{"case of pinned that is no hex", `{"tables":{"t":{"pinned":"0X"}}}`, `{"tables":{"t":{"pinned":"0x"}}}`, false},
		{"case of a table", `{"tables":{"T":{}}}`, `{"tables":{"t":{}}}`, false},
		{"case of an owner", `{"vindexes":{"v":{"type":"lookup","owner":"T"}}}`, `{"vindexes":{"v":{"type":"lookup","owner":"t"}}}`, false},
		{"backticked sequence", `{"tables":{"t":{"auto_increment":{"column":"Id","sequence":"` + "`s`" + `"}}}}`, `{"tables":{"t":{"auto_increment":{"column":"id","sequence":"s"}}}}`, true},
		{"empty auto_increment", `{"tables":{"t":{"auto_increment":{}}}}`, `{"tables":{"t":{}}}`, false},
		{"empty multi_tenant_spec", `{"multi_tenant_spec":{}}`, `{}`, false},
		{"absent and empty", `null`, `{}`, false},
		{"absent", `null`, `null`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := parse(t, tt.a), parse(t, tt.b)
			if got := vschema.Equal(a, b); got != tt.equal {
				t.Errorf("Equal = %v, want %v", got, tt.equal)
			}
			if got := vschema.Fingerprint(a) == vschema.Fingerprint(b); got != tt.equal {
				t.Errorf("fingerprints equal = %v, want %v", got, tt.equal)
			}
		})
	}
}

func TestCanonicalIsIdempotentAndACopy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ks := vschematest.Keyspaces().Draw(t, "ks")
		before := proto.CloneOf(ks)
		once := vschema.Canonical(ks)
		if !proto.Equal(ks, before) {
			t.Fatal("Canonical changed its argument")
		}
		if twice := vschema.Canonical(once); !proto.Equal(once, twice) {
			t.Fatalf("not idempotent:\n%v\n%v", once, twice)
		}
		if !vschema.Equal(ks, once) {
			t.Fatal("a keyspace does not equal its canonical form")
		}
	})
}

func TestRespellingKeepsTheFingerprint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ks := vschematest.Keyspaces().Draw(t, "ks")
		other := vschematest.Respell(t, ks)
		if vschema.Fingerprint(ks) != vschema.Fingerprint(other) {
			t.Fatalf("same meaning, other fingerprint:\n%v\n%v", ks, other)
		}
		for _, e := range vschema.Entries(ks) {
			if a, b := vschema.EntryJSON(ks, e), vschema.EntryJSON(other, e); string(a) != string(b) {
				t.Fatalf("%s: %s is not %s", e, a, b)
			}
		}
	})
}

func TestEqualExactlyWhenFingerprintsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := vschematest.Keyspaces().Draw(t, "a")
		b := proto.CloneOf(a)
		// One entry from elsewhere: sometimes equal, sometimes not.
		other := vschematest.Keyspaces().Draw(t, "other")
		e := rapid.SampledFrom(append(vschema.Entries(a), vschema.Entries(other)...)).Draw(t, "entry")
		vschema.CopyEntry(b, other, e)
		equal := vschema.Equal(a, b)
		if got := vschema.Fingerprint(a) == vschema.Fingerprint(b); got != equal {
			t.Fatalf("Equal = %v, fingerprints equal = %v", equal, got)
		}
		if got := vschema.EntryEqual(a, b, e); got != equal {
			t.Fatalf("%s: EntryEqual = %v, Equal = %v", e, got, equal)
		}
	})
}

// A value from outside must not be able to bring the canonical form down.
func TestCanonicalOfNilMessages(t *testing.T) {
	ks := &vschema.Keyspace{
		Vindexes: map[string]*vschema.Vindex{"v": nil},
		Tables:   map[string]*vschema.Table{"t": nil, "u": {ColumnVindexes: []*vschema.ColumnVindex{nil}}},
	}
	want := parse(t, `{"vindexes":{"v":{}},"tables":{"t":{},"u":{"column_vindexes":[{}]}}}`)
	if !vschema.Equal(ks, want) {
		t.Errorf("nil messages read as %s", vschema.EncodeJSON(vschema.Canonical(ks)))
	}
}
