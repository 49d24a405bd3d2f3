package compile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// shop is a sharded keyspace and an unsharded one.
func shop() *vschema.SrvVSchema {
	return &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{
		"commerce": {Tables: map[string]*vschema.Table{"seq": {Type: "sequence"}}},
		"customer": {
			Sharded:  true,
			Vindexes: map[string]*vschema.Vindex{"hash": {Type: "xxhash"}},
			Tables: map[string]*vschema.Table{
				"customer": {ColumnVindexes: by("id"), AutoIncrement: &vschemapb.AutoIncrement{Column: "id", Sequence: "commerce.seq"}},
				"orders":   {ColumnVindexes: by("customer_id")},
			},
		},
	}}
}

func by(column string) []*vschema.ColumnVindex {
	return []*vschema.ColumnVindex{{Name: "hash", Column: column}}
}

func planner(t testing.TB, in Input) *Planner {
	t.Helper()
	p, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// said is a plan in one line: its operators from the root, or its error.
func said(p impact.Plan) string {
	switch {
	case p.Err != nil && p.Err.Code != "":
		return p.Err.Code + " " + p.Err.Text
	case p.Err != nil:
		return "error " + p.Err.Text
	case p.Tree == nil:
		return "nothing"
	}
	var words func(impact.Node) string
	words = func(n impact.Node) string {
		out := n.Operator
		if n.Variant != "" {
			out += " " + n.Variant
		}
		for i, in := range n.Inputs {
			out += []string{": ", ", "}[min(i, 1)] + words(in)
		}
		return out
	}
	return words(*p.Tree)
}

func TestPlan(t *testing.T) {
	p := planner(t, Input{Routing: shop()})
	for _, tt := range []struct {
		query impact.Query
		want  string
	}{
		{impact.Query{SQL: "select total from orders where customer_id = 7"}, "Route EqualUnique"},
		{impact.Query{SQL: "select total from orders where customer_id in ::vtg1"}, "Route IN"},
		{impact.Query{SQL: "select total from orders"}, "Route Scatter"},
		{impact.Query{SQL: "select total from orders", Keyspace: "customer"}, "Route Scatter"},
		{impact.Query{SQL: "select total from orders", Keyspace: "commerce"}, "Route Unsharded"},
		{impact.Query{SQL: "select total from orders", Keyspace: "customer:-80"}, "Send"},
		{impact.Query{SQL: "select total from orders", Keyspace: "customer", TabletType: "replica"}, "Route Scatter"},
		{impact.Query{SQL: "update orders set total = 1 where customer_id = 7"}, "Update EqualUnique"},
		{impact.Query{SQL: "select 1 from dual"}, "Projection: SingleRow"},
		{impact.Query{SQL: "select 1 from dual", Keyspace: "gone"}, "VT05003 unknown database 'gone' in vschema"},
		{impact.Query{SQL: "select total from orders", Keyspace: "customer", TabletType: "sideways"}, "error unknown tablet type sideways: it is primary, replica or rdonly"},
		{impact.Query{SQL: "select * from orders o join customer c on o.total = c.total"}, "VT09015 schema tracking required"},
		{impact.Query{SQL: "select id from nowhere.orders"}, "VT05003 unknown database 'nowhere' in vschema"},
		{impact.Query{SQL: "select * from orders wehre name = 'Ada'"}, "error syntax error at position 32"},
		{impact.Query{SQL: "select 'Ada"}, "error syntax error at position 12"},
		{impact.Query{SQL: "select @a := 1, id from orders"}, "VT12001 unsupported: Assignment expression"},
		{impact.Query{SQL: "with recursive c as (select 1 union all select 2) select * from c"}, "error vtgate's planner panics, which closes the connection: runtime error: invalid memory address or nil pointer dereference"},
		{impact.Query{SQL: "select id from orders where total = date'2020-13-01'"}, "error Incorrect DATE value"},
		{impact.Query{SQL: ""}, "error Query was empty"},
	} {
		if got := said(p.Plan(t.Context(), tt.query)); got != tt.want {
			t.Errorf("%+v\n got %s\nwant %s", tt.query, got, tt.want)
		}
	}
}

// TestPrintsNothing: the standard output is that of vtsync, whatever a query is.
// Vitess prints there where it refuses some.
func TestPrintsNothing(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	p := planner(t, Input{Routing: shop()})
	all := slices.Concat(others, []string{
		"select @a := 1, id, name from customer where id = 1", "select id from customer where id = (@a := id + 1) and name = 'a'",
		"with recursive c as (select 1 union all select 2) select * from c",
	})
	for _, literal := range []string{"date'2020-13-01'", "time'99:99:99'", "timestamp'2020-01-01 25:00:00'", "{d '2020-02-31'}", "{t 'x'}", "{ts ''}", "date\"x\"", "DATE 'x'", "date\n'x'", "date/**/'x'"} {
		for _, form := range []string{
			"select id from orders where total = %s", "select id from orders where total = %s and id = 5 order by id", "select %s, id from orders group by id",
			"select id from orders where total in (%s, 5)", "select id from orders where total between %s and 5", "update orders set total = %s where id = 5",
			"insert into orders (id, total) values (5, %s)", "delete from orders where total > %s", "select d.a from (select total as a, id from orders where total = %s) d",
			"select id from orders where total = %s union select id from customer where id = 5", "set @a = %s", "show tables where a = %s", "explain select id from orders where total = %s",
			"select id from orders where exists (select 1 from customer where id = %s)", "select case total when 5 then %s else 6 end from orders",
		} {
			all = append(all, fmt.Sprintf(form, literal))
		}
	}
	os.Stdout = file
	for _, sql := range all {
		for _, keyspace := range []string{"", "customer"} {
			p.Plan(t.Context(), impact.Query{SQL: sql, Keyspace: keyspace})
			if _, err := Compare(t.Context(), Side{Planner: p}, Side{Planner: p}, []impact.Query{{SQL: sql, Keyspace: keyspace}}); err != nil {
				t.Fatal(err)
			}
		}
		if info, err := file.Stat(); err != nil || info.Size() > 0 {
			t.Fatalf("%s: something is printed (%v)", sql, err)
		}
	}
}

// TestPlanEmpty: where there is no keyspace, nothing has a plan and nothing panics.
func TestPlanEmpty(t *testing.T) {
	p := planner(t, Input{})
	for _, sql := range append(others, "select 1", "select 1 from dual", "select id from t", "insert into t values (1)") {
		if got := said(p.Plan(t.Context(), impact.Query{SQL: sql})); strings.Contains(got, "panic") {
			t.Errorf("%s: %s", sql, got)
		}
	}
}

// others are statements that ask more of the session than its routing.
var others = []string{
	"begin", "start transaction read only", "commit", "rollback", "savepoint a", "release savepoint a", "rollback to a", "kill 5", "kill query 5",
	"use customer", "use customer@replica", "set @a = 1", "set @@session.autocommit = 1", "set sql_mode = 'ansi'", "set names utf8mb4", "set @@foo = 1",
	"show tables", "show databases", "show vschema tables", "show vschema keyspaces", "show vschema vindexes", "show vschema vindexes on orders", "show vitess_shards", "show vitess_targets",
	"show vitess_tablets", "show vitess_replication_status", "show vitess_migrations", "show vitess_throttled_apps", "show variables", "show global gtid_executed", "show global vgtid_executed", "show warnings", "show transaction status 'a'", "show unresolved transactions",
	"show plugins", "show engines", "show charset", "show collation", "show create table orders", "show columns from orders", "show index from orders", "show processlist", "show status", "show binary logs",
	"prepare a from 'select id from orders where customer_id = ?'", "prepare a from @b", "execute a", "execute a using @b", "deallocate prepare a",
	"lock tables orders read", "unlock tables", "flush tables", "flush tables orders with read lock", "analyze table orders", "optimize table orders", "repair table orders", "checksum table orders",
	"create table t (id int)", "alter table orders add column a int", "drop table orders", "truncate table orders", "rename table orders to o", "create view v as select id from orders", "alter view v as select id from orders", "drop view v",
	"create database d", "drop database customer", "alter database customer charset utf8", "create index i on orders (a)", "create procedure p() select 1", "drop procedure p", "call p()",
	"alter vschema add table t", "alter vschema on orders add vindex hash (id)", "alter vschema create vindex v using hash", "alter vitess_migration 'a' cancel", "revert vitess_migration 'a'", "show vitess_migration 'a' logs",
	"explain select id from orders", "vexplain plan select id from orders", "vexplain queries select id from orders", "vexplain all select id from orders", "vexplain trace select id from orders", "vexplain keys select id from orders", "explain orders", "describe orders",
	"stream * from orders", "vstream * from orders", "select get_lock('a', 1)", "select release_lock('a')", "select is_used_lock('a')", "select last_insert_id(), database(), @@version, @a, found_rows()",
	"load data infile 'a' into table orders", "select id into outfile 'a' from orders", "do sleep(1)", "select next 5 values from commerce.seq", "handler orders open", "xa start 'a'", "grant all on a to b", "help 'a'", "/* nothing */", "-- nothing", ";",
}

func TestOtherStatements(t *testing.T) {
	p := planner(t, Input{Routing: shop()})
	for _, keyspace := range []string{"", "customer", "commerce", "commerce@replica", "customer:-80", "customer[-]", "mysql"} {
		for _, sql := range others {
			if keyspace == "mysql" && sql == "explain select id from orders" {
				continue // vtgate panics too
			}
			if got := said(p.Plan(t.Context(), impact.Query{SQL: sql, Keyspace: keyspace})); strings.Contains(got, "panic") {
				t.Errorf("%s in %q: %s", sql, keyspace, got)
			}
		}
	}
}

// TestTypes: a bind variable whose type the text names is planned as the literal
// was; without its type it is planned otherwise.
func TestTypes(t *testing.T) {
	p := planner(t, Input{Routing: shop()})
	tree := func(value string) string {
		plan := p.Plan(t.Context(), impact.Query{SQL: "select distinct " + value + ", id from customer"})
		if plan.Err != nil {
			t.Fatalf("%s: %s", value, said(plan))
		}
		return text(t, plan)
	}
	for literal, typed := range map[string]string{
		"5":    ":vtg1 /* INT64 */",
		"5e3":  "CAST(:vtg1 AS DOUBLE)",
		"5.25": ":vtg1 /* DECIMAL(3,2) */",
	} {
		if tree(literal) != tree(typed) {
			t.Errorf("%s: got  %s\nwant %s", literal, tree(typed), tree(literal))
		}
		if tree(literal) == tree(":vtg1") {
			t.Errorf("%s: the type makes no difference", literal)
		}
	}
}

func text(t testing.TB, p impact.Plan) string {
	t.Helper()
	b, err := json.Marshal(struct {
		Tree   *impact.Node
		Tables []string
		Err    *impact.Error
	}{p.Tree, p.Tables, p.Err})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
