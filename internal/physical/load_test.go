package physical

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vtsync/vtsync/internal/errs"
)

func load(t *testing.T, files ...string) (*Schema, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for i, text := range files {
		fsys["schema/"+string(rune('a'+i))+".sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return Load(fsys, "schema")
}

func at(line, column int) errs.Position {
	return errs.Position{File: "schema/a.sql", Line: line, Column: column}
}

// dump is what mysqldump --no-data writes, with a trigger, a view, and comments
// for other versions of MySQL.
const dump = `-- MySQL dump 10.13
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
DROP TABLE IF EXISTS ` + "`customer`" + `;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE ` + "`customer`" + ` (
  ` + "`id`" + ` bigint unsigned NOT NULL AUTO_INCREMENT,
  ` + "`key`" + ` varchar(64) CHARACTER SET latin1 DEFAULT 'a;b,(c' COMMENT 'it''s; ok',
  ` + "`email`" + ` varchar(128) COLLATE utf8mb4_bin NOT NULL, -- a comment, with a comma
  ` + "`total`" + ` decimal(10,2) GENERATED ALWAYS AS ((1 + 2)) STORED,
  ` + "`hidden`" + ` text /*!80023 INVISIBLE */,
  PRIMARY KEY (` + "`id`" + `),
  UNIQUE KEY ` + "`email`" + ` (` + "`id`,`email`(20)" + `),
  KEY ` + "`k`" + ` (` + "`key`" + `,(id + 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='the customers'
/*!50100 PARTITION BY KEY (id) PARTITIONS 2 */;
/*!50001 CREATE VIEW ` + "`v`" + ` AS SELECT 1 AS id*/;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=` + "`root`@`%`" + `*/ /*!50003 TRIGGER tr BEFORE INSERT ON customer FOR EACH ROW BEGIN SET NEW.id = 1; ALTER TABLE x; END */;;
DELIMITER ;
create table other (id int primary key, name varchar(10) unique, code int unique key);
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=` + "`root`@`%`" + ` SQL SECURITY DEFINER */
/*!50001 VIEW ` + "`w`" + ` AS select 1 AS id */;
`

func TestLoadDump(t *testing.T) {
	got, err := load(t, dump)
	if err != nil {
		t.Fatal(err)
	}
	want := &Schema{
		Tables: map[string]*Table{
			"customer": {
				Name: "customer", Pos: at(5, 1), Comment: "the customers",
				Columns: []Column{
					{Name: "id", Pos: at(6, 3), Type: "bigint", Unsigned: true, AutoIncrement: true},
					{Name: "key", Pos: at(7, 3), Type: "varchar", Length: 64, Collation: "latin1_swedish_ci", Nullable: true},
					{Name: "email", Pos: at(8, 3), Type: "varchar", Length: 128, Collation: "utf8mb4_bin"},
					{Name: "total", Pos: at(9, 3), Type: "decimal", Length: 10, Nullable: true, Generated: true},
					{Name: "hidden", Pos: at(10, 3), Type: "text", Collation: "utf8mb4_general_ci", Nullable: true, Invisible: true},
				},
				Keys: []Key{
					{Name: "PRIMARY", Primary: true, Unique: true, Columns: []string{"id"}},
					{Name: "email", Unique: true, Columns: []string{"id", "email"}, Prefixes: []int{0, 20}},
					{Name: "k", Columns: []string{"key", ""}},
				},
			},
			"other": {
				Name: "other", Pos: at(20, 1),
				Columns: []Column{
					{Name: "id", Pos: at(20, 21), Type: "int"},
					{Name: "name", Pos: at(20, 41), Type: "varchar", Length: 10, Nullable: true},
					{Name: "code", Pos: at(20, 66), Type: "int", Nullable: true},
				},
				Keys: []Key{
					{Name: "PRIMARY", Primary: true, Unique: true, Columns: []string{"id"}},
					{Name: "name", Unique: true, Columns: []string{"name"}},
					{Name: "code", Unique: true, Columns: []string{"code"}},
				},
			},
		},
		Views: map[string]string{
			"v": "/*!50001 CREATE VIEW `v` AS SELECT 1 AS id*/",
			"w": "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */\n/*!50001 VIEW `w` AS select 1 AS id */",
		},
		Unread: map[string]bool{},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Table{}, "Create")); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestCreate: the statement is as MySQL would show it, where vtgate's schema
// tracker reads nothing else.
func TestCreate(t *testing.T) {
	for written, want := range map[string]string{
		"create table t (id int primary key, name varchar(10) unique, code int unique key)": "CREATE TABLE `t` (\n\t`id` int NOT NULL,\n\t`name` varchar(10) COLLATE utf8mb4_0900_ai_ci,\n\t`code` int,\n\tPRIMARY KEY (`id`),\n\tUNIQUE KEY `name` (`name`),\n\tUNIQUE KEY `code` (`code`)\n)",
		"create table t (id int key)": "CREATE TABLE `t` (\n\t`id` int NOT NULL,\n\tPRIMARY KEY (`id`)\n)",
		"create table t (a text charset latin1, b char(3) collate utf8mb3_bin, c varbinary(9), d varchar(4)) charset utf8mb3": "CREATE TABLE `t` (\n\t`a` text CHARACTER SET latin1 COLLATE latin1_swedish_ci,\n\t`b` char(3) COLLATE utf8mb3_bin,\n\t`c` varbinary(9),\n\t`d` varchar(4) COLLATE utf8mb3_general_ci\n) CHARSET utf8mb3",
	} {
		got, err := load(t, written)
		if err != nil {
			t.Fatal(err)
		}
		if create := got.Tables["t"].Create; create != want {
			t.Errorf("%s\n got %q\nwant %q", written, create, want)
		}
	}
}

func TestCollationIsNotGuessed(t *testing.T) {
	got, err := load(t, "create table t (a varchar(10), b varchar(10) charset utf8mb4, c varchar(10) collate utf8_bin)")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "", "b": "utf8mb4_0900_ai_ci", "C": "utf8mb3_bin"} {
		if c := got.Tables["t"].Column(name); c == nil || c.Collation != want {
			t.Errorf("column %s is %+v, want collation %q", name, c, want)
		}
	}
}

var problemTests = []struct {
	name  string
	files []string
	want  []string // position: part of the text
}{
	{"typing error", []string{"create table t (\n  id bigint,\n  name varchr(10)\n);"}, []string{"schema/a.sql:3:8: syntax error near \"varchr\""}},
	{"first of two statements", []string{"create table t (id bigint,);\ncreate table u (id int);"}, []string{"schema/a.sql:1:27: syntax error"}},
	{"no columns", []string{"\n  create table t like u"}, []string{"schema/a.sql:2:3: names no columns"}},
	{"a table twice", []string{"create table t (id int)", "-- again\ncreate table t (id int)"}, []string{"schema/b.sql:2:1: table t is created in schema/a.sql:1:1"}},
	{"a column twice", []string{"create table t (id int, ID int)"}, []string{"schema/a.sql:1:25: two columns ID"}},
	{"migrations", []string{"create table t (id int);\nalter table t add name int;\ncreate index i on t (id);\nrename table t to u"}, []string{
		"schema/a.sql:2:1: changes a table", "schema/a.sql:3:1: changes a table", "schema/a.sql:4:1: changes a table",
	}},
	{"a quote that is never closed", []string{"set names 'utf8;\ncreate table t (id int);"}, []string{"schema/a.sql:1:11: never closed"}},
	{"a comment that is never closed", []string{"create table t (id int);\n/* create table u (id int);"}, []string{"schema/a.sql:2:1: never closed"}},
	{"no statement", []string{"create table t (id int);\ngarbage;\nCRATE TABLE u (id int);"}, []string{"schema/a.sql:2:1: cannot be read", "schema/a.sql:3:1: cannot be read"}},
	{"a word that follows no CREATE", []string{"create tabel t (id int, index (id));"}, []string{"schema/a.sql:1:8: cannot be read"}},
	{"half a statement", []string{"select 1 from;"}, []string{"schema/a.sql:1:10: cannot be read"}},
	{"a statement that is not ended", []string{"use shop\ncreate table t (id int);"}, []string{"schema/a.sql:2:1: within another statement"}},
	{"a table that is dropped", []string{"create table t (id int);\ncreate table u (id int);", "drop table if exists x.u, t;"}, []string{
		"schema/b.sql:1:1: table t, which is created in schema/a.sql:1:1, is dropped", "schema/b.sql:1:1: table u",
	}},
	{"a DROP that cannot be read", []string{"create table t (id int);\ndrop table t t;"}, []string{"schema/a.sql:2:14: cannot be read"}},
	{"dumps of one table", []string{"drop table if exists t;\ncreate table t (id int)", "drop table if exists t;\ncreate table t (id int)"}, []string{"schema/b.sql:2:1: table t is created in schema/a.sql:2:1"}},
	{"a program without an end", []string{"create table t (id int);\ncreate procedure p() begin select 1; select 2;\ncreate table u (id int);"}, []string{"schema/a.sql:2:1: END is not found"}},
	{"a mark of the encoding", []string{"\ufeffcreate table t (id int); drop table t"}, []string{"schema/a.sql:1:26: is dropped"}},
	{"nested too deep", []string{"create table t (id int default (" + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + "))"}, []string{"schema/a.sql:1:1: nested deeper"}},
}

func TestProblems(t *testing.T) {
	for _, tt := range problemTests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load(t, tt.files...)
			joined, ok := errors.AsType[interface {
				error
				Unwrap() []error
			}](err)
			if !ok {
				t.Fatalf("got %v, want problems", err)
			}
			if len(joined.Unwrap()) != len(tt.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(joined.Unwrap()), len(tt.want), err)
			}
			for i, problem := range joined.Unwrap() {
				invalid, ok := errors.AsType[*errs.Invalid](problem)
				if !ok || invalid.Code != "VS105" {
					t.Errorf("%v is no Invalid of VS105", problem)
					continue
				}
				place, text, _ := strings.Cut(tt.want[i], ": ")
				if invalid.Pos.String() != place || !strings.Contains(invalid.Msg, text) {
					t.Errorf("got %q, want %q at %s", problem, text, place)
				}
			}
		})
	}
}

// TestUnread: a CREATE TABLE that cannot be read hides no other table, while a
// statement of which nobody knows what it does leaves nothing known.
func TestUnread(t *testing.T) {
	const good = "create table good (id int);\n"
	for _, tt := range []struct {
		name, sql      string
		unread, tables []string
	}{
		{"an option", good + "create table t (id int) autoextend_size=4M", []string{"t"}, []string{"good"}},
		{"a type, in a qualified name", good + "create table if not exists shop.`t` (id serial, v double precision)", []string{"t"}, []string{"good"}},
		{"too deep", good + "create table t (id int default (" + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + "))", []string{"t"}, []string{"good"}},
		{"twice", good + "create table t (a int); create table t (b int)", []string{"t"}, []string{"good"}},
		{"a column twice", good + "create table t (a int, a int)", []string{"t"}, []string{"good"}},
		{"a change", good + "create table t (a int); alter table t drop a", nil, nil},
		{"no statement", good + "CRATE TABLE t (a int)", nil, nil},
		{"no name", good + "create table (a int)", nil, nil},
		{"dropped", good + "drop table good", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := load(t, tt.sql)
			if err == nil {
				t.Fatal("no problem")
			}
			if tt.tables == nil {
				if got != nil {
					t.Errorf("got %v, want nothing", got)
				}
				return
			}
			if got == nil {
				t.Fatal("got nothing")
			}
			unread, tables := slices.Sorted(maps.Keys(got.Unread)), slices.Sorted(maps.Keys(got.Tables))
			if !slices.Equal(unread, tt.unread) || !slices.Equal(tables, tt.tables) {
				t.Errorf("got %v and unread %v, want %v and %v", tables, unread, tt.tables, tt.unread)
			}
			if !got.Creates("t") || !got.Creates("good") || got.Creates("other") {
				t.Error("wants to create t and good alone")
			}
		})
	}
}

func TestPassedOver(t *testing.T) {
	got, err := load(t, `
		create database shop; use shop; lock tables t write;
		create temporary table tmp (id int);
		create procedure p() select 1;
		insert into t values (_binary '\0');
		grant select on t to 'app'@'localhost', 'app'@'%';
		/*!40000 ALTER TABLE t DISABLE KEYS */;
		/*!999999\- enable the sandbox mode */;
		/*M!999999\- enable the sandbox mode */
		SET @@SESSION.SQL_LOG_BIN= 0;
		SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5';
		CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE='binlog.000001', SOURCE_LOG_POS=157;
		CREATE USER 'app'@'%' IDENTIFIED BY 'x';
		/*!50001 CREATE TABLE v (id tinyint NOT NULL) ENGINE=MyISAM */;
		/*!50001 DROP TABLE IF EXISTS v */;
		/*!50001 CREATE ALGORITHM=UNDEFINED VIEW v AS select 1 AS id */;
		select 1;
		create trigger tr before insert on t for each row begin
			declare n int;
			select case when 1 then 2 end;
			begin select 2; end;
			if new.id > 1 then set n = 1; end if;
			create table inner_table (id int);
		end;
		create procedure q() begin end;
		create table after_it (id int);
		unlock tables; commit;
		DELIMITER $$
		create function f() returns int begin create table no (id int); return 1; end$$
		create table yes (id int)$$
		delimiter ;
	`)
	if err != nil {
		t.Fatal(err)
	}
	if tables := slices.Sorted(maps.Keys(got.Tables)); !slices.Equal(tables, []string{"after_it", "yes"}) {
		t.Errorf("got the tables %v, want after_it and yes", tables)
	}
}

func TestNotKnown(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{
		"no folder":   {},
		"no SQL file": {"schema/README.md": {}, "schema/.x.sql": {Data: []byte("create table t (id int)")}},
	} {
		if got, err := Load(fsys, "schema"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v and %v, want fs.ErrNotExist", name, got, err)
		}
	}
	if got, err := Load(fstest.MapFS{"schema/deep/a.SQL": {Data: []byte("-- nothing")}}, "schema"); err != nil || len(got.Tables) != 0 {
		t.Errorf("an empty file: got %v and %v, want no tables", got, err)
	}
}

// FuzzLoad wants an answer to any file, and what it reads to stand in the file.
func FuzzLoad(f *testing.F) {
	f.Add(dump)
	for _, tt := range problemTests {
		f.Add(tt.files[0])
	}
	f.Add("/*!")
	f.Add("delimiter ;;\ncreate table t (a int, primary key (a));;\ndelimiter ;")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Load(fstest.MapFS{"schema/a.sql": {Data: []byte(text)}}, "schema")
		if err != nil {
			return
		}
		lines := 1 + strings.Count(text, "\n")
		for _, table := range got.Tables {
			for _, c := range table.Columns {
				if c.Pos.Line < table.Pos.Line || c.Pos.Line > lines || c.Pos.Column < 1 {
					t.Errorf("column %s of %s stands at %s", c.Name, table.Name, c.Pos)
				}
			}
		}
	})
}
