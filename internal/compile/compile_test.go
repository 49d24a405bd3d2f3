package compile

import (
	"context"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

func TestPlan(t *testing.T) {
	p, err := New(Input{Routing: &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{
		"customer": {
			Sharded:  true,
			Vindexes: map[string]*vschema.Vindex{"hash": {Type: "xxhash"}},
			Tables:   map[string]*vschema.Table{"orders": {ColumnVindexes: []*vschema.ColumnVindex{{Name: "hash", Column: "customer_id"}}}},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"select id from orders where customer_id = 7": "EqualUnique",
		"select id from orders":                       "Scatter",
	} {
		got := p.Plan(context.Background(), impact.Query{SQL: sql, Keyspace: "customer"})
		if got.Err != nil || got.Tree.Variant != want {
			t.Errorf("%s: %+v %+v, want %s", sql, got.Tree, got.Err, want)
		}
	}
}
