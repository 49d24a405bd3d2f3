package app

import (
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestCheapYet: with one shard a scatter is none, until there are more.
func TestCheapYet(t *testing.T) {
	to := func(opcode, keyspace string) impact.Side {
		return impact.Side{Routes: []impact.Route{{Opcode: opcode, Keyspace: keyspace}}}
	}
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"shop": {Sharded: true}, "main": {}}}
	scatters := impact.Result{Verdict: impact.Changed, Before: to("Unsharded", "shop"), After: to("Scatter", "shop")}
	stays, did, unsharded := scatters, scatters, scatters
	stays.Verdict, did.Before, unsharded.After = impact.Same, did.After, to("Scatter", "main")
	for _, tt := range []struct {
		name   string
		result impact.Result
		shards map[string]int
		want   string
	}{
		{"one shard", scatters, map[string]int{"shop": 1, "main": 1}, "keyspace shop has 1 shard, so asking all its shards costs nothing yet: vtsync impact --shards shop=N shows what it will cost"},
		{"more", scatters, map[string]int{"shop": 2}, ""},
		{"not known", scatters, nil, ""},
		{"it stays the same", stays, map[string]int{"shop": 1}, ""},
		{"it did so before", did, map[string]int{"shop": 1}, ""},
		{"not sharded", unsharded, map[string]int{"main": 1}, ""},
	} {
		if got := strings.Join(cheapYet([]impact.Result{tt.result, tt.result}, srv, tt.shards), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestMoved: where rows have to be is in no plan.
func TestMoved(t *testing.T) {
	type uses = []*vschemapb.ColumnVindex
	use := func(name string, columns ...string) *vschemapb.ColumnVindex {
		return &vschemapb.ColumnVindex{Name: name, Columns: columns}
	}
	lookup := func(table, from, to string) *vschema.Vindex {
		return &vschema.Vindex{Type: "consistent_lookup", Params: map[string]string{"table": table, "from": from, "to": to}}
	}
	vindexes := map[string]*vschema.Vindex{
		"hash": {Type: "hash"}, "renamed": {Type: "hash"}, "xxhash": {Type: "xxhash"}, "odd": {Type: "hash", Params: map[string]string{"a": "1"}},
		"byA": lookup("c.a", "email", "ksid"), "byB": lookup("c.b", "email", "ksid"), "byFrom": lookup("c.a", "mail", "ksid"), "byTo": lookup("c.a", "email", "id"),
	}
	routing := func(sharded bool, vindexes map[string]*vschema.Vindex, tables map[string]uses) *vschema.SrvVSchema {
		ks := &vschema.Keyspace{Sharded: sharded, Vindexes: vindexes, Tables: map[string]*vschema.Table{}}
		for name, of := range tables {
			ks.Tables[name] = &vschema.Table{ColumnVindexes: of}
		}
		return &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"ks": ks}}
	}
	one := func(of ...*vschemapb.ColumnVindex) *vschema.SrvVSchema {
		return routing(true, vindexes, map[string]uses{"t": of})
	}
	with := func(name string, v *vschema.Vindex) map[string]*vschema.Vindex {
		return map[string]*vschema.Vindex{"hash": {Type: "hash"}, name: v}
	}
	old := &vschemapb.ColumnVindex{Name: "hash", Column: "ID"}
	const rows = ": plans cannot show whether rows are where it looks; vtsync plan judges that"
	const entries = ": plans cannot show whether it has their rows; vtsync plan judges that"
	for name, tt := range map[string]struct {
		before, after *vschema.SrvVSchema
		want          string
	}{
		"another column":   {one(use("hash", "id")), one(use("hash", "email")), "table ks.t is sharded by hash(email), was hash(id)" + rows},
		"one more column":  {one(use("hash", "id")), one(use("hash", "id", "email")), "table ks.t is sharded by hash(id, email), was hash(id)" + rows},
		"another vindex":   {one(use("hash", "id")), one(use("xxhash", "id")), "table ks.t is sharded by xxhash(id), was hash(id)" + rows},
		"with params":      {one(use("hash", "id")), one(use("odd", "id")), "table ks.t is sharded by odd(id) with other params (a)" + rows},
		"without params":   {one(use("odd", "id")), one(use("hash", "id")), "table ks.t is sharded by hash(id) with other params (a)" + rows},
		"the other first":  {one(use("hash", "id"), use("xxhash", "email")), one(use("xxhash", "email"), use("hash", "id")), "table ks.t is sharded by xxhash(email), was hash(id)" + rows},
		"another name":     {one(use("hash", "id")), one(use("renamed", "id")), ""},
		"another spelling": {one(old), one(use("hash", "id")), ""},
		"another type": {
			routing(true, with("v", &vschema.Vindex{Type: "hash"}), map[string]uses{"t": {use("v", "id")}}),
			routing(true, with("v", &vschema.Vindex{Type: "binary"}), map[string]uses{"t": {use("v", "id")}}),
			"table ks.t is sharded by v(id) of type binary, was of type hash" + rows,
		},
		"two tables": {
			routing(true, vindexes, map[string]uses{"t": {use("hash", "id")}, "s": {use("hash", "id")}, "r": {use("hash", "id")}}),
			routing(true, vindexes, map[string]uses{"t": {use("xxhash", "id")}, "s": {use("xxhash", "id")}, "r": {use("hash", "id")}}),
			"tables ks.s, ks.t are sharded by xxhash(id), was hash(id)" + rows,
		},
		"a secondary one":          {one(use("hash", "id"), use("hash", "email")), one(use("hash", "id"), use("xxhash", "email")), ""},
		"of no sharded tables":     {routing(false, nil, map[string]uses{"t": nil}), one(use("hash", "id")), ""},
		"of a new keyspace":        {&vschema.SrvVSchema{}, one(use("hash", "id")), ""},
		"of a new table":           {routing(true, vindexes, nil), one(use("hash", "id")), ""},
		"another lookup table":     {one(old, use("byA", "email")), one(old, use("byB", "Email")), "table ks.t looks up email in c.b(email -> ksid), was c.a(email -> ksid)" + entries},
		"other columns of it":      {one(old, use("byA", "email")), one(old, use("byFrom", "email")), "table ks.t looks up email in c.a(mail -> ksid), was c.a(email -> ksid)" + entries},
		"to another column":        {one(old, use("byA", "email")), one(old, use("byTo", "email")), "table ks.t looks up email in c.a(email -> id), was c.a(email -> ksid)" + entries},
		"one lookup of two goes":   {one(old, use("byB", "email"), use("byA", "email")), one(old, use("byA", "email")), ""},
		"a lookup of other things": {one(old, use("byA", "email")), one(old, use("byA", "email"), use("byB", "name")), ""},
		"under its name": {
			routing(true, with("l", lookup("c.a", "e", "k")), map[string]uses{"t": {old, use("l", "e")}}),
			routing(true, with("l", lookup("c.b", "e", "k")), map[string]uses{"t": {old, use("l", "e")}}),
			"table ks.t looks up e in c.b(e -> k), was c.a(e -> k)" + entries,
		},
	} {
		if got := strings.Join(moved(tt.before, tt.after), "; "); got != tt.want {
			t.Errorf("%s:\n%q, want\n%q", name, got, tt.want)
		}
	}
}
