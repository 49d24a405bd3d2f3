// Package vschematest generates VSchemas for property tests: keyspaces out of
// small pools of names, so that two of them often share entries, and other
// spellings of the same meaning. Only tests may import it.
package vschematest

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
	querypb "vitess.io/vitess/go/vt/proto/query"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

var (
	tableNames  = []string{"customer", "corder", "product", "Customer", "customer_seq"}
	vindexNames = []string{"hash", "xxhash", "email_lookup", "region", "custom"}
	columnNames = []string{"id", "customer_id", "email", "Region"}
	lookupTypes = []string{"lookup", "lookup_unique", "consistent_lookup", "consistent_lookup_unique", "lookup_hash"}
	otherTypes  = []string{"hash", "xxhash", "multicol", "somebodys_own"}
	boolParams  = []string{"ignore_nulls", "batch_lookup", "write_only", "autocommit", "multi_shard_autocommit", "no_verify"}
)

// Keyspaces generates keyspaces, valid or not.
func Keyspaces() *rapid.Generator[*vschema.Keyspace] {
	return rapid.Custom(func(t *rapid.T) *vschema.Keyspace {
		ks := &vschema.Keyspace{
			Sharded:                rapid.Bool().Draw(t, "sharded"),
			RequireExplicitRouting: rapid.Bool().Draw(t, "explicit"),
			ForeignKeyMode:         vschemapb.Keyspace_ForeignKeyMode(rapid.Int32Range(0, 3).Draw(t, "fk")),
		}
		if rapid.Bool().Draw(t, "tenants") {
			ks.MultiTenantSpec = &vschemapb.MultiTenantSpec{
				TenantIdColumnName: pick(t, columnNames),
				TenantIdColumnType: pick(t, []querypb.Type{querypb.Type_INT64, querypb.Type_VARCHAR}),
			}
		}
		for _, name := range subset(t, vindexNames) {
			if ks.Vindexes == nil {
				ks.Vindexes = map[string]*vschema.Vindex{}
			}
			ks.Vindexes[name] = vindex(t)
		}
		for _, name := range subset(t, tableNames) {
			if ks.Tables == nil {
				ks.Tables = map[string]*vschema.Table{}
			}
			ks.Tables[name] = table(t)
		}
		return ks
	})
}

func vindex(t *rapid.T) *vschema.Vindex {
	v := &vschema.Vindex{Type: pick(t, slices.Concat(lookupTypes, otherTypes))}
	if rapid.Bool().Draw(t, "owned") {
		v.Owner = pick(t, tableNames)
	}
	set := func(k, value string) {
		if v.Params == nil {
			v.Params = map[string]string{}
		}
		v.Params[k] = value
	}
	if rapid.Bool().Draw(t, "table") {
		set("table", pick(t, []string{"lookup.email", "`lookup`.email", "email", "lookup.`order`", "`a b`"}))
	}
	if rapid.Bool().Draw(t, "from") {
		set("from", pick(t, []string{"email", "email,id", "email, id"}))
	}
	for _, p := range subset(t, boolParams) {
		set(p, pick(t, []string{"true", "false", "yes"}))
	}
	if rapid.Bool().Draw(t, "lock") {
		set("read_lock", pick(t, []string{"exclusive", "shared", "none"}))
	}
	return v
}

func table(t *rapid.T) *vschema.Table {
	tbl := &vschema.Table{
		Type:                    pick(t, []string{"", "", "", "sequence", "reference"}),
		Pinned:                  pick(t, []string{"", "", "00", "AB", "ab", "0x00"}),
		ColumnListAuthoritative: rapid.Bool().Draw(t, "authoritative"),
		Source:                  pick(t, []string{"", "", "product.product"}),
	}
	for range rapid.IntRange(0, 3).Draw(t, "column vindexes") {
		cv := &vschema.ColumnVindex{Name: pick(t, vindexNames)}
		if rapid.Bool().Draw(t, "single") {
			cv.Column = pick(t, columnNames)
		} else {
			cv.Columns = subset(t, columnNames)
		}
		tbl.ColumnVindexes = append(tbl.ColumnVindexes, cv)
	}
	if rapid.Bool().Draw(t, "auto") {
		tbl.AutoIncrement = &vschemapb.AutoIncrement{
			Column:   pick(t, columnNames),
			Sequence: pick(t, []string{"customer_seq", "product.customer_seq", "`product`.customer_seq"}),
		}
	}
	for _, name := range subset(t, columnNames) {
		c := &vschemapb.Column{Name: name, Type: pick(t, []querypb.Type{0, querypb.Type_INT64, querypb.Type_ENUM})}
		c.Default = pick(t, []string{"", "1"})
		c.Invisible = rapid.Bool().Draw(t, "invisible")
		if rapid.Bool().Draw(t, "nullable set") {
			c.Nullable = proto.Bool(rapid.Bool().Draw(t, "nullable"))
		}
		tbl.Columns = append(tbl.Columns, c)
	}
	return tbl
}

// Respell gives a copy of ks that means the same to vtgate in other words.
func Respell(t *rapid.T, ks *vschema.Keyspace) *vschema.Keyspace {
	out := proto.CloneOf(ks)
	if out.ForeignKeyMode == vschemapb.Keyspace_unspecified && coin(t) {
		out.ForeignKeyMode = vschemapb.Keyspace_unmanaged
	}
	if out.Tables == nil && coin(t) {
		out.Tables = map[string]*vschema.Table{}
	}
	out.Vindexes = shuffled(t, out.Vindexes)
	out.Tables = shuffled(t, out.Tables)
	for _, name := range slices.Sorted(maps.Keys(out.Vindexes)) {
		respellVindex(t, out.Vindexes[name])
	}
	for _, name := range slices.Sorted(maps.Keys(out.Tables)) {
		respellTable(t, out.Tables[name])
	}
	return out
}

func respellVindex(t *rapid.T, v *vschema.Vindex) {
	if v.Params == nil {
		v.Params = map[string]string{}
	}
	if !slices.Contains(lookupTypes, v.Type) {
		return
	}
	defaults := map[string]string{"ignore_nulls": "false", "batch_lookup": "false", "write_only": "false", "read_lock": "exclusive"}
	for _, p := range slices.Sorted(maps.Keys(defaults)) {
		if _, set := v.Params[p]; !set && coin(t) {
			v.Params[p] = defaults[p]
		}
	}
	if v.Params["table"] == "lookup.email" && coin(t) {
		v.Params["table"] = "`lookup`.`email`"
	}
	if v.Params["from"] == "email,id" && coin(t) {
		v.Params["from"] = " email , id"
	}
}

func respellTable(t *rapid.T, tbl *vschema.Table) {
	if coin(t) && tbl.Pinned != "0x00" {
		tbl.Pinned = strings.ToUpper(tbl.Pinned)
	}
	for _, cv := range tbl.ColumnVindexes {
		if cv.Column != "" && coin(t) {
			cv.Column, cv.Columns = "", []string{cv.Column}
		}
		if coin(t) {
			cv.Column = strings.ToUpper(cv.Column)
		}
	}
	if a := tbl.AutoIncrement; a != nil && coin(t) {
		a.Column = strings.ToUpper(a.Column)
		if a.Sequence == "customer_seq" {
			a.Sequence = "`customer_seq`"
		}
	}
	for _, c := range tbl.Columns {
		if c.Nullable == nil && coin(t) {
			c.Nullable = proto.Bool(true)
		}
	}
}

// shuffled rebuilds the map in another order of insertion.
func shuffled[V any](t *rapid.T, m map[string]V) map[string]V {
	if m == nil {
		return nil
	}
	out := make(map[string]V, len(m))
	for _, k := range rapid.Permutation(slices.Sorted(maps.Keys(m))).Draw(t, "order") {
		out[k] = m[k]
	}
	return out
}

func subset(t *rapid.T, names []string) []string {
	p := rapid.Permutation(names).Draw(t, "permutation")
	n := rapid.IntRange(0, min(3, len(names))).Draw(t, "n")
	return slices.Clone(p[:n])
}

func pick[V any](t *rapid.T, of []V) V { return rapid.SampledFrom(of).Draw(t, "pick") }

func coin(t *rapid.T) bool { return rapid.Bool().Draw(t, "coin") }
