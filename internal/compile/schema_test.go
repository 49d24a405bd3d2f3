package compile

import (
	"slices"
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	createCustomer = "CREATE TABLE `customer` (`id` bigint NOT NULL, `name` varchar(64) COLLATE utf8mb4_bin, `zone` int, PRIMARY KEY (`id`), UNIQUE KEY `by_name` (`name`)) ENGINE=InnoDB"
	createOrders   = "create table orders (id bigint, customer_id bigint, total int, primary key (id))"
	child          = "create table orders (id bigint, customer_id bigint, total int, primary key (id), constraint f foreign key (customer_id) references customer (id) on delete cascade on update cascade)"
)

func schemas(customer Schema) map[string]Schema { return map[string]Schema{"customer": customer} }

func tables(texts ...string) Schema {
	out := Schema{Tables: map[string]Table{}}
	for _, text := range texts {
		name := strings.Trim(strings.Fields(text)[2], "`")
		out.Tables[name] = Table{Create: text}
	}
	return out
}

func TestSchemas(t *testing.T) {
	managed := shop()
	managed.Keyspaces["customer"].ForeignKeyMode = vschemapb.Keyspace_managed
	both := tables(createCustomer, createOrders)
	columns := Schema{Tables: map[string]Table{
		"customer": {Columns: []Column{{Name: "id", Type: "INT64"}, {Name: "name", Type: "VARCHAR", Size: 64}, {Name: "zone", Type: "INT32"}}, PrimaryKey: []string{"id"}, UniqueKeys: [][]string{{"name"}}},
		"orders":   {Columns: []Column{{Name: "customer_id", Type: "INT64"}, {Name: "total", Type: "INT64"}}},
	}}
	view := func(text string) Schema {
		s := tables(createCustomer, createOrders)
		s.Views = map[string]string{"rich": text}
		return s
	}
	for _, tt := range []struct {
		name    string
		routing *vschema.SrvVSchema
		schemas map[string]Schema
		sql     string
		want    string
	}{
		{"a star over two shards without columns", nil, nil, "select * from orders o join customer c on o.total = c.zone", "VT09015 schema tracking required"},
		{"with CREATE TABLE", nil, schemas(both), "select * from orders o join customer c on o.total = c.zone", "Join Join: Route Scatter, Route Scatter"},
		{"with columns", nil, schemas(columns), "select * from orders o join customer c on o.total = c.name", "Join Join: Route Scatter, Route Scatter"},
		{"INSERT without a list of columns", nil, nil, "insert into orders values (1, 2, 3)", "VT09004 INSERT should contain column list or the table should have authoritative columns in vschema"},
		{"INSERT with columns", nil, schemas(both), "insert into orders values (1, 2, 3)", "Insert Sharded"},
		{"a column that is not there", nil, schemas(both), "select price from orders", "error column 'price' not found in table 'orders'"},
		{"UPDATE with LIMIT without keys", nil, nil, "update customer set zone = 1 limit 2", "VT09015 schema tracking required"},
		{"UPDATE with LIMIT and CREATE TABLE", nil, schemas(both), "update customer set zone = 1 limit 2", "DMLWithInput: Limit: Route Scatter, Update IN"},
		{"UPDATE with LIMIT and a primary key", nil, schemas(columns), "update customer set zone = 1 limit 2", "DMLWithInput: Limit: Route Scatter, Update IN"},
		{"a table that only MySQL has", nil, map[string]Schema{"commerce": tables("create table product (sku int)")}, "select sku from product", "Route Unsharded"},
		{"a table that is in no keyspace", nil, nil, "select sku from product", "error table product not found"},
		{"a view by its CREATE VIEW", nil, schemas(view("CREATE ALGORITHM=UNDEFINED VIEW `rich` AS select `c`.`id` AS `id` from `customer` `c` join `orders` `o` on `o`.`total` = `c`.`zone`")), "select id from rich", "Join Join: Route Scatter, Route Scatter"},
		{"a view of a dump", nil, schemas(view("/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`%` SQL SECURITY DEFINER */\n/*!50001 VIEW `rich` AS select id from customer */")), "select id from rich", "Route Scatter"},
		{"a view by its SELECT", nil, schemas(view("select c.id from customer c join orders o on o.total = c.zone")), "select id from rich", "Join Join: Route Scatter, Route Scatter"},
		{"foreign keys that MySQL keeps", nil, schemas(tables(createCustomer, child)), "delete from customer where id = 1", "Delete EqualUnique"},
		{"foreign keys that vtgate keeps", managed, schemas(tables(createCustomer, child)), "delete from customer where id = 1", "FkCascade: Route EqualUnique, Delete MultiEqual, Delete EqualUnique"},
		{"foreign keys in a circle", managed, schemas(tables("create table customer (id bigint primary key, parent bigint, constraint f foreign key (parent) references customer (id) on delete cascade)")), "delete from customer where id = 1", "VT09019 keyspace 'customer' has cyclic foreign keys. Cycle exists between [customer.customer.id customer.customer.id]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.routing == nil {
				tt.routing = shop()
			}
			p := planner(t, Input{Routing: tt.routing, Schemas: tt.schemas})
			if got := said(p.Plan(t.Context(), impact.Query{SQL: tt.sql})); got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.sql, got, tt.want)
			}
			if notes := p.Notes(); len(notes) > 0 {
				t.Errorf("notes %q", notes)
			}
		})
	}
}

// TestUnreadable: what cannot be read is said, and takes nothing else with it.
func TestUnreadable(t *testing.T) {
	p := planner(t, Input{Routing: shop(), Schemas: schemas(Schema{
		Tables: map[string]Table{
			"customer": {Create: createCustomer},
			"alike":    {Create: "create table alike like customer"},
			"wrong":    {Create: "create table wrong (id bigint, secret varchr(10))"},
			"odd":      {Columns: []Column{{Name: "a", Type: "INT46"}}},
		},
		Views: map[string]string{"v": "select from", "w": "create table w (id int)"},
	})})
	want := []string{
		"table customer.odd: vtgate does not know its columns: column a has the unknown type INT46",
		"table customer.alike: vtgate does not know its columns: its CREATE TABLE cannot be read",
		"table customer.wrong: vtgate does not know its columns: its CREATE TABLE cannot be read",
		"view customer.v: vtgate does not know it: its CREATE VIEW cannot be read",
		"view customer.w: vtgate does not know it: its CREATE VIEW cannot be read",
	}
	if got := p.Notes(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := said(p.Plan(t.Context(), impact.Query{SQL: "select price from customer"})); got != "error column 'price' not found in table 'customer'" {
		t.Errorf("the table that can be read: %s", got)
	}
}
