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

// TestRemade: a function that changes under its name is in no plan.
func TestRemade(t *testing.T) {
	routing := func(sharded bool, vindex *vschema.Vindex, columns ...string) *vschema.SrvVSchema {
		table := &vschema.Table{}
		for _, name := range columns {
			table.ColumnVindexes = append(table.ColumnVindexes, &vschemapb.ColumnVindex{Name: name, Column: "id"})
		}
		return &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"ks": {
			Sharded: sharded, Vindexes: map[string]*vschema.Vindex{"v": vindex, "w": {Type: "xxhash"}}, Tables: map[string]*vschema.Table{"t": table},
		}}}
	}
	hash, binary := &vschema.Vindex{Type: "hash"}, &vschema.Vindex{Type: "binary"}
	odd := &vschema.Vindex{Type: "hash", Params: map[string]string{"a": "1"}}
	const moved = ": plans stay as they are, and rows may not be where it looks: vtsync plan judges that"
	for name, tt := range map[string]struct {
		before, after *vschema.SrvVSchema
		want          string
	}{
		"another type":         {routing(true, hash, "v"), routing(true, binary, "v"), "ks.v changes its type" + moved},
		"other params":         {routing(true, hash, "v"), routing(true, odd, "v"), "ks.v changes its params" + moved},
		"both":                 {routing(true, binary, "v", "w"), routing(true, odd, "v", "w"), "ks.v changes its type and its params" + moved},
		"nothing":              {routing(true, odd, "v"), routing(true, odd, "v"), ""},
		"of a secondary one":   {routing(true, hash, "w", "v"), routing(true, binary, "w", "v"), ""},
		"it becomes primary":   {routing(true, hash, "w"), routing(true, binary, "v"), ""},
		"a new one":            {routing(true, nil), routing(true, binary, "v"), ""},
		"of no sharded tables": {routing(false, hash, "v"), routing(true, binary, "v"), ""},
		"of a new keyspace":    {&vschema.SrvVSchema{}, routing(true, binary, "v"), ""},
	} {
		if got := strings.Join(remade(tt.before, tt.after), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
