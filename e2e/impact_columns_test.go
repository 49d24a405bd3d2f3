package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/lab/cluster"
)

// TestImpactColumns: queries that cannot be planned without MySQL's columns are
// planned with those that a tablet has, or with those that vtgates know, and get
// the plans that the vtgates have.
func TestImpactColumns(t *testing.T) {
	f := newFull(t, cluster.Options{})
	known := []string{
		"select * from customer union select * from customer",
		"select c.*, o.* from customer c join orders o on c.name = o.sku",
		"select count(*) from customer",
	}
	file := filepath.Join(t.TempDir(), "known.sql")
	if err := os.WriteFile(file, []byte(strings.Join(known, ";\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 3 { // often enough to be in the plan cache
		for _, q := range known {
			f.exec("customer", q)
		}
	}

	r := f.ok("impact", f.dir, "--queries", "live", "--all")
	if !strings.Contains(r.stdout, "3 of 3 plans for the cluster as it is equal those that the vtgates have\n") || strings.Contains(r.stdout, "VT09015") {
		t.Errorf("with the columns of tablets:\n%s", r)
	}
	r = f.ok("impact", f.dir, "--queries", file, "--all", "--planner", "vtgate")
	if !strings.Contains(r.stdout, ": 0 of 3 differ") || strings.Contains(r.stdout, "VT09015") {
		t.Errorf("by the vtgates' own plans:\n%s", r)
	}

	// vttablets tell vtgates of views only where they are told to.
	for _, shard := range f.Shards("customer") {
		f.mysql("customer", shard, "create view named as select customer_id, name from customer")
	}
	r = f.ok("impact", f.dir, "--queries", file)
	if !strings.Contains(r.stdout, "the vtgates know no views, so these are none here: customer.named (") {
		t.Errorf("with a view that vtgates do not know:\n%s", r)
	}

	vtctld := slices.Index(f.args, "--vtctld")
	f.args = slices.Delete(slices.Clone(f.args), vtctld, vtctld+2)
	r = f.ok("impact", f.dir, "--queries", "live", "--all")
	// The union compares text: by a collation that no vtgate shows.
	if !strings.Contains(r.stdout, "2 of 3 plans for the cluster as it is") || !strings.Contains(r.stdout, "without collations") || strings.Contains(r.stdout, "VT09015") {
		t.Errorf("with the columns that the vtgates know:\n%s", r)
	}

	r = f.vtsync("impact", f.dir, "--before", f.dir, "--queries", file, "--all")
	if r.code != 2 { // --topo means nothing there
		t.Errorf("two folders and a cluster: %s", r)
	}
	f.args = nil
	r = f.ok("impact", f.dir, "--before", f.dir, "--queries", file, "--all")
	if !strings.Contains(r.stdout, "the columns of these tables are not known: customer.customer, customer.orders") {
		t.Errorf("without any columns:\n%s", r)
	}
}

// physicalSchema has what plans depend on and only MySQL says: views, foreign keys,
// unique keys, enums and collations. No parent has two children that vtgates write
// to: in which order they do, they choose anew at each rebuild of their VSchema.
const (
	physicalVSchema = `{"sharded": true, "foreign_key_mode": "managed", "vindexes": {"hash": {"type": "hash"}}, "tables": {
		"author": {"column_vindexes": [{"column": "author_id", "name": "hash"}]},
		"book": {"column_vindexes": [{"column": "author_id", "name": "hash"}]},
		"review": {"column_vindexes": [{"column": "author_id", "name": "hash"}]},
		"club": {"column_vindexes": [{"column": "club_id", "name": "hash"}]},
		"reader": {"column_vindexes": [{"column": "reader_id", "name": "hash"}]}
	}}`
	physicalSchema = `
create table author(author_id bigint not null primary key, name varchar(64), kind enum('z','a') not null default 'z', unique key (name), key (author_id, kind));
create table book(
  author_id bigint not null, book_id bigint not null, title varchar(64) collate utf8mb4_bin, kind enum('z','a'), primary key (author_id, book_id), unique key (title, book_id),
  foreign key (author_id) references author(author_id) on delete cascade on update cascade
);
create table review(
  author_id bigint not null, book_id bigint, text varchar(200) character set latin1 not null, primary key (author_id, text),
  foreign key (author_id) references author(author_id) on delete restrict
) collate utf8mb4_general_ci;
create table club(club_id bigint not null primary key, name varchar(64));
create table reader(reader_id bigint primary key, club_id bigint, foreign key (club_id) references club(club_id) on delete set null);
create table gone(id bigint);
create view lost as select id from gone;
drop table gone;
create view titles as select a.author_id, a.name, b.title from author a join book b on a.author_id = b.author_id;
create view names as select author_id, name from author;
create view counted as select kind, count(*) as n from author group by kind`
)

// physicalQueries need it.
var physicalQueries = []string{
	"select * from names", "select name from names where author_id = 1", "select * from titles where author_id in (1, 2)",
	"select t.title, r.text from titles t join review r on t.author_id = r.book_id", "select n, kind from counted order by kind",
	"select physical.names.name from physical.names order by name", "update names set name = 'x' where author_id = 1",
	"insert into author(author_id, name) values (1, 'x')", "insert into author(author_id, name) values (1, 'x') on duplicate key update name = 'y'",
	"replace into author(author_id, name) values (1, 'x')", "delete from author where author_id = 1", "delete from author where name = 'x'",
	"update author set author_id = 2 where author_id = 1", "update author set name = 'x', kind = 'a' where kind = 'z'",
	"insert into book(author_id, book_id, title) values (1, 1, 'x'), (2, 1, 'y')", "insert into review(author_id, text) values (1, 'x')",
	"insert into reader(reader_id, club_id) values (1, 1)", "delete from club where club_id = 1", "delete from club where name = 'x'",
	"delete from book where author_id = 1 limit 1",
	"select kind, count(*) from author group by kind order by kind", "select max(kind) from book", "select distinct kind from book order by kind desc",
	"select title from book union select text from review", "select name from author union select title from book order by name",
	"select title, count(*) from book group by title order by title", "select count(distinct text) from review",
	"select b.title, r.text from book b join review r on b.title = r.text order by r.text", "select * from author order by name, kind limit 5",
	"select * from lost",
}

// TestImpactPhysical: plans of all that depend on what only MySQL says are those of
// the vtgates, whose vttablets tell them of views.
func TestImpactPhysical(t *testing.T) {
	f := newFull(t, cluster.Options{
		Cells:         []string{"zone1"},
		VTTabletFlags: []string{"--queryserver-enable-views"},
		Keyspaces: []cluster.Keyspace{
			{Name: "physical", Shards: cluster.ShardNames(2), VSchema: physicalVSchema, Schema: physicalSchema},
		},
	})
	f.until("the vtgate knows the views", func() error {
		_, err := f.Query(t.Context(), f.VTGates()[0], "physical", "select * from titles")
		return err
	})
	known := impact.Query{Keyspace: "physical", Executions: 1}
	var forms []impact.Query
	for _, sql := range physicalQueries {
		known.SQL = sql
		form, ok := collected(known)
		if !ok {
			t.Fatalf("%s is not collected", sql)
		}
		forms = append(forms, form)
	}
	file := filepath.Join(t.TempDir(), "known.json")
	if err := os.WriteFile(file, queries.Encode(forms), 0o644); err != nil {
		t.Fatal(err)
	}
	r := f.ok("impact", f.dir, "--queries", file, "--all", "--planner", "vtgate")
	if !strings.Contains(r.stdout, fmt.Sprintf(": 0 of %d differ", len(forms))) || strings.Contains(r.stdout, "VT09015") {
		t.Errorf("by the vtgates' own plans:\n%s", r)
	}

	vtctld := slices.Index(f.args, "--vtctld")
	f.args = slices.Delete(slices.Clone(f.args), vtctld, vtctld+2)
	r = f.ok("impact", f.dir, "--queries", file, "--all")
	if !strings.Contains(r.stdout, "keyspace physical: vtgates carry out its foreign keys") || !strings.Contains(r.stdout, "writes to author, book, club, reader, review are planned") || strings.Contains(r.stdout, "table titles not found") {
		t.Errorf("with what the vtgates show:\n%s", r)
	}
}
