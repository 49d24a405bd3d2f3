package impact

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

func TestGroundOf(t *testing.T) {
	customer, err := vschema.DecodeJSON([]byte(`{"sharded": true,
		"vindexes": {
			"hash": {"type": "hash"},
			"by_email": {"type": "consistent_lookup_unique", "owner": "customer", "params": {"table": "email_idx", "from": "email", "to": "id"}},
			"by_phone": {"type": "lookup", "owner": "customer", "params": {"table": "phone_idx", "from": "phone", "to": "id"}},
			"foreign": {"type": "lookup_unique", "params": {"table": "f", "from": "f", "to": "id"}},
			"claimed": {"type": "hash", "owner": "customer"}
		},
		"tables": {
			"customer": {"column_vindexes": [
				{"column": "id", "name": "hash"}, {"column": "phone", "name": "by_phone"}, {"column": "email", "name": "by_email"},
				{"column": "f", "name": "foreign"}, {"column": "c", "name": "claimed"}]},
			"orders": {"column_vindexes": [{"column": "id", "name": "hash"}, {"column": "email", "name": "by_email"}]}
		}}`))
	if err != nil {
		t.Fatal(err)
	}
	filled := func(from string) *vschema.Table {
		return &vschema.Table{AutoIncrement: &vschemapb.AutoIncrement{Column: "id", Sequence: from}}
	}
	product := &vschema.Keyspace{Tables: map[string]*vschema.Table{
		"seq": {}, "orders": {}, "alone": filled("seq"), "named": filled("other.seq"), "twice": filled("orders"), "nowhere": filled("none"),
	}}
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"customer": customer, "product": product}}
	want := Ground{
		Shards:  map[string]int{"customer": 8},
		Owned:   map[string][]string{"customer.customer": {"by_phone", "by_email"}},
		Lookups: map[string]bool{"customer.by_email": true, "customer.by_phone": true, "customer.foreign": true},
		Primary: map[string]string{"customer.customer": "hash", "customer.orders": "hash"},
		Sequences: map[string]string{
			"product.alone": "product.seq", "product.named": "other.seq", "product.twice": "orders", "product.nowhere": "none",
		},
		Sharded: map[string]bool{"customer": true},
	}
	if diff := cmp.Diff(want, GroundOf(srv, map[string]int{"customer": 8})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if g := GroundOf(nil, nil); len(g.Owned) != 0 {
		t.Errorf("of nothing: %+v", g)
	}
}

func TestTextsOfWrites(t *testing.T) {
	for sql, want := range map[string]struct {
		table string
		rows  int
	}{
		"insert into customer(id) values (:_id_0)":                                   {"customer", 1},
		"insert ignore into `order items`(id) values (1), (2)":                       {"order items", 2},
		"replace into customer(id) values row(1), row(2), row(3)":                    {"customer", 3},
		"insert into t(a) values ('it''s (', 1), (\"b) (\", f((2), 3)), ('\\'(', 4)": {"t", 3},
		`insert into t(a) values ('\'), (\'', 1), (2)`:                               {"t", 2},
		"insert into t(a) values (1) on duplicate key update a = values(a), b = (2)": {"t", 1},
		"insert /*vt+ X=(1) */ into t(`values`) values (1), (2) as n(a)":             {"t", 2},
		"insert into t(a) select b from u":                                           {"t", 1},
		"update /* why */ customer as c set c.a = 1":                                 {"customer", 1},
		"update ignore t set a = 1":                                                  {"t", 1},
		"delete from customer where id in (1, 2)":                                    {"customer", 1},
		"delete from `cust``omer`":                                                   {"cust", 1},
		"":                                                                           {"", 1},
		"insert into t(a) values ('never closed, (":                                  {"t", 1},
		"insert into t(a) values (1) /* never closed":                                {"t", 1},
	} {
		if table, rows := tableOf(sql), rowsOf(sql); table != want.table || rows != want.rows {
			t.Errorf("%s: table %q, %d rows; want %q, %d", sql, table, rows, want.table, want.rows)
		}
	}
}
