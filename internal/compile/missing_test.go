package compile

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
)

// A query that vtgate refuses for want of columns names the tables that lack them,
// whatever vtgate calls it.
func TestMissingColumns(t *testing.T) {
	srv := shop()
	srv.Keyspaces["customer"].Tables["customer"].ColumnListAuthoritative = true
	srv.Keyspaces["commerce"].Tables["product"] = nil
	p := planner(t, Input{Routing: srv, Schemas: map[string]Schema{
		"customer": {Tables: map[string]Table{"known": {Columns: []Column{{Name: "id", Type: "INT64"}, {Name: "name", Type: "VARCHAR"}}}}},
	}})
	const needed = "VT09015 schema tracking required"
	for _, tt := range []struct {
		query   impact.Query
		want    string
		missing string
	}{
		{impact.Query{SQL: "select * from orders union select * from commerce.product"}, needed, "commerce.product customer.orders"},
		{impact.Query{SQL: "with c as (select * from orders) select * from c union select * from known", Keyspace: "customer"}, needed, "customer.orders"},
		{impact.Query{SQL: "select title from orders o join commerce.product p on p.id = o.pid where price > 5"}, "error Column 'price' in field list is ambiguous", "commerce.product customer.orders"},
		{impact.Query{SQL: "select total from orders o join orders u on u.id = o.pid", Keyspace: "customer"}, "error Column 'total' in field list is ambiguous", "customer.orders"},
		{impact.Query{SQL: "select name from known a join known b on a.id = b.id", Keyspace: "customer"}, "error Column '`name`' in field list is ambiguous", ""},
		{impact.Query{SQL: "insert into orders values (1, 2)"}, "VT09004 INSERT should contain column list or the table should have authoritative columns in vschema", "customer.orders"},
		{impact.Query{SQL: "insert into orders values (1, (select max(id) from commerce.product))"}, "VT09004 INSERT should contain column list or the table should have authoritative columns in vschema", "customer.orders"},
		{impact.Query{SQL: "select nothing from known", Keyspace: "customer"}, "error column 'nothing' not found in table 'known'", ""},
		{impact.Query{SQL: "select total from orders where id = 1 for update nowait", Keyspace: "nowhere"}, "VT05003 unknown database 'nowhere' in vschema", ""},
	} {
		got := p.Plan(t.Context(), tt.query)
		if said(got) != tt.want || strings.Join(got.Err.Missing, " ") != tt.missing {
			t.Errorf("%s:\n got %s, missing %q\nwant %s, missing %q", tt.query.SQL, said(got), got.Err.Missing, tt.want, tt.missing)
		}
	}
}
