package ddl

import (
	"fmt"
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/planes"
)

const (
	uuid   = "9e8a9249_3976_11ed_9442_0a43f95f28a3"
	revert = "bbbbbbbb_3976_11ed_9442_0a43f95f28a3"
	before = "create table customer (id bigint primary key, old int)"
	after  = "create table customer (id bigint primary key, old int, email varchar(10), key by_email (email))"
	adds   = "alter table customer add column email varchar(10), add key by_email (email)"
)

// cluster is a customer keyspace of two serving shards, and one that is being
// split out of it, and the commerce keyspace without a primary.
func cluster() Input {
	in := Input{
		Global: planes.Global{Keyspaces: map[string]planes.Keyspace{
			"customer": {VSchema: &vschemapb.Keyspace{Tables: map[string]*vschemapb.Table{"customer": {}}}, Shards: []planes.Shard{
				{Name: "-80", Serving: true, Primary: "z-1"}, {Name: "80-", Serving: true, Primary: "z-2"}, {Name: "80-c0"},
			}},
			"new": {Shards: []planes.Shard{{Name: "0", Serving: true}}},
		}},
		Physical: planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{"customer": {Listed: []string{"z-1", "z-2"}}}},
		Needs:    []Need{{Keyspace: "customer", Migration: uuid, From: FromFlag}},
	}
	return in
}

// with adds rows of the customer keyspace; those that are complete have the
// shard's table show it.
func (in Input) with(rows ...planes.Migration) Input {
	ks := in.Physical.Keyspaces["customer"]
	if ks.Shards == nil {
		ks.Shards = map[string]planes.ShardSchema{}
		for _, s := range []string{"-80", "80-"} {
			ks.Shards[s] = planes.ShardSchema{Tables: map[string]string{"customer": before}}
		}
	}
	for _, m := range rows {
		if m.UUID == "" {
			m.UUID = uuid
		}
		m.Keyspace, m.Table = "customer", "customer"
		if m.Statement == "" && m.Reverted == "" {
			m.Statement = adds
		}
		if m.Status == planes.MigrationComplete && m.Reverted == "" {
			ks.Shards[m.Shard] = planes.ShardSchema{Tables: map[string]string{"customer": after}}
		}
		ks.Migrations = append(ks.Migrations, m)
	}
	in.Physical.Keyspaces["customer"] = ks
	return in
}

func (in Input) table(shard, text string) Input {
	tables := map[string]string{"customer": text}
	if text == "" {
		tables = nil
	}
	in.Physical.Keyspaces["customer"].Shards[shard] = planes.ShardSchema{Tables: tables}
	return in
}

func (in Input) from(o Origin) Input { in.Needs[0].From = o; return in }

func (in Input) vtgate(g planes.VTGate) Input { in.VTGates = append(in.VTGates, g); return in }

func row(shard string, status planes.MigrationStatus) planes.Migration {
	return planes.Migration{Shard: shard, Status: status}
}

// tracking is a vtgate that shows these columns of the customer table; none at
// all where its tracker has not seen it.
func tracking(columns ...string) planes.VTGate {
	t := planes.ViewTable{Authoritative: len(columns) > 0}
	for _, c := range columns {
		t.Columns = append(t.Columns, c+" INT32")
	}
	return planes.VTGate{Target: "g1", Cell: "z", View: &planes.View{Keyspaces: map[string]planes.ViewKeyspace{
		"customer": {Tables: map[string]planes.ViewTable{"customer": t}},
	}}}
}

const (
	complete = planes.MigrationComplete
	queued   = planes.MigrationQueued
	failed   = planes.MigrationFailed
	stopped  = planes.MigrationCancelled
)

func both() Input { return cluster().with(row("-80", complete), row("80-", complete)) }

var judgeTests = []struct {
	name   string
	in     Input
	want   Status
	text   string
	remedy string
}{
	{"both shards", both(), Done, "complete on all 2 shards", ""},
	{"a shard that does not serve counts for nothing", both().with(row("80-c0", failed)), Done, "complete on all 2 shards", ""},
	{"one shard", cluster().with(row("-80", complete), row("80-", queued)), Waiting, "1 of 2 shards complete; 80-: queued", ""},
	{
		"running", cluster().with(row("-80", complete), planes.Migration{Shard: "80-", Status: planes.MigrationRunning, Progress: 41.3, ETA: 180, Throttled: "vreplication"}),
		Waiting, "1 of 2 shards complete; 80-: running, 41 % copied, about 3 min left, throttled by vreplication", "",
	},
	{
		"held back", cluster().with(row("-80", complete), planes.Migration{Shard: "80-", Status: planes.MigrationRunning, PostponeComplete: true, ReadyToComplete: true}),
		Waiting, "1 of 2 shards complete; 80-: copied, waits for a person to complete it", "vtctldclient OnlineDDL complete customer " + uuid,
	},
	{
		"not launched", cluster().with(planes.Migration{Shard: "-80", Status: queued, PostponeLaunch: true}, planes.Migration{Shard: "80-", Status: queued, PostponeLaunch: true}),
		Waiting, "0 of 2 shards complete; -80: queued, waits for a person to launch it; 80-: queued, waits for a person to launch it", "vtctldclient OnlineDDL launch customer " + uuid,
	},
	{
		"a shard without a row", cluster().with(row("-80", complete)), Unknown,
		"1 of 2 shards complete; 80-: it does not say: its primary cannot be reached, or never got the migration", "vtctldclient OnlineDDL show customer " + uuid + "; or plan again without --after-migration, or with --allow migration=" + uuid,
	},
	{"two rows of one shard", both().with(row("80-", complete)), Unknown, "1 of 2 shards complete; 80-: it has 2 rows for the migration", ""},
	{"a status of a newer Vitess", cluster().with(row("-80", complete), row("80-", planes.MigrationUnknown)), Unknown, `80-: its status is "unknown"`, ""},
	{
		"nobody knows it", cluster().with(planes.Migration{UUID: "9e8a9249_3976_11ed_9442_0a43f95f28a4", Shard: "-80", Status: complete}), Unknown,
		"no shard of customer knows it (did you mean 9e8a9249_3976_11ed_9442_0a43f95f28a4?)", "vtctldclient OnlineDDL show customer " + uuid + "; or plan again without --after-migration, or with --allow migration=" + uuid,
	},
	{
		"failed", cluster().with(row("-80", complete), planes.Migration{Shard: "80-", Status: failed, Message: "no such\n table"}), Failed,
		"1 of 2 shards complete; 80-: failed: no such table", "vtctldclient OnlineDDL retry customer " + uuid + "; or plan again with --allow migration=" + uuid,
	},
	{"cancelled", cluster().with(row("-80", stopped), row("80-", stopped)), Failed, "-80: cancelled; 80-: cancelled", ""},
	{"found pending, and cancelled", cluster().with(row("-80", stopped), row("80-", stopped)).from(FromPending), Done, "cancelled on all 2 shards: not waited for any more", ""},
	{"found pending, being cancelled", cluster().with(row("-80", stopped), row("80-", queued)).from(FromPending), Waiting, "0 of 2 shards complete; -80: cancelled; 80-: queued", ""},
	{"found pending, cancelled on half", cluster().with(row("-80", complete), row("80-", stopped)).from(FromPending), Failed, "80-: cancelled", ""},
	{"a revert", both().with(planes.Migration{UUID: revert, Shard: "80-", Status: complete, Reverted: uuid}), Failed, "1 of 2 shards complete; 80-: it was reverted by migration " + revert, ""},
	{"a revert to come", both().with(planes.Migration{UUID: revert, Shard: "80-", Status: queued, Reverted: uuid}), Waiting, "80-: migration " + revert + " is about to revert it (queued)", ""},
	{"a revert that failed", both().with(planes.Migration{UUID: revert, Shard: "80-", Status: failed, Reverted: uuid}), Done, "complete on all 2 shards", ""},
	{"the schema lacks it", both().table("80-", before), Waiting, "80-: complete, but table customer has no column email, table customer has no key by_email", ""},
	{"the table is gone", both().table("80-", ""), Waiting, "80-: complete, but table customer is not there", ""},
	{"a table that cannot be read", both().table("80-", "create table customer ("), Unknown, "80-: complete, and its table customer cannot be read", ""},
	{"a statement that cannot be read", cluster().with(planes.Migration{Shard: "-80", Status: complete, Statement: "alter tabel x"}, row("80-", complete)), Unknown, "-80: complete, and what its statement changes cannot be read", ""},
	{"a vtgate shows it", both().vtgate(tracking("ID", "Email")), Done, "complete on all 2 shards", ""},
	{"a vtgate is behind", both().vtgate(tracking("id", "email2")), Waiting, "complete on all 2 shards; vtgate g1: its schema tracker does not show column email of table customer yet", ""},
	{"a vtgate has not seen the table", both().vtgate(tracking()), Waiting, "vtgate g1: its schema tracker does not show table customer yet", ""},
	{"a silent vtgate", both().vtgate(planes.VTGate{Target: "g1", Silent: "refused"}), Unknown, "vtgate g1: it does not answer: refused", ""},
	{"a vtgate without a tracker", both().vtgate(planes.VTGate{Target: "g1", Untracked: true}), Done, "not asked, as their schema tracker is off: g1", ""},
	{"a vtgate of another keyspace", both().vtgate(planes.VTGate{Target: "g1", Watches: []string{"commerce"}}), Done, "complete on all 2 shards", ""},
	{"a vtgate before the shards are ready is not asked", cluster().with(row("-80", complete), row("80-", queued)).vtgate(tracking()), Waiting, "1 of 2 shards complete; 80-: queued", ""},
	{"no serving shard", Input{Needs: []Need{{Keyspace: "gone", Migration: uuid}}}, Unknown, "topo lists no serving shard of keyspace gone", ""},
	{"vtctld is away", func() Input { in := both(); in.Physical.Err = "refused"; return in }(), Unknown, "vtctld does not answer: refused", "vtsync doctor"},
	{"the rows cannot be read", func() Input {
		in := cluster()
		in.Physical.Keyspaces["customer"] = planes.PhysicalKeyspace{MigrationsErr: "gh-ost"}
		return in
	}(), Unknown, "its migrations cannot be read: gh-ost", ""},
}

func TestJudge(t *testing.T) {
	for _, tt := range judgeTests {
		t.Run(tt.name, func(t *testing.T) {
			got := Judge(tt.in)[0]
			if got.Status != tt.want || !strings.Contains(got.Text, tt.text) || tt.remedy != "" && got.Remedy != tt.remedy {
				t.Errorf("got %s: %s\n(%s), want %s: %s\n(%s)", got.Status, got.Text, got.Remedy, tt.want, tt.text, tt.remedy)
			}
			if (got.Status == Done) != (got.Remedy == "") && got.Status != Waiting {
				t.Errorf("%s with the remedy %q", got.Status, got.Remedy)
			}
		})
	}
}

// TestBrief: what goes into a record does not change with each row copied.
func TestBrief(t *testing.T) {
	at := func(progress float64) string {
		return Judge(cluster().with(row("-80", complete), planes.Migration{Shard: "80-", Status: planes.MigrationRunning, Progress: progress, ETA: 100}))[0].Brief
	}
	if a, b := at(10), at(20); a != b || a != "1 of 2 shards complete; 80-: running" {
		t.Errorf("brief is %q, then %q", a, b)
	}
}

// TestOneBeforeTheOther: while another migration runs, no schema is read, and one
// that every shard calls complete is not said to lack anything.
func TestOneBeforeTheOther(t *testing.T) {
	in := both().with(planes.Migration{UUID: revert, Shard: "-80", Status: queued}, planes.Migration{UUID: revert, Shard: "80-", Status: queued})
	in.Needs = append(in.Needs, Need{Keyspace: "customer", Migration: revert, From: FromPending})
	ks := in.Physical.Keyspaces["customer"]
	ks.Shards = nil
	in.Physical.Keyspaces["customer"] = ks
	got := Judge(in)
	if got[0].Status != Waiting || !allDone(got[0].Shards) || !strings.HasPrefix(got[0].Text, "complete on all 2 shards; ") {
		t.Errorf("the complete one: %+v", got[0])
	}
	if got[1].Status != Waiting || !strings.HasPrefix(got[1].Text, "0 of 2 shards complete; ") {
		t.Errorf("the other one: %+v", got[1])
	}
}

func TestDropAndAuthoritative(t *testing.T) {
	drop := cluster().with()
	for _, s := range []string{"-80", "80-"} {
		drop = drop.with(planes.Migration{Shard: s, Status: complete, Statement: "drop table customer"}).table(s, "")
	}
	if got := Judge(drop.vtgate(tracking("id")))[0]; got.Status != Waiting || !strings.Contains(got.Text, "it still shows table customer") {
		t.Errorf("a tracked table that is dropped: %s: %s", got.Status, got.Text)
	}
	listed := both().vtgate(tracking("id"))
	listed.Global.Keyspaces["customer"].VSchema.Tables["customer"].ColumnListAuthoritative = true
	if got := Judge(listed)[0]; got.Status != Done || !strings.Contains(got.Text, "no vtgate tracks it") {
		t.Errorf("a table whose columns are listed: %s: %s", got.Status, got.Text)
	}
}

func TestColumns(t *testing.T) {
	need := Need{Keyspace: "customer", Table: "customer", Columns: []string{"email", "id"}, From: FromColumns}
	for _, tt := range []struct {
		name     string
		one, two string
		want     Status
		text     string
	}{
		{"on both", after, after, Done, "on all 2 shards"},
		{"on one", after, before, Waiting, "80-: table customer has no column email"},
		{"the table on one", after, "", Waiting, "80-: table customer is not there"},
		{"the table on none", "", "", Done, "table customer is on no shard: not waited for"},
		{"unreadable", after, "create tabel", Unknown, "80-: its table customer cannot be read"},
	} {
		in := cluster().with().table("-80", tt.one).table("80-", tt.two)
		in.Needs = []Need{need}
		if got := Judge(in)[0]; got.Status != tt.want || !strings.Contains(got.Text, tt.text) {
			t.Errorf("%s: %s: %s, want %s: %s", tt.name, got.Status, got.Text, tt.want, tt.text)
		}
	}
	in := cluster()
	in.Needs = []Need{{Keyspace: "new", Table: "customer", Columns: []string{"id"}, From: FromColumns}}
	if got := Judge(in)[0]; got.Status != Done || got.Text != "no shard of new has a primary yet, so there is no table to look at" {
		t.Errorf("a keyspace under construction: %s: %s", got.Status, got.Text)
	}
	in.Global.Keyspaces["new"] = planes.Keyspace{Shards: []planes.Shard{{Name: "-80", Serving: true}, {Name: "80-", Serving: true, Primary: "z-9"}}}
	if got := Judge(in)[0]; got.Status != Unknown {
		t.Errorf("one shard has a primary: %s: %s", got.Status, got.Text)
	}
	in = cluster().with(row("-80", queued))
	in.Needs = append(in.Needs, need)
	if got := Judge(in)[1]; got.Status != Waiting || len(got.Shards) > 0 {
		t.Errorf("columns before the migrations are complete: %+v", got)
	}
}

func needsOf(touched Touched, in Input) []Need {
	needs, _ := Pending(Scope{Touched: touched}, in.Global, in.Physical)
	return needs
}

func TestPendingNeeds(t *testing.T) {
	in := both().with(
		planes.Migration{UUID: revert, Shard: "-80", Status: queued}, planes.Migration{UUID: revert, Shard: "80-", Status: complete},
		planes.Migration{UUID: "c", Shard: "80-c0", Status: queued},
	)
	for _, tt := range []struct {
		name    string
		touched func(Touched)
		want    string
	}{
		{"the table", func(to Touched) { to.Add("customer", "customer") }, "customer/" + revert},
		{"another table", func(to Touched) { to.Add("customer", "Customer") }, ""},
		{"a setting", func(to Touched) { to.Add("customer", "") }, "customer/" + revert},
		{"a keyspace that was not read", func(to Touched) { to.Add("other", "t") }, "other/"},
		{"a keyspace without MySQL", func(to Touched) { to.Add("new", "t") }, ""},
	} {
		in.Physical.Keyspaces["new"] = planes.PhysicalKeyspace{}
		touched := Touched{}
		tt.touched(touched)
		var got []string
		for _, n := range needsOf(touched, in) {
			got = append(got, n.Keyspace+"/"+n.Migration)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	orders := Touched{}
	orders.Add("customer", "orders")
	moved := in.Physical.Keyspaces["customer"]
	moved.Listed = []string{"z-1", "z-3"}
	blind := in
	blind.Physical.Keyspaces = map[string]planes.PhysicalKeyspace{"customer": moved}
	blind.Needs = needsOf(orders, blind)
	if len(blind.Needs) != 1 {
		t.Fatalf("a shard whose primary vtctld does not find: %+v", blind.Needs)
	}
	if got := Judge(blind)[0]; got.Status != Unknown || !strings.Contains(got.Text, "vtctld does not find the primary of shard 80- (z-2)") {
		t.Errorf("a shard whose primary vtctld does not find: %s: %s", got.Status, got.Text)
	}
	ks := in.Global.Keyspaces["customer"]
	ks.Shards[1].Primary = ""
	touched := Touched{}
	touched.Add("customer", "orders")
	needs := needsOf(touched, in)
	if len(needs) != 1 {
		t.Fatalf("a shard without a primary: %+v", needs)
	}
	in.Needs = needs
	if got := Judge(in)[0]; got.Status != Unknown || !strings.Contains(got.Text, "shard 80- has no primary") {
		t.Errorf("a shard without a primary: %s: %s", got.Status, got.Text)
	}
}

func TestOpen(t *testing.T) {
	answers := func(serving, failures int) []Answer {
		a := Answer{Need: Need{Keyspace: "customer", Migration: uuid}, Status: Waiting}
		for i := range serving {
			s := Shard{Name: fmt.Sprintf("s%02d", i), Status: Done}
			if i < failures {
				s.Status, s.Text = Failed, "failed: x"
			}
			a.Shards = append(a.Shards, s)
		}
		// A second migration that failed on the same shards makes no more of them.
		return []Answer{a, a}
	}
	for _, tt := range []struct {
		serving, failed int
		open            bool
	}{
		{1, 1, true}, {2, 1, true}, {6, 1, true}, {7, 1, false}, {8, 1, false}, {8, 2, true}, {20, 3, false}, {20, 4, true}, {8, 0, false},
	} {
		got := Open(answers(tt.serving, tt.failed), 15)
		if len(got) > 0 != tt.open {
			t.Errorf("%d of %d failed: open %v", tt.failed, tt.serving, len(got) > 0)
		}
	}
	got := Open(answers(8, 6), 15)[0].Text
	if want := "6 of 8 shards of keyspace customer failed: s00: migration " + uuid + " failed: x; "; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "; and 2 more") {
		t.Errorf("got %q", got)
	}
}
