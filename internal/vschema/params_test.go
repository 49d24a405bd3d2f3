package vschema_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var allLookups = []string{
	"lookup", "lookup_unique", "consistent_lookup", "consistent_lookup_unique",
	"lookup_hash", "lookup_hash_unique", "lookup_unicodeloosemd5_hash", "lookup_unicodeloosemd5_hash_unique",
}

func create(t *testing.T, typ string, extra map[string]string) vindexes.Vindex {
	t.Helper()
	params := map[string]string{"table": "ks.t", "from": "a", "to": "b"}
	for k, v := range extra {
		params[k] = v
	}
	v, err := vindexes.CreateVindex(typ, "v", params)
	if err != nil {
		t.Fatalf("Vitess refuses %s with %v: %v", typ, extra, err)
	}
	return v
}

// What Canonical drops must make no difference to the vindex that Vitess
// builds, and what Vitess calls unknown for a type must be kept.
func TestDroppedParamsMeanNothingToVitess(t *testing.T) {
	candidates := []map[string]string{
		{"ignore_nulls": "false"}, {"batch_lookup": "false"}, {"write_only": "false"}, {"read_lock": "exclusive"},
		{"autocommit": "false"}, {"multi_shard_autocommit": "false"}, {"no_verify": "false"},
		{"ignore_nulls": "true"}, {"batch_lookup": "true"}, {"write_only": "true"}, {"read_lock": "none"},
		{"autocommit": "true"}, {"multi_shard_autocommit": "true"}, {"no_verify": "true"},
		{"from": " a "}, {"nobody_knows": "false"},
	}
	for _, typ := range allLookups {
		for _, extra := range candidates {
			t.Run(fmt.Sprint(typ, extra), func(t *testing.T) {
				plain, with := create(t, typ, nil), create(t, typ, extra)
				same := sameVindex(plain, with)
				want := map[string]string{"table": "ks.t", "from": "a", "to": "b"}
				got := map[string]string{"table": "ks.t", "from": "a", "to": "b"}
				for k, v := range extra {
					got[k] = v
				}
				if equal := vschema.Equal(oneVindex(typ, got), oneVindex(typ, want)); equal != same {
					t.Errorf("Equal = %v, but Vitess builds the same vindex = %v", equal, same)
				}
			})
		}
	}
}

// sameVindex compares what Vitess built, all fields of it. The lock that is
// the default and the one named so give the same SQL.
func sameVindex(a, b vindexes.Vindex) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	text := func(v vindexes.Vindex) string {
		return strings.ReplaceAll(dump(reflect.ValueOf(v)), "ReadLock=exclusive", "ReadLock=")
	}
	return text(a) == text(b)
}

// dump prints every field of a struct, through pointers.
func dump(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return dump(v.Elem())
	case reflect.Struct:
		var parts []string
		for i := range v.NumField() {
			parts = append(parts, v.Type().Field(i).Name+"="+dump(v.Field(i)))
		}
		return "{" + strings.Join(parts, " ") + "}"
	default:
		return fmt.Sprintf("%v", v)
	}
}

func TestLookupTypesAreVitess(t *testing.T) {
	for _, typ := range allLookups {
		if _, ok := create(t, typ, nil).(vindexes.Lookup); !ok || !vschema.IsLookup(typ) {
			t.Errorf("%s: lookup to Vitess %v, to us %v", typ, ok, vschema.IsLookup(typ))
		}
	}
	for _, typ := range []string{"hash", "xxhash", "numeric", "multicol", "somebodys_own"} {
		if vschema.IsLookup(typ) {
			t.Errorf("%s counts as a lookup vindex", typ)
		}
	}
}

func TestAutocommitImplied(t *testing.T) {
	for _, typ := range []string{"lookup", "lookup_unique", "lookup_hash", "lookup_unicodeloosemd5_hash_unique"} {
		for _, auto := range []string{"true", "false"} {
			a := map[string]string{"multi_shard_autocommit": "true", "autocommit": auto}
			b := map[string]string{"multi_shard_autocommit": "true"}
			if !sameVindex(create(t, typ, a), create(t, typ, b)) {
				t.Errorf("%s: Vitess tells autocommit %s beside multi_shard_autocommit apart", typ, auto)
			}
			if !vschema.Equal(oneVindex(typ, a), oneVindex(typ, b)) {
				t.Errorf("%s: we tell autocommit %s beside multi_shard_autocommit apart", typ, auto)
			}
		}
	}
}

func oneVindex(typ string, params map[string]string) *vschema.Keyspace {
	return &vschema.Keyspace{Vindexes: map[string]*vschema.Vindex{"v": {Type: typ, Params: params}}}
}
