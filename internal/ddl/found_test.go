package ddl

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/planes"
)

const third = "cccccccc_3976_11ed_9442_0a43f95f28a3"

// routed is the customer keyspace, whose customer table is routed by these
// columns.
func routed(columns ...string) Routing {
	t := &vschemapb.Table{}
	for _, c := range columns {
		t.ColumnVindexes = append(t.ColumnVindexes, &vschemapb.ColumnVindex{Columns: []string{c}, Name: "v"})
	}
	return Routing{"customer": {Tables: map[string]*vschemapb.Table{"customer": t}}}
}

// TestTakings: what takes away what routing names is not waited for; the order is
// said, or that there is none.
func TestTakings(t *testing.T) {
	without := Routing{"customer": {}}
	client := Routing{"customer": {Tables: map[string]*vschemapb.Table{"client": {}}}}
	either := Routing{"customer": {Tables: map[string]*vschemapb.Table{"client": {}, "customer": {}}}}
	lookup := Routing{"customer": {}, "other": {Vindexes: map[string]*vschemapb.Vindex{
		"by": {Type: "lookup", Params: map[string]string{"table": "customer.customer", "from": "email, id", "to": "keyspace_id"}},
	}}}
	statement := func(text string) planes.Migration {
		return planes.Migration{Shard: "80-", Status: queued, Statement: text}
	}
	reverting := func(first ...planes.Migration) []planes.Migration {
		return append(first, planes.Migration{UUID: third, Shard: "80-", Status: queued, Reverted: first[len(first)-1].UUID, Statement: "revert vitess_migration 'x'"})
	}
	done := func(id, text, reverts string) planes.Migration {
		return planes.Migration{UUID: id, Shard: "80-", Status: complete, Statement: text, Reverted: reverts}
	}
	const drop = "alter table customer drop column Email"
	for _, tt := range []struct {
		name          string
		rows          []planes.Migration
		before, after Routing
		want          Order // "need" where it is waited for
		text          string
	}{
		{"dropped, and routed by until the phase", []planes.Migration{statement(drop)}, routed("email", "id"), routed("id"), PhaseFirst, "takes away column Email, which the cluster routes by until the plan is applied"},
		{"dropped, and routed by after it", []planes.Migration{statement(drop)}, routed("id"), routed("email"), Never, "takes away column Email, which the plan routes by"},
		{"dropped, and routed by as before", []planes.Migration{statement(drop)}, routed("email"), routed("email"), Regardless, "takes away column Email, which routing names already: not this plan's doing; complete or cancel it with care"},
		{"dropped, and routed by in an entry that changes", []planes.Migration{statement(drop)}, routed("email"), routed("email", "id"), Never, "column Email"},
		{"dropped, and routed by never", []planes.Migration{statement(drop)}, routed("id"), routed("id"), "need", ""},
		{"added", []planes.Migration{statement(adds)}, routed("id"), routed("email"), "need", ""},
		{"renamed", []planes.Migration{statement("alter table customer rename column email to mail")}, routed("email"), routed("mail"), Neither, "adds column mail"},
		{"changed in place", []planes.Migration{statement("alter table customer change email email varchar(20)")}, routed("email"), routed("email"), "need", ""},
		{"unreadable", []planes.Migration{statement("alter tabel")}, routed("email"), routed("id"), "need", ""},
		{"the table dropped", []planes.Migration{statement("drop table customer")}, routed("id"), without, PhaseFirst, "takes away table customer"},
		{"the table dropped, and still routed", []planes.Migration{statement("drop table customer")}, routed("id"), routed("id"), Regardless, "takes away table customer"},
		{"the table dropped, and routed otherwise", []planes.Migration{statement("drop table customer")}, routed("id"), routed("email"), Never, "takes away table customer"},
		{"the table renamed", []planes.Migration{statement("alter table customer rename to client")}, routed("id"), without, PhaseFirst, "takes away table customer"},
		{"the table renamed, as routing follows", []planes.Migration{statement("alter table customer rename to client")}, routed("id"), client, Neither, "adds table client"},
		{"the table renamed, and both routed as before", []planes.Migration{statement("alter table customer rename to client")}, either, either, Regardless, "takes away table customer"},
		{"a column of a lookup table", []planes.Migration{statement(drop)}, lookup, without, PhaseFirst, "column Email"},
		{"a lookup table as before", []planes.Migration{statement(drop)}, lookup, lookup, Regardless, "column Email"},
		{"a lookup table as before, of another column", []planes.Migration{statement(drop)}, lookup, Routing{"customer": routed("id")["customer"], "other": lookup["other"]}, Regardless, "column Email"},
		{"a lookup table as before, and routed by besides", []planes.Migration{statement(drop)}, lookup, Routing{"customer": routed("email")["customer"], "other": lookup["other"]}, Never, "column Email"},
		{"a lookup table", []planes.Migration{statement("drop table customer")}, without, lookup, Never, "table customer"},
		{"the revert of an ADD", reverting(done(uuid, adds, "")), routed("email"), routed("id"), PhaseFirst, "takes away column email"},
		{"the revert of a DROP", reverting(done(uuid, drop, "")), routed("id"), routed("email"), "need", ""},
		{"the revert of a revert of a DROP", reverting(done(uuid, drop, ""), done(revert, "revert", uuid)), routed("id"), routed("email"), Never, "takes away column Email"},
		{"the revert of what is not known", []planes.Migration{{UUID: third, Shard: "80-", Status: queued, Reverted: uuid}}, routed("email"), routed("id"), "need", ""},
	} {
		in := cluster().with(tt.rows...)
		rows := in.Physical.Keyspaces["customer"].Migrations
		if rows[len(rows)-1].Reverted != "" {
			rows[len(rows)-1].Table = "" // Vitess fills it in when it runs
		}
		touched := Touched{}
		touched.Add("customer", "customer")
		needs, takings := Pending(Scope{Touched: touched, Before: tt.before, After: tt.after}, in.Global, in.Physical)
		if tt.want == "need" {
			if len(needs) != 1 || len(takings) != 0 {
				t.Errorf("%s: needs %+v, takings %+v", tt.name, needs, takings)
			}
			continue
		}
		if len(needs) != 0 || len(takings) != 1 || takings[0].Order != tt.want || !strings.Contains(takings[0].Text, tt.text) || takings[0].Order.Denies() != strings.HasPrefix(takings[0].Remedy, "plan again with --allow migration="+takings[0].Migration) {
			t.Errorf("%s: needs %+v, takings %+v", tt.name, needs, takings)
		}
	}
}

// TestQueuedRevert: of a revert that is queued nobody may know the table.
func TestQueuedRevert(t *testing.T) {
	in := cluster().with(planes.Migration{UUID: third, Shard: "80-", Status: queued, Reverted: uuid})
	in.Physical.Keyspaces["customer"].Migrations[0].Table = ""
	orders := Touched{}
	orders.Add("customer", "orders")
	if needs := needsOf(orders, in); len(needs) != 1 {
		t.Errorf("what it takes back is not known: %+v", needs)
	}
	in = in.with(planes.Migration{Shard: "80-", Status: complete})
	if needs := needsOf(orders, in); len(needs) != 0 {
		t.Errorf("it takes back what was done to another table: %+v", needs)
	}
}

// TestRevertChain: a revert that was itself reverted takes nothing back.
func TestRevertChain(t *testing.T) {
	chain := func(status planes.MigrationStatus) Input {
		return both().with(
			planes.Migration{UUID: revert, Shard: "80-", Status: complete, Reverted: uuid},
			planes.Migration{UUID: third, Shard: "80-", Status: status, Reverted: revert},
		)
	}
	for status, want := range map[planes.MigrationStatus]Status{complete: Done, queued: Waiting, failed: Failed, stopped: Failed} {
		got := Judge(chain(status))[0]
		if got.Status != want {
			t.Errorf("the revert of the revert is %s: %s: %s", status, got.Status, got.Text)
		}
		if trips := Open([]Answer{got}, 15); (len(trips) > 0) != (want == Failed) {
			t.Errorf("the revert of the revert is %s: %+v", status, trips)
		}
	}
}

func TestRemedies(t *testing.T) {
	reverted := both().with(planes.Migration{UUID: revert, Shard: "80-", Status: complete, Reverted: uuid})
	ready := func(statement string) Input {
		in := cluster()
		for _, s := range []string{"-80", "80-"} {
			in = in.with(planes.Migration{Shard: s, Status: planes.MigrationRunning, PostponeComplete: true, ReadyToComplete: true, Statement: statement})
		}
		in.Global.Keyspaces["customer"].VSchema.Tables["customer"].ColumnVindexes = []*vschemapb.ColumnVindex{{Column: "email", Name: "v"}}
		return in
	}
	file := func(in Input) Input { in.Needs[0].From, in.Needs[0].Where = FromFile, "requires.yaml:2"; return in }
	newer := func(table string) Input { return cluster().with(row("-80", complete)).table("80-", table) }
	unread := cluster().with()
	ks := unread.Physical.Keyspaces["customer"]
	ks.Unread = map[string]string{uuid: "gh-ost"}
	unread.Physical.Keyspaces["customer"] = ks
	const allow = "plan again with --allow migration=" + uuid
	for _, tt := range []struct {
		name         string
		in           Input
		text, remedy string
	}{
		{"reverted: a retry does nothing", reverted, "it was reverted by", "run the DDL again and name the new UUID; or " + allow},
		{"a DROP of what routing names", file(ready("alter table customer drop column email")), "waits for a person to complete it", "it takes away column email, which routing names: complete it after the change is applied. Until then take it out of requires.yaml:2, or " + allow},
		{"a DROP of something else", ready("alter table customer drop column old"), "waits for a person", "vtctldclient OnlineDDL complete customer " + uuid},
		{"dropped again since", file(both().table("80-", before)), "has no column email", "vtctldclient OnlineDDL show customer " + uuid + "; or take it out of requires.yaml:2, or " + allow},
		{"a newer shard", file(newer(after)), "80-: it has no row of it and shows what it changes: the shard may be newer than the migration", "vtctldclient OnlineDDL show customer " + uuid + "; or take it out of requires.yaml:2, or " + allow},
		{"a shard that does not show it", file(newer(before)), "80-: it does not say", "vtctldclient OnlineDDL show customer " + uuid + "; or take it out of requires.yaml:2, or " + allow},
		{"an unreadable statement", cluster().with(planes.Migration{Shard: "-80", Status: complete, Statement: "alter tabel x"}, row("80-", complete)).from(FromPending), "cannot be read", "vtctldclient OnlineDDL show customer " + uuid + "; or " + allow},
		{"an unreadable table", both().table("80-", "create table customer (").from(FromPending), "cannot be read", "vtctldclient OnlineDDL show customer " + uuid + "; or " + allow},
		{"an unreadable row", file(unread), "its rows cannot be read: gh-ost", "take it out of requires.yaml:2, or " + allow},
	} {
		got := Judge(tt.in)[0]
		if !strings.Contains(got.Text, tt.text) {
			t.Errorf("%s: %s: %s", tt.name, got.Status, got.Text)
		}
		if d := cmp.Diff(tt.remedy, got.Remedy); d != "" {
			t.Errorf("%s: -want +got:\n%s", tt.name, d)
		}
	}
	if got := file(cluster()).Needs[0].Text(); !strings.Contains(got, "(requires.yaml:2)") {
		t.Errorf("a need is called %q", got)
	}
	first := newer(after)
	first.Physical.Keyspaces["customer"] = planes.PhysicalKeyspace{Migrations: first.Physical.Keyspaces["customer"].Migrations}
	if ask := WantsSchemas(first.Needs, first.Global, first.Physical); len(ask.Schemas["customer"]) != 1 {
		t.Errorf("the schema of a shard without a row is not asked for: %+v", ask)
	}
}
