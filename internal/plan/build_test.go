package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

type keyspaces = map[string]*vschema.Keyspace

// setGlobal changes one global record of a snapshot.
func setGlobal(s *planes.Snapshot, ks string, edit func(*planes.Keyspace)) {
	rec := s.Global.Keyspaces[ks]
	edit(&rec)
	s.Global.Keyspaces[ks] = rec
}

func TestFindingHasPositionAndNearestName(t *testing.T) {
	for _, name := range []string{"commerce.custmer_seq", "custmer_seq"} {
		p := build(t, input(store(t), keyspaces{"customer": edited(t, customerJSON, "commerce.customer_seq", name)}))
		if len(p.Findings) != 1 {
			t.Fatalf("%s: findings %+v", name, p.Findings)
		}
		f := p.Findings[0]
		if f.Pos.String() != "keyspaces/customer/vschema.json:1" || !strings.HasSuffix(f.Near, "customer_seq") {
			t.Errorf("%s: finding %+v", name, f)
		}
	}
}

// TestKeyspaceThatIsNowhere: a plan knows every keyspace, with a file or not.
func TestKeyspaceThatIsNowhere(t *testing.T) {
	p := build(t, input(store(t), keyspaces{"customer": edited(t, customerJSON, "commerce.customer_seq", "nowhere.customer_seq")}))
	if len(p.Findings) != 1 || p.Findings[0].Code != "VS806" || !strings.HasSuffix(p.Findings[0].Message, "keyspace nowhere does not exist") {
		t.Errorf("findings %+v", p.Findings)
	}
}

// TestFindingOutsideTheFile: what only the cluster has stands at no line, and is
// taken in before it can be corrected.
func TestFindingOutsideTheFile(t *testing.T) {
	const theirs = `"tables":{"theirs":{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.nosuch"}},`
	in := input(snapshot(t, map[string]string{"commerce": commerceJSON, "customer": strings.Replace(customerJSON, `"tables":{`, theirs, 1)}),
		keyspaces{"customer": edited(t, customerJSON, `"tables":{`, `"tables":{"mine":{"column_vindexes":[{"column":"id","name":"hash"}]},`)})
	in.Last = keyspaces{"customer": keyspace(t, customerJSON)}
	p := build(t, in)
	if len(p.Findings) != 1 || len(p.Denials) > 0 {
		t.Fatalf("findings %+v, denials %+v", p.Findings, p.Denials)
	}
	f := p.Findings[0]
	if f.Severity != lint.Warning || f.Pos.String() != "" || !strings.Contains(f.Next, "vtsync pull --keyspace customer") {
		t.Errorf("finding %+v", f)
	}
}

// TestWorkflow: nothing of a backfill may change, and nothing allows it away.
func TestWorkflow(t *testing.T) {
	tests := []struct {
		name    string
		desired func(t *testing.T) keyspaces
		last    string
		denied  bool
	}{
		{"a stale file without write_only", func(t *testing.T) keyspaces {
			return keyspaces{"customer": edited(t, backfillJSON, `,"write_only":"true"`, ``)}
		}, "", true},
		{"a file that drops the vindex", func(t *testing.T) keyspaces { return keyspaces{"customer": keyspace(t, customerJSON)} }, backfillJSON, true},
		{"a file that changes the columns", func(t *testing.T) keyspaces {
			return keyspaces{"customer": edited(t, backfillJSON, `["email","id"]`, `["mail","id"]`)}
		}, "", true},
		{"a file that drops the lookup table", func(t *testing.T) keyspaces {
			return keyspaces{"commerce": edited(t, commerceJSON, `,"email_lookup":{}`, ``)}
		}, commerceJSON, true},
		{"a file that changes something else of the table", func(t *testing.T) keyspaces {
			return keyspaces{"customer": edited(t, backfillJSON, `commerce.customer_seq`, `commerce.order_seq`)}
		}, "", false},
		{"a file from before the workflow: it is foreign and kept", func(t *testing.T) keyspaces {
			return keyspaces{"customer": keyspace(t, customerJSON)}
		}, customerJSON, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(snapshot(t, map[string]string{"commerce": commerceJSON, "customer": backfillJSON}), tt.desired(t))
			in.Allow = []string{"write_loss", "outage"}
			if tt.last != "" {
				in.Last = keyspaces{}
				for ks := range in.Desired {
					in.Last[ks] = keyspace(t, tt.last)
				}
			}
			p := build(t, in)
			var denial *Denial
			for i := range p.Denials {
				if p.Denials[i].Code == DeniedWorkflow {
					denial = &p.Denials[i]
				}
			}
			if (denial != nil) != tt.denied {
				t.Fatalf("denials: %+v", p.Denials)
			}
			if denial == nil {
				return
			}
			for _, want := range []string{
				"LookupVindex --name email --table-keyspace commerce externalize --keyspace customer",
				"alter vschema on `customer`.`customer` drop vindex `email`",
			} {
				if !strings.Contains(denial.Remedy, want) {
					t.Errorf("remedy %q lacks %q", denial.Remedy, want)
				}
			}
			first, _, apart := strings.Cut(denial.Remedy, "Only if its lookup table is known to be complete")
			if !apart || strings.Contains(first, "add vindex") {
				t.Errorf("the remedy makes the vindex again without a word of warning: %q", denial.Remedy)
			}
		})
	}
}

// TestWorkflowStatements: what the remedy tells people to run is SQL that
// Vitess reads, and it keeps every param but write_only.
func TestWorkflowStatements(t *testing.T) {
	live := keyspace(t, strings.Replace(backfillJSON, `"to":"keyspace_id"`, `"to":"it's"`, 1))
	bf := backfill{keyspace: "customer", vindex: "email", def: live.Vindexes["email"], tables: []string{"customer"}}
	statements := append(bf.drops(), bf.adds(live)...)
	var last *sqlparser.AlterVschema
	for _, sql := range statements {
		stmt, err := sqlparser.NewTestParser().Parse(sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		last = stmt.(*sqlparser.AlterVschema)
	}
	owner, params := last.VindexSpec.ParseParams()
	want := map[string]string{"table": "commerce.email_lookup", "from": "email,id", "to": "it's"}
	if owner != "customer" || !reflect.DeepEqual(params, want) {
		t.Errorf("owner %q, params %v", owner, params)
	}
}

// TestColleague: files pulled before a colleague's commit don't revert it.
func TestColleague(t *testing.T) {
	base := `{"tables":{"product":{}}}`
	in := input(snapshot(t, map[string]string{"commerce": `{"tables":{"product":{"pinned":"aa"},"new":{}}}`}),
		keyspaces{"commerce": keyspace(t, `{"tables":{"product":{},"mine":{}}}`)})
	in.Last = keyspaces{"commerce": keyspace(t, base)}
	p := build(t, in)
	after := applied(t, in.Snapshot, p).Global.Keyspaces["commerce"].VSchema
	if want := keyspace(t, `{"tables":{"product":{"pinned":"aa"},"new":{},"mine":{}}}`); !vschema.Equal(after, want) {
		t.Errorf("after: %s", vschema.EncodeJSON(after))
	}
	if len(p.Kept) != 2 {
		t.Errorf("kept: %v", p.Kept)
	}
}

func TestNothingToDo(t *testing.T) {
	p := build(t, input(store(t), keyspaces{"commerce": keyspace(t, commerceJSON), "customer": keyspace(t, customerJSON)}))
	if !p.Empty() || len(p.Denials)+len(p.Findings)+len(p.Notes) > 0 {
		t.Errorf("plan: %s", encode(t, p))
	}
}

func TestAbsentVSchema(t *testing.T) {
	s := snapshot(t, map[string]string{"commerce": ""})
	if p := build(t, input(s, keyspaces{"commerce": keyspace(t, `{}`)})); !p.Empty() {
		t.Errorf("an empty file over an absent VSchema is something to do: %s", encode(t, p))
	}
	p := build(t, input(s, keyspaces{"commerce": keyspace(t, commerceJSON)}))
	if len(p.Phases) != 1 || string(p.Phases[0].Writes[0].Before) != "null" || !p.Base.Keyspaces["commerce"].Token.IsAbsent() {
		t.Errorf("plan: %s", encode(t, p))
	}
}

func TestBaseHoldsReferences(t *testing.T) {
	in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"tables":{`, `"tables":{"more":{"column_vindexes":[{"column":"id","name":"hash"}]},`)})
	p := build(t, in)
	commerce, ok := p.Base.Keyspaces["commerce"]
	if !ok || len(commerce.Value) > 0 || len(p.Base.Keyspaces["customer"].Value) == 0 {
		t.Fatalf("base: %+v", p.Base.Keyspaces)
	}
	tests := []struct {
		name  string
		edit  func(*planes.Snapshot)
		stale bool
		text  string
	}{
		{"nothing changed", func(*planes.Snapshot) {}, false, ""},
		{"another version of the same content", func(s *planes.Snapshot) {
			setGlobal(s, "customer", func(k *planes.Keyspace) { k.Token.Version = "99" })
		}, false, ""},
		{"another keyspace", func(s *planes.Snapshot) {
			s.Global.Keyspaces["other"] = planes.Keyspace{HasRecord: true, VSchema: &vschema.Keyspace{}}
		}, false, ""},
		{"the record that it writes", func(s *planes.Snapshot) {
			setGlobal(s, "customer", func(k *planes.Keyspace) {
				k.VSchema = edited(t, customerJSON, `"column":"id","name"`, `"column":"uid","name"`)
			})
		}, true, "table customer"},
		{"a record that it refers to", func(s *planes.Snapshot) {
			setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema = keyspace(t, `{}`) })
		}, true, "keyspace commerce"},
		{"a record that can no longer be read", func(s *planes.Snapshot) {
			setGlobal(s, "customer", func(k *planes.Keyspace) { k.VSchema, k.Err = nil, "truncated" })
		}, true, "truncated"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := store(t)
			tt.edit(now)
			changes, stale := Stale(p, now.Global)
			if stale != tt.stale || !strings.Contains(diff.Text(changes), tt.text) {
				t.Errorf("stale %v: %s", stale, diff.Text(changes))
			}
		})
	}
}

func TestRecheck(t *testing.T) {
	const more = `"tables":{"more":{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.order_seq"}},`
	p := build(t, input(store(t), keyspaces{"customer": edited(t, customerJSON, `"tables":{`, more)}))
	found, err := Recheck(p, store(t), nil)
	if err != nil || len(found) > 0 {
		t.Fatalf("unchanged: %v, %v", found, err)
	}
	now := store(t)
	setGlobal(now, "commerce", func(k *planes.Keyspace) { k.VSchema = keyspace(t, `{}`) })
	found, err = Recheck(p, now, nil)
	if err != nil || len(found) != 1 || found[0].Path[1] != "more" {
		t.Fatalf("the sequences are gone, and only more is the plan's: %v, %v", found, err)
	}
}

// TestRecheckWithoutMySQL: what MySQL's tables refute is no mistake when the
// plan is checked again without them.
func TestRecheckWithoutMySQL(t *testing.T) {
	in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"tables":{`, `"tables":{"t":{"columns":[{"name":"id","type":"DATETIME"}],"column_vindexes":[{"column":"id","name":"hash"}]},`)})
	if p := build(t, in); !slices.Equal(codes(p), []DenialCode{DeniedFinding}) {
		t.Fatalf("without MySQL's tables: %+v", p.Denials)
	}
	schema, err := physical.Load(fstest.MapFS{"t.sql": {Data: []byte("create table t (id bigint primary key); create table customer (id bigint primary key);")}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	in.Schemas = map[string]*physical.Schema{"customer": schema}
	p := build(t, in)
	if len(p.Denials) > 0 {
		t.Fatalf("with MySQL's tables: %+v", p.Denials)
	}
	p, err = Decode([]byte(encode(t, p)))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := Recheck(p, in.Snapshot, nil); err != nil || len(found) > 0 {
		t.Errorf("checked again: %v, %v", found, err)
	}
}

// TestShardedInPlace: an unsharded keyspace of one shard answers to every name,
// so that it must not become sharded unnoticed, with whatever VSchema.
func TestShardedInPlace(t *testing.T) {
	for _, tt := range []struct {
		shards []planes.Shard
		denied bool
	}{
		{nil, false},
		{[]planes.Shard{{Name: "0", Serving: true}}, true},
		{[]planes.Shard{{Name: "-80", Serving: true}, {Name: "80-", Serving: true}}, false},
	} {
		s := snapshot(t, map[string]string{"orders": `{}`})
		setGlobal(s, "orders", func(k *planes.Keyspace) { k.Shards = tt.shards })
		p := build(t, input(s, keyspaces{"orders": keyspace(t, `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"orders":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`)}))
		if denied := slices.Equal(codes(p), []DenialCode{DeniedHazard}); denied != tt.denied || !denied && len(p.Denials) > 0 {
			t.Errorf("shards %+v: %+v", tt.shards, p.Denials)
		}
	}
}

// TestFiftyPlansOverABrokenKeyspace: a keyspace on which Vitess's own builder
// answers differently every time gives the same bytes.
func TestFiftyPlansOverABrokenKeyspace(t *testing.T) {
	var tables []string
	for i := range 10 {
		tables = append(tables, fmt.Sprintf(`"good%d":{"column_vindexes":[{"column":"id","name":"hash"}]}`, i),
			fmt.Sprintf(`"bad%d":{"column_vindexes":[{"column":"id","name":"nosuch%d"}]}`, i, i))
	}
	live := `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"x":{"type":"nosuchtype"}},"tables":{` + strings.Join(tables, ",") + `}}`
	var first string
	var p *Plan
	for range 50 {
		s := snapshot(t, map[string]string{"commerce": commerceJSON, "broken": live})
		p = build(t, input(s, keyspaces{"broken": edited(t, live, `"tables":{`, `"tables":{"new":{"column_vindexes":[{"column":"id","name":"hash"}]},`)}))
		again := encode(t, p)
		if first == "" {
			first = again
		}
		if again != first {
			t.Fatal("two plans of the same inputs differ")
		}
	}
	for i := range 10 {
		name := fmt.Sprintf("bad%d", i)
		if !slices.ContainsFunc(p.Findings, func(f lint.Finding) bool { return slices.Contains(f.Path, name) }) {
			t.Errorf("the plan says nothing of table %s", name)
		}
	}
}
