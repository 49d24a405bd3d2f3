package plan

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
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

func TestDenials(t *testing.T) {
	newTable := func(t *testing.T) *vschema.Keyspace {
		return edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)
	}
	tests := []struct {
		name string
		make func(t *testing.T) Input
		want []DenialCode
		text string // in the first denial's text or remedy
	}{
		{"a new table is not denied", func(t *testing.T) Input {
			return input(store(t), keyspaces{"commerce": newTable(t)})
		}, nil, ""},
		{"write_loss", func(t *testing.T) Input {
			return input(store(t), keyspaces{"customer": edited(t, customerJSON, `"type":"hash"`, `"type":"xxhash"`)})
		}, []DenialCode{DeniedHazard}, "--allow write_loss"},
		{"write_loss, allowed", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"type":"hash"`, `"type":"xxhash"`)})
			in.Allow = []string{"write_loss"}
			return in
		}, nil, ""},
		{"outage is not allowed by write_loss", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `"sharded":true,`, ``)})
			in.Allow = []string{"write_loss"}
			return in
		}, []DenialCode{DeniedHazard}, "--allow outage"},
		{"typo in a sequence", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `commerce.customer_seq`, `commerce.custmer_seq`)})
			in.Allow = []string{"outage"}
			return in
		}, []DenialCode{DeniedFinding}, "VS301"},
		{"changed on both sides", func(t *testing.T) Input {
			in := input(snapshot(t, map[string]string{"commerce": `{"tables":{"product":{"pinned":"aa"}}}`}),
				keyspaces{"commerce": keyspace(t, `{"tables":{"product":{"pinned":"bb"}}}`)})
			in.Last = keyspaces{"commerce": keyspace(t, `{"tables":{"product":{}}}`)}
			return in
		}, []DenialCode{DeniedConflict}, "table product"},
		{"no such keyspace", func(t *testing.T) Input {
			return input(store(t), keyspaces{"shop": keyspace(t, `{}`)})
		}, []DenialCode{DeniedNoKeyspace}, "vtctldclient CreateKeyspace shop"},
		{"record that cannot be read", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema, k.Err = nil, "truncated" })
			return input(s, keyspaces{"commerce": newTable(t)})
		}, []DenialCode{DeniedUnreadable}, "truncated"},
		{"unknown field in a record to write", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { newerField(k, k.VSchema) })
			return input(s, keyspaces{"commerce": newTable(t)})
		}, []DenialCode{DeniedUnknownField}, "drop: field 19"},
		{"unknown field in a table that is left alone", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { newerField(k, k.VSchema.Tables["product"]) })
			in := input(s, keyspaces{"commerce": newTable(t)})
			in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
			return in
		}, []DenialCode{DeniedUnknownField}, "tables.product: field 19"},
		{"unknown field in a table that the file has without it", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "commerce", func(k *planes.Keyspace) { newerField(k, k.VSchema.Tables["product"]) })
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, []DenialCode{DeniedUnknownField}, "tables.product: field 19"},
		{"unknown field in a record that is left alone", func(t *testing.T) Input {
			s := store(t)
			setGlobal(s, "customer", func(k *planes.Keyspace) { k.Unknown = []string{"field 19"} })
			return input(s, keyspaces{"commerce": newTable(t)})
		}, nil, ""},
		{"unknown field in a cell", func(t *testing.T) Input {
			s := store(t)
			s.Cells[1].Unknown = []string{"field 9"}
			return input(s, keyspaces{"commerce": newTable(t)})
		}, []DenialCode{DeniedUnknownField}, "cell z2"},
		{"too large", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"commerce": newTable(t)})
			in.MaxCellBytes = 50
			return in
		}, []DenialCode{DeniedSize, DeniedSize}, "limit is 50"},
		{"a vindex and a vtgate without SQL", func(t *testing.T) Input {
			s := store(t)
			s.VTGates[1].SQL = false
			return input(s, keyspaces{"customer": edited(t, customerJSON, `"hash":{"type":"hash"}`, `"hash":{"type":"hash"},"x":{"type":"xxhash"}`)})
		}, []DenialCode{DeniedUnprovable}, "z2:15001"},
		{"a vindex and a silent vtgate", func(t *testing.T) Input {
			s := store(t)
			s.VTGates[1] = planes.VTGate{Target: "z2:15001", Cell: "z2", Silent: "timeout"}
			return input(s, keyspaces{"customer": edited(t, customerJSON, `"hash":{"type":"hash"}`, `"hash":{"type":"hash"},"x":{"type":"xxhash"}`)})
		}, nil, ""},
		{"the caller's own denial", func(t *testing.T) Input {
			in := input(store(t), keyspaces{"commerce": newTable(t)})
			in.Denials = []Denial{{Code: DeniedStale, Text: "old files"}}
			return in
		}, []DenialCode{DeniedStale}, "old files"},
		{"full rebuild beside a record that cannot be read", func(t *testing.T) Input {
			s := store(t)
			s.Cells[0].Srv, s.Cells[0].Token = nil, planes.Absent()
			setGlobal(s, "customer", func(k *planes.Keyspace) { k.VSchema, k.Err = nil, "truncated" })
			return input(s, keyspaces{"commerce": keyspace(t, commerceJSON)})
		}, []DenialCode{DeniedUnreadable}, "full rebuild"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, tt.make(t))
			if got := codes(p); !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("denials %v, want %v: %+v", got, tt.want, p.Denials)
			}
			if len(p.Denials) > 0 && !strings.Contains(p.Denials[0].Text+p.Denials[0].Remedy, tt.text) {
				t.Errorf("denial %+v lacks %q", p.Denials[0], tt.text)
			}
		})
	}
}

// newerField adds to a part of the record what only a newer Vitess knows.
func newerField(k *planes.Keyspace, part proto.Message) {
	part.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 19, protowire.VarintType), 1))
	k.Unknown = vschema.UnknownFields(k.VSchema)
}

func TestSizes(t *testing.T) {
	s := store(t)
	size := s.Cells[0].Size
	grow := keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)}
	shrink := keyspaces{"commerce": edited(t, commerceJSON, `"product":{},`, ``)}
	tests := []struct {
		name    string
		desired keyspaces
		limit   int
		denials int
		notes   int
	}{
		{"far from the limit", grow, 10 * size, 0, 0},
		{"near the limit", grow, size * 12 / 10, 0, 2},
		{"over the limit", grow, size, 2, 0},
		{"over the limit, and smaller than before", shrink, size / 2, 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(s, tt.desired)
			in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
			in.MaxCellBytes = tt.limit
			p := build(t, in)
			if len(p.Denials) != tt.denials || len(p.Notes) != tt.notes || p.Empty() {
				t.Errorf("denials %+v, notes %q", p.Denials, p.Notes)
			}
		})
	}
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
		})
	}
}

// TestWorkflowStatements: what the remedy tells people to run is SQL that
// Vitess reads, and it keeps every param but write_only.
func TestWorkflowStatements(t *testing.T) {
	live := keyspace(t, strings.Replace(backfillJSON, `"to":"keyspace_id"`, `"to":"it's"`, 1))
	bf := backfill{keyspace: "customer", vindex: "email", def: live.Vindexes["email"], tables: []string{"customer"}}
	statements := bf.statements(live)
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

func TestForeign(t *testing.T) {
	live := `{"tables":{"product":{},"theirs":{}}}`
	tests := []struct {
		name   string
		allow  []string
		kept   int
		writes int
		notes  int
	}{
		{"shown and kept", nil, 1, 0, 0},
		{"removed when allowed", []string{"foreign=commerce.theirs"}, 0, 1, 0},
		{"an allowed name that matches nothing is noted", []string{"foreign=commerce.other"}, 1, 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(snapshot(t, map[string]string{"commerce": live}), keyspaces{"commerce": keyspace(t, `{"tables":{"product":{}}}`)})
			in.Allow = append([]string{"outage", "write_loss"}, tt.allow...)
			p := build(t, in)
			writes := 0
			for _, ph := range p.Phases {
				writes += len(ph.Writes)
			}
			if len(p.Kept) != tt.kept || writes != tt.writes || len(p.Notes) != tt.notes || len(p.Denials) > 0 {
				t.Errorf("kept %v, %d writes, notes %q, denials %v", p.Kept, writes, p.Notes, p.Denials)
			}
		})
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
	p := build(t, input(store(t), keyspaces{"customer": edited(t, customerJSON, `"tables":{`, `"tables":{"more":{"column_vindexes":[{"column":"id","name":"hash"}]},`)}))
	found, err := Recheck(p, store(t), nil)
	if err != nil || len(found) > 0 {
		t.Fatalf("unchanged: %v, %v", found, err)
	}
	now := store(t)
	setGlobal(now, "commerce", func(k *planes.Keyspace) { k.VSchema = keyspace(t, `{}`) })
	found, err = Recheck(p, now, nil)
	if err != nil || len(found) == 0 {
		t.Fatalf("the sequence is gone: %v, %v", found, err)
	}
}

func TestAllowIsStrict(t *testing.T) {
	for _, item := range []string{"writeloss", "foreign=product", "scatter", ""} {
		in := input(store(t), nil)
		in.Allow = []string{item}
		if _, err := Build(in); errs.ExitCode(err) != errs.ExitError {
			t.Errorf("%q: %v", item, err)
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
	for range 50 {
		s := snapshot(t, map[string]string{"commerce": commerceJSON, "broken": live})
		p := build(t, input(s, keyspaces{"broken": edited(t, live, `"tables":{`, `"tables":{"new":{"column_vindexes":[{"column":"id","name":"hash"}]},`)}))
		again := encode(t, p)
		if first == "" {
			first = again
		}
		if again != first {
			t.Fatal("two plans of the same inputs differ")
		}
	}
	for i := range 10 {
		if want := fmt.Sprintf("table broken.bad%d cannot be built", i); !strings.Contains(first, want) {
			t.Errorf("the plan does not say %q", want)
		}
	}
}
