package plan

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	uuidA = "9e8a9249_3976_11ed_9442_0a43f95f28a3"
	uuidB = "bbbbbbbb_3976_11ed_9442_0a43f95f28a3"
)

// physicalInput is a cluster with MySQL, whose vtctld lists the rows given; the
// files say what wanted makes of the live customer keyspace.
func physicalInput(t *testing.T, wanted func(*vschema.Keyspace), rows ...planes.Migration) Input {
	t.Helper()
	s := snapshot(t, map[string]string{"commerce": commerceJSON, "customer": customerJSON})
	for name, shards := range map[string][]string{"commerce": {"0"}, "customer": {"-80", "80-"}} {
		ks := s.Global.Keyspaces[name]
		for _, shard := range shards {
			ks.Shards = append(ks.Shards, planes.Shard{Name: shard, Serving: true, Primary: "z1-" + shard})
		}
		s.Global.Keyspaces[name] = ks
	}
	live := s.Global.Keyspaces["customer"].VSchema
	want := proto.CloneOf(live)
	wanted(want)
	in := input(s, map[string]*vschema.Keyspace{"customer": want})
	in.Last = map[string]*vschema.Keyspace{"customer": live}
	in.Allow = []string{"write_loss", "outage"}
	in.Physical = &planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{"commerce": {}, "customer": {}}}
	for _, row := range rows {
		ks := in.Physical.Keyspaces[row.Keyspace]
		ks.Migrations = append(ks.Migrations, row)
		in.Physical.Keyspaces[row.Keyspace] = ks
	}
	return in
}

func pending(keyspace, shard, table, uuid string) planes.Migration {
	return planes.Migration{UUID: uuid, Keyspace: keyspace, Shard: shard, Table: table, Status: planes.MigrationRunning}
}

// lookup adds a lookup vindex on email, whose table is in commerce.
func lookup(ks *vschema.Keyspace) {
	ks.Vindexes["email"] = &vschema.Vindex{
		Type: "consistent_lookup", Owner: "customer",
		Params: map[string]string{"table": "commerce.email_lookup", "from": "email,id", "to": "keyspace_id"},
	}
	customer := ks.Tables["customer"]
	customer.ColumnVindexes = append(customer.ColumnVindexes, &vschema.ColumnVindex{Columns: []string{"Email", "id"}, Name: "email"})
}

func needsOf(p *Plan) []string {
	var out []string
	for _, ph := range p.Phases {
		for _, n := range ph.Needs {
			out = append(out, strings.Join(slices.Concat([]string{n.Keyspace, n.Migration, n.Table}, n.Columns, []string{string(n.From), n.Where}), " "))
		}
	}
	return out
}

func TestNeeds(t *testing.T) {
	setting := func(ks *vschema.Keyspace) { ks.RequireExplicitRouting = true }
	plain := func(ks *vschema.Keyspace) {
		ks.Tables["orders"] = &vschema.Table{ColumnVindexes: []*vschema.ColumnVindex{{Column: "id", Name: "hash"}}}
	}
	rows := []planes.Migration{
		pending("customer", "-80", "customer", uuidA), pending("customer", "80-", "customer", uuidA), pending("commerce", "0", "email_lookup", uuidB),
	}
	for _, tt := range []struct {
		name   string
		change func(*vschema.Keyspace)
		with   func(*Input)
		want   []string
		note   string
	}{
		{
			"a lookup vindex", lookup, nil,
			[]string{"commerce " + uuidB + " email_lookup pending ", "customer  customer email columns ", "customer " + uuidA + " customer pending "}, "",
		},
		{"another table", plain, nil, []string{"customer  orders id columns "}, ""},
		{"a setting is of all tables", setting, nil, []string{"customer " + uuidA + " customer pending "}, ""},
		{
			"columns that vtgate takes for all", func(ks *vschema.Keyspace) {
				ks.Tables["customer"].Columns = []*vschemapb.Column{{Name: "id"}, {Name: "Zone"}}
				ks.Tables["customer"].ColumnListAuthoritative = true
			}, func(in *Input) { in.Physical.Keyspaces["customer"] = planes.PhysicalKeyspace{} },
			[]string{"customer  customer zone columns "}, "",
		},
		{
			"named twice", plain, func(in *Input) {
				in.After = []string{uuidB, "commerce=" + uuidB}
				in.Requires = []Require{
					{Keyspace: "customer", Migration: uuidB, Where: "a.yaml:2"},
					{Keyspace: "customer", Migration: uuidA, Where: "a.yaml:3", Tables: []string{"customer"}},
					{Keyspace: "commerce", Migration: uuidA, Where: "b.yaml:2"},
				}
			},
			[]string{"commerce " + uuidB + "  after-migration --after-migration", "customer  orders id columns ", "customer " + uuidB + "  after-migration --after-migration"}, "",
		},
		{
			"of a file", plain, func(in *Input) {
				in.Requires = []Require{{Keyspace: "customer", Migration: uuidA, Where: "a.yaml:3", Tables: []string{"invoice", "orders"}}}
			},
			[]string{"customer  orders id columns ", "customer " + uuidA + "  requires a.yaml:3"}, "",
		},
		{
			"allowed", lookup, func(in *Input) { in.Allow = append(in.Allow, "migration="+uuidA) },
			[]string{"commerce " + uuidB + " email_lookup pending ", "customer  customer email columns "},
			"migration " + uuidA + " is not waited for, as --allow migration=" + uuidA + " says",
		},
		{
			"vtctld is away", plain, func(in *Input) {
				in.Physical = &planes.Physical{Err: "refused"}
				in.After = []string{uuidA}
			},
			[]string{"customer  orders id columns ", "customer " + uuidA + "  after-migration --after-migration"}, "vtctld does not answer (refused)",
		},
		{
			"no vtctld", lookup, func(in *Input) {
				in.Physical = nil
				in.Requires = []Require{{Keyspace: "customer", Migration: uuidA, Where: "a.yaml:3"}}
			},
			[]string{"customer " + uuidA + "  requires a.yaml:3"}, "",
		},
		{
			"a vtgate without a tracker", plain, func(in *Input) {
				in.Snapshot.VTGates = append(in.Snapshot.VTGates, planes.VTGate{Target: "blind:1", Untracked: true})
			},
			[]string{"customer  orders id columns "}, "the schema tracker of vtgate blind:1 is off",
		},
		{"nothing to do", func(*vschema.Keyspace) {}, func(in *Input) { in.After = []string{uuidA} }, nil, "--after-migration has no effect"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := physicalInput(t, tt.change, rows...)
			if tt.with != nil {
				tt.with(&in)
			}
			p := build(t, in)
			slices.Sort(tt.want)
			got := needsOf(p)
			slices.Sort(got)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if !strings.Contains(strings.Join(p.Notes, "\n"), tt.note) {
				t.Errorf("notes %q lack %q", p.Notes, tt.note)
			}
		})
	}
}

// TestRequiredWithoutVTCtld: what a file requires is not let go where nobody can
// say how far it is; only a person may.
func TestRequiredWithoutVTCtld(t *testing.T) {
	in := physicalInput(t, lookup)
	in.Physical = nil
	in.Requires = []Require{{Keyspace: "customer", Migration: uuidA, Where: "a.yaml:3"}}
	p := build(t, in)
	if len(p.Denials) != 1 || p.Denials[0].Code != DeniedMigration || !strings.Contains(p.Denials[0].Text, "migration "+uuidA+" of customer (a.yaml:3): no vtctld is named") ||
		!strings.HasSuffix(p.Denials[0].Remedy, "or --allow migration="+uuidA) {
		t.Errorf("denials %+v", p.Denials)
	}
	in.Allow = append(in.Allow, "migration="+uuidA)
	if p := build(t, in); len(p.Denials) > 0 || len(needsOf(p)) > 0 {
		t.Errorf("allowed, and: needs %q, denials %+v", needsOf(p), p.Denials)
	}
}

// TestTakings: a pending migration that takes away what is routed by is noted
// where it must come after the plan, and denies it where it must not come.
func TestTakings(t *testing.T) {
	gone := func(ks *vschema.Keyspace) {
		ks.Tables["customer"].ColumnVindexes = []*vschema.ColumnVindex{{Column: "zone", Name: "hash"}}
		ks.Tables["customer"].AutoIncrement = nil
	}
	drop := func(column string) planes.Migration {
		m := pending("customer", "-80", "customer", uuidA)
		m.Statement = "alter table customer drop column " + column
		return m
	}
	p := build(t, physicalInput(t, gone, drop("id")))
	if want := "apply first, then complete it: vtctldclient OnlineDDL complete customer " + uuidA; !strings.Contains(strings.Join(p.Notes, "\n"), want) {
		t.Errorf("notes %q lack %q", p.Notes, want)
	}
	if len(p.Denials) > 0 || strings.Contains(strings.Join(needsOf(p), " "), uuidA) {
		t.Errorf("it stops routing by id: needs %q, denials %+v", needsOf(p), p.Denials)
	}
	in := physicalInput(t, gone, drop("id"))
	in.After = []string{uuidA}
	if p := build(t, in); !strings.Contains(strings.Join(needsOf(p), " "), uuidA+"  after-migration") {
		t.Errorf("what a person names stays a need: %q", needsOf(p))
	}
	in = physicalInput(t, gone, drop("zone"))
	p = build(t, in)
	if len(p.Denials) != 1 || p.Denials[0].Code != DeniedMigration || !strings.Contains(p.Denials[0].Text, "takes away column zone, which the plan routes by") {
		t.Errorf("it begins to route by zone: denials %+v", p.Denials)
	}
	in.Allow = append(in.Allow, "migration="+uuidA)
	if p := build(t, in); len(p.Denials) > 0 {
		t.Errorf("allowed, and denied: %+v", p.Denials)
	}
	// A setting is of all tables, and leaves their entries alone.
	p = build(t, physicalInput(t, func(ks *vschema.Keyspace) { ks.ForeignKeyMode = vschemapb.Keyspace_managed }, drop("id")))
	if len(p.Denials) > 0 || len(needsOf(p)) > 0 || !strings.Contains(strings.Join(p.Notes, "\n"), "takes away column id, which routing names already: not this plan's doing") {
		t.Errorf("a setting: notes %q, needs %q, denials %+v", p.Notes, needsOf(p), p.Denials)
	}
	in = physicalInput(t, func(*vschema.Keyspace) {}, drop("id"))
	scope := ScopeOf(Phase{Heals: []CellDrift{{Cell: "zone1", Keyspace: "customer", Changes: []diff.EntryChange{{Entry: vschema.Entry{Keyspace: "customer", Kind: vschema.TableEntry, Name: "customer"}}}}}}, in.Snapshot.Global)
	if _, takings := ddl.Pending(scope, in.Snapshot.Global, *in.Physical); len(takings) != 1 || takings[0].Order.Denies() {
		t.Errorf("what only heals cells is denied: %+v", takings)
	}
}

// TestNeedsAreOfThePlan: how far a migration is makes no other plan.
func TestNeedsAreOfThePlan(t *testing.T) {
	rows := []planes.Migration{pending("customer", "-80", "customer", uuidA), pending("customer", "80-", "customer", uuidA)}
	one := build(t, physicalInput(t, lookup, rows...))
	rows[0].Progress, rows[1].Status = 50, planes.MigrationQueued
	two := build(t, physicalInput(t, lookup, rows[1], rows[0]))
	if one.Digest != two.Digest {
		t.Errorf("the plans are %s and %s", one.ID, two.ID)
	}
	raw, err := Encode(one)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(raw)
	if err != nil || len(needsOf(back)) != len(needsOf(one)) {
		t.Errorf("decoded with %q: %v", needsOf(back), err)
	}
	var shown struct {
		Phases []struct{ Needs []ddl.Need }
	}
	if err := json.Unmarshal(raw, &shown); err != nil || len(shown.Phases[0].Needs) != 2 {
		t.Errorf("the JSON has %+v (%v)", shown, err)
	}
}

func TestAfterMigrationRefused(t *testing.T) {
	for _, tt := range []struct {
		name       string
		after      string
		with       func(*Input)
		msg, other string
	}{
		{"dashes", "9E8A9249-3976-11ED-9442-0a43f95f28a3", nil, "is no UUID of a migration", uuidA},
		{"keyspace", "custmer=" + uuidA, nil, `the cluster has no keyspace "custmer"`, "customer"},
		{"no vtctld", uuidA, func(in *Input) { in.Physical = nil }, "no vtctld is named", ""},
		{"several", uuidA, func(in *Input) {
			in.Desired["commerce"] = edited(t, commerceJSON, `"product":{}`, `"product":{},"extra":{}`)
		}, "the plan writes several keyspaces (commerce, customer)", ""},
	} {
		in := physicalInput(t, lookup)
		in.After = []string{tt.after}
		if tt.with != nil {
			tt.with(&in)
		}
		_, err := Build(in)
		invalid, ok := errors.AsType[*errs.Invalid](err)
		if !ok || !strings.Contains(invalid.Msg, tt.msg) || invalid.Near != tt.other || invalid.Next == "" {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	in := physicalInput(t, lookup)
	in.Allow = []string{"migration=x"}
	if _, err := Build(in); err == nil || !strings.Contains(err.Error(), `--allow migration=x: "x" is no UUID`) {
		t.Errorf("got %v", err)
	}
}
