package physical

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// live is what GetSchema gives of a table.
const live = "CREATE TABLE `customer` (\n  `id` bigint NOT NULL,\n  `Email` varchar(128) DEFAULT NULL,\n  `zone` int DEFAULT NULL,\n" +
	"  PRIMARY KEY (`id`),\n  UNIQUE KEY `by_email` (`Email`),\n  KEY `zone` (`zone`,`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"

func TestParse(t *testing.T) {
	got, err := Parse(map[string]string{
		"customer": live,
		"v":        "CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1 AS `id`",
		"odd":      "CREATE TABLE `odd` (`id` bigint) AUTOEXTEND_SIZE=4M",
		"empty":    "",
	})
	if err == nil || !strings.Contains(err.Error(), "table odd: ") || !strings.Contains(err.Error(), "table empty: no statement") {
		t.Errorf("the error is %v, want both tables that cannot be read", err)
	}
	want := &Schema{
		Tables: map[string]*Table{"customer": {
			Name: "customer", Create: live,
			Columns: []Column{
				{Name: "id", Type: "bigint"},
				{Name: "Email", Type: "varchar", Length: 128, Collation: "utf8mb4_0900_ai_ci", Nullable: true},
				{Name: "zone", Type: "int", Nullable: true},
			},
			Keys: []Key{
				{Name: "PRIMARY", Primary: true, Unique: true, Columns: []string{"id"}},
				{Name: "by_email", Unique: true, Columns: []string{"Email"}},
				{Name: "zone", Columns: []string{"zone", "id"}},
			},
		}},
		Views:  map[string]string{"v": "CREATE ALGORITHM=UNDEFINED VIEW `v` AS select 1 AS `id`"},
		Unread: map[string]bool{"odd": true, "empty": true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

var effectTests = []struct {
	statement string
	want      Effect
	// missing is what live does not show of it.
	missing []string
}{
	{
		"alter /*vt+ uuid=\"x\" */ table customer add column email varchar(10), add column phone int, add index (zone, id)",
		Effect{Table: "customer", Columns: []string{"email", "phone"}, Keys: []Key{{Columns: []string{"zone", "id"}}}, Types: types("email varchar(10)", "phone int")},
		[]string{"column email of table customer is varchar(128), not varchar(10)", "table customer has no column phone"},
	},
	{
		"ALTER TABLE shop.customer DROP COLUMN zone, DROP KEY zone, DROP KEY gone, DROP PRIMARY KEY, ADD UNIQUE INDEX u (id), ADD KEY (email)",
		Effect{Table: "customer", Keys: []Key{{Name: "u", Unique: true, Columns: []string{"id"}}, {Columns: []string{"email"}}}, GoneColumns: []string{"zone"}, GoneKeys: []string{"zone", "gone", "PRIMARY"}},
		[]string{"table customer has no unique key u (id)", "table customer still has column zone", "table customer still has key zone", "table customer still has primary key"},
	},
	{
		"alter table customer change zone region int, modify id bigint unsigned, rename column a to b, rename index by_email to by_mail, add key (a, b)",
		Effect{Table: "customer", Columns: []string{"region", "id", "b"}, Keys: []Key{{Name: "by_mail"}, {Columns: []string{"a", "b"}}}, Kept: []string{"id"}, Types: types("region int", "id bigint unsigned"), GoneColumns: []string{"zone", "a"}, GoneKeys: []string{"by_email"}},
		[]string{
			"table customer has no column region", "column id of table customer is bigint, not bigint unsigned", "table customer has no column b", "table customer has no key by_mail", "table customer has no key on (a, b)",
			"table customer still has column zone", "table customer still has key by_email",
		},
	},
	{"alter table customer change Zone ZONE int, drop index by_email, add index By_Email (id), drop primary key, add primary key (id)",
		Effect{Table: "customer", Columns: []string{"ZONE"}, Keys: []Key{{Name: "By_Email", Columns: []string{"id"}}, {Name: "PRIMARY", Primary: true, Unique: true, Columns: []string{"id"}}}, Kept: []string{"Zone"}, Types: types("ZONE int")},
		[]string{"table customer has no key By_Email (id)"}},
	{"alter table customer modify email varchar(128) character set latin1, modify zone integer, modify id bigint(20), add unique key by_email (email), add unique key (zone, id)",
		Effect{Table: "customer", Columns: []string{"email", "zone", "id"}, Keys: []Key{{Name: "by_email", Unique: true, Columns: []string{"email"}}, {Unique: true, Columns: []string{"zone", "id"}}}, Kept: []string{"email", "zone", "id"}, Types: types("id bigint")},
		[]string{"table customer has no key on (zone, id)"}},
	{"alter table customer rename to client", Effect{Table: "client", Was: "customer"}, nil},
	{"create index by_zone on customer (zone)", Effect{Table: "customer", Keys: []Key{{Name: "by_zone", Columns: []string{"zone"}}}}, []string{"table customer has no key by_zone (zone)"}},
	{"alter table customer add constraint fk foreign key (id) references t (id), drop foreign key f, engine=innodb", Effect{Table: "customer"}, nil},
	{"create table customer (id bigint primary key)", Effect{Table: "customer", Creates: true}, nil},
	{"drop table if exists customer", Effect{Table: "customer", Drops: true}, []string{"table customer is still there"}},
	{"create or replace view v as select 1 from dual", Effect{}, nil},
	{"revert vitess_migration '9e8a9249_3976_11ed_9442_0a43f95f28a3'", Effect{}, nil},
}

// types gives columns by name, each written as NAME TYPE[(LENGTH)] [unsigned].
func types(texts ...string) map[string]Column {
	out := make(map[string]Column)
	for _, text := range texts {
		name, typ, _ := strings.Cut(text, " ")
		typ, unsigned := strings.CutSuffix(typ, " unsigned")
		c := Column{Name: name, Type: typ, Unsigned: unsigned}
		if at := strings.IndexByte(typ, '('); at > 0 {
			c.Type = typ[:at]
			c.Length, _ = strconv.Atoi(strings.Trim(typ[at:], "()"))
		}
		out[name] = c
	}
	return out
}

func TestInverse(t *testing.T) {
	for statement, want := range map[string]Effect{
		"alter table t add column a int, drop column b, modify c int, add key k (a)": {Table: "t", Columns: []string{"b"}, Kept: []string{"c"}, GoneColumns: []string{"a"}},
		"alter table t rename column a to b":                                         {Table: "t", Columns: []string{"a"}, GoneColumns: []string{"b"}},
		"alter table t rename to u":                                                  {Table: "t", Was: "u"},
		"create table t (id int)":                                                    {Table: "t", Drops: true},
		"drop table t":                                                               {Table: "t", Creates: true},
	} {
		e, err := EffectOf(statement)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, e.Inverse()); d != "" {
			t.Errorf("%s: -want +got:\n%s", statement, d)
		}
	}
}

func TestEffect(t *testing.T) {
	table, err := ParseTable(live)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range effectTests {
		got, err := EffectOf(tt.statement)
		if err != nil {
			t.Errorf("%s: %v", tt.statement, err)
			continue
		}
		if len(got.GoneColumns) == 0 {
			got.GoneColumns = nil
		}
		if len(got.GoneKeys) == 0 {
			got.GoneKeys = nil
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", tt.statement, d)
		}
		if missing := got.Missing(table); !slices.Equal(missing, tt.missing) {
			t.Errorf("%s: misses %q, want %q", tt.statement, missing, tt.missing)
		}
	}
}

func TestEffectWithoutTable(t *testing.T) {
	for statement, want := range map[string]string{
		"create table t (id int)":         "table t is not there",
		"alter table t add column id int": "table t is not there",
		"drop table t":                    "",
		"revert vitess_migration 'x'":     "",
	} {
		e, err := EffectOf(statement)
		if got := strings.Join(e.Missing(nil), "; "); err != nil || got != want {
			t.Errorf("%s: misses %q (%v), want %q", statement, got, err, want)
		}
	}
}

func TestEffectUnreadable(t *testing.T) {
	for _, statement := range []string{
		"", "alter table", "nonsense", "alter table t add column (",
		"alter table t add column a int default (" + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + ")",
		"alter table t add column a int comment '" + strings.Repeat("x", maxStatement) + "'",
	} {
		if e, err := EffectOf(statement); err == nil {
			t.Errorf("%.40q: got %+v, want an error", statement, e)
		}
	}
}

// FuzzEffect: whatever a row of schema_migrations holds, reading it ends, and
// what a statement makes is not said to be gone.
func FuzzEffect(f *testing.F) {
	for _, tt := range effectTests {
		f.Add(tt.statement)
	}
	f.Add("alter table t add column a int default ((1), drop key `x`")
	table, err := ParseTable(live)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, statement string) {
		e, err := EffectOf(statement)
		if err != nil {
			return
		}
		for _, c := range e.Columns {
			if containsFold(e.GoneColumns, c) {
				t.Errorf("%q adds and drops column %q", statement, c)
			}
		}
		if e.Drops && len(e.Missing(nil)) > 0 {
			t.Errorf("%q drops a table and misses %q where there is none", statement, e.Missing(nil))
		}
		_ = e.Missing(table)
	})
}
