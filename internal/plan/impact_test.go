package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// side is one side of a query that asks so many shards of keyspace customer.
func side(opcode string, shards int) impact.Side {
	class := impact.SingleShard
	if opcode == "Scatter" {
		class = impact.Scatter
	}
	return impact.Side{Class: class, Shards: &shards, Routes: []impact.Route{{Opcode: opcode, Keyspace: "customer"}}}
}

func query(sql string, weight int64, verdict impact.Verdict, before, after impact.Side) impact.Result {
	r := impact.Result{SQL: sql, Weight: weight, Verdict: verdict, Before: before, After: after}
	if verdict == impact.Dearer {
		r.Reasons = []string{"what decides", "and the next", "and the rest"}
	}
	return r
}

var (
	stays    = query("select 1 from customer where id = :id", 50, impact.Same, side("EqualUnique", 1), side("EqualUnique", 1))
	breaks   = query("select 2 from customer where id = :id", 10, impact.Breaks, side("EqualUnique", 1), impact.Side{Class: impact.NotPlannable, Error: &impact.Error{Code: "VT12001", Text: "unsupported"}})
	scatter  = query("select 3 from customer where id = :id", 40, impact.Dearer, side("EqualUnique", 1), side("Scatter", 64))
	nowhere  = query("select 5 from customer where id = :id", 90, impact.Same, notKnown, notKnown)
	notKnown = impact.Side{Class: impact.NotPlannable, Error: &impact.Error{Code: "VT05003", Text: "unknown database 'shop'"}}
	moreWork = query("select 4 from customer where id in ::ids", 10, impact.Dearer, side("EqualUnique", 1), side("IN", 3))
)

// told gives an Input.Impact that answers the same whatever it is asked.
func told(results ...impact.Result) func(_, _ *vschema.SrvVSchema) (*impact.Report, error) {
	return func(_, _ *vschema.SrvVSchema) (*impact.Report, error) {
		return impact.NewReport("24.0.1", results, nil), nil
	}
}

// invoice adds a table, which is safe in itself.
func invoice(t testing.TB) *vschema.Keyspace {
	return edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)
}

func TestImpactDenies(t *testing.T) {
	percent, half := 5.0, 50.0
	strict := impact.Policy{DearerPercent: &percent}
	tests := []struct {
		name    string
		policy  impact.Policy
		results []impact.Result
		allow   []string
		want    string // codes of the denials
	}{
		{"nothing changes", strict, []impact.Result{stays}, nil, ""},
		{"a query breaks", impact.Policy{}, []impact.Result{stays, breaks}, nil, "breaks"},
		{"a query begins to scatter", impact.Policy{}, []impact.Result{stays, scatter}, nil, "new_scatter"},
		{"dearer, and no limit", impact.Policy{}, []impact.Result{stays, moreWork}, nil, ""},
		{"dearer than the limit", strict, []impact.Result{stays, moreWork}, nil, "dearer"},
		{"all of it", strict, []impact.Result{stays, moreWork, scatter, breaks}, nil, "breaks new_scatter dearer"},
		{"some of it allowed", strict, []impact.Result{stays, moreWork, scatter, breaks}, []string{"dearer", "breaks"}, "new_scatter"},
		{"less than half is judged", impact.Policy{}, []impact.Result{stays, nowhere}, nil, "unjudged"},
		{"that is allowed", impact.Policy{}, []impact.Result{stays, nowhere}, []string{"unjudged"}, ""},
		{"what is not judged hides nothing", impact.Policy{Unjudged: impact.Allow, DearerPercent: &half}, []impact.Result{stays, moreWork, moreWork, moreWork, moreWork, moreWork, moreWork, nowhere, nowhere}, nil, "dearer"},
		{"allowed by the policy", impact.Policy{Breaks: impact.Allow, NewScatter: impact.Allow}, []impact.Result{scatter, breaks}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(store(t), keyspaces{"commerce": invoice(t)})
			in.Impact, in.ImpactPolicy, in.Allow = told(tt.results...), tt.policy, tt.allow
			p := build(t, in)
			var got []string
			for _, d := range p.Denials {
				if d.Code != DeniedImpact {
					t.Errorf("denied for another reason: %+v", d)
				}
				got = append(got, d.Codes...)
			}
			if strings.Join(got, " ") != tt.want {
				t.Fatalf("denied for %q, want %q: %+v", got, tt.want, p.Denials)
			}
			if p.Impact == nil || p.Impact.Summary.Queries != len(tt.results) {
				t.Errorf("the plan keeps %+v", p.Impact)
			}
		})
	}
}

// TestImpactDenialSays: the numbers, how to see more and how to go on; and it
// comes before a hazard, which nobody should allow for it.
func TestImpactDenialSays(t *testing.T) {
	in := input(store(t), keyspaces{"commerce": edited(t, commerceJSON, `"product":{},`, ``)})
	in.Last = keyspaces{"commerce": keyspace(t, commerceJSON)}
	in.Impact = told(stays, moreWork, scatter)
	p := build(t, in)
	if len(p.Denials) != 2 || p.Denials[0].Code != DeniedImpact || p.Denials[1].Code != DeniedHazard {
		t.Fatalf("denials %+v", p.Denials)
	}
	d := p.Denials[0]
	for _, want := range []string{"1 of 3 queries", "40 % of executions", "ask all shards", "; the first: what decides, and the next: select 3 from customer where id = :id"} {
		if !strings.Contains(d.Text, want) {
			t.Errorf("text %q lacks %q", d.Text, want)
		}
	}
	if want := "vtsync impact --explain 1, with the plan's flags, shows the plans of the first; --allow new_scatter lets it happen"; d.Remedy != want {
		t.Errorf("remedy %q, want %q", d.Remedy, want)
	}
	long := scatter
	long.SQL = "select 3,\n" + strings.Repeat("é", 200) + " from customer"
	in.Impact = told(long)
	if text := build(t, in).Denials[0].Text; !strings.Contains(text, ": select 3, é") || !strings.HasSuffix(text, "é ...") || len(text) > 300 {
		t.Errorf("text of a long query %q", text)
	}
	// The list is worst first; the denial names its own.
	in.Impact = told(breaks, scatter)
	in.Allow = []string{"breaks"}
	if p = build(t, in); !strings.Contains(p.Denials[0].Remedy, "--explain 2, with") {
		t.Errorf("remedy %q", p.Denials[0].Remedy)
	}
	// One that the plan does not keep has no number in it.
	for _, n := range []int{keptQueries - 1, keptQueries} {
		in.Impact = told(append(slices.Repeat([]impact.Result{breaks}, n), scatter)...)
		remedy, numbered := build(t, in).Denials[0].Remedy, fmt.Sprintf("--explain %d, with", n+1)
		if got := strings.Contains(remedy, numbered); got != (n < keptQueries) || !got && !strings.Contains(remedy, "--explain NUMBER") {
			t.Errorf("after %d others: %q", n, remedy)
		}
	}
}

// TestImpactUnjudgedSays: what cannot be planned is in no list of a plan, so the
// denial names the first reason and what to do.
func TestImpactUnjudgedSays(t *testing.T) {
	in := input(store(t), keyspaces{"commerce": invoice(t)})
	in.Impact = told(stays, nowhere)
	d := build(t, in).Denials[0]
	if want := "only 36 % of executions could be judged: VT05003: unknown database 'shop'"; d.Text != want {
		t.Errorf("text %q, want %q", d.Text, want)
	}
	if !strings.Contains(d.Remedy, "vtsync impact --all") || !strings.Contains(d.Remedy, "put the keyspaces' names") || !strings.HasSuffix(d.Remedy, "; --allow unjudged lets it happen") {
		t.Errorf("remedy %q", d.Remedy)
	}
}

// TestImpactUntracked: where no file helps, the denial names what does.
func TestImpactUntracked(t *testing.T) {
	lacking := nowhere
	lacking.After.Error = &impact.Error{Code: "VT09015", Text: "schema tracking required"}
	lacking.Before = lacking.After
	for untracked, want := range map[bool]string{
		false: "put the CREATE TABLE into keyspaces/KEYSPACE/schema/",
		true:  "the vtgates track no schema (--schema-change-signal=false): turn it on, or add columns with column_list_authoritative to the VSchema; --allow unjudged",
	} {
		in := input(store(t), keyspaces{"commerce": invoice(t)})
		in.Impact = func(before, after *vschema.SrvVSchema) (*impact.Report, error) {
			r, err := told(lacking)(before, after)
			r.Untracked = untracked
			return r, err
		}
		p := build(t, in)
		if got := p.Denials[0].Remedy; !strings.Contains(got, want) || p.Impact.Untracked != untracked {
			t.Errorf("remedy %q, want %q", got, want)
		}
	}
}

// TestImpactSees: the routing is the whole one that cells serve, with what the
// plan ships put in, and only in as far as it ships it.
func TestImpactSees(t *testing.T) {
	type asked struct{ before, after *vschema.SrvVSchema }
	see := func(in Input) (*Plan, []asked) {
		var all []asked
		in.Impact = func(before, after *vschema.SrvVSchema) (*impact.Report, error) {
			all = append(all, asked{before, after})
			results := []impact.Result{stays}
			if before.Keyspaces["customer"].GetTables()["old"] != nil {
				results = []impact.Result{scatter}
			}
			return impact.NewReport("24.0.1", results, nil), nil
		}
		return build(t, in), all
	}
	full := func(ks *vschema.Keyspace) *vschema.SrvVSchema {
		g := store(t).Global
		return FullSrv(withWrites(g, keyspaces{"commerce": ks}))
	}

	t.Run("cells that agree are asked for once", func(t *testing.T) {
		_, all := see(input(store(t), keyspaces{"commerce": invoice(t)}))
		if len(all) != 1 || !proto.Equal(all[0].before, FullSrv(store(t).Global)) || !proto.Equal(all[0].after, full(invoice(t))) {
			t.Errorf("asked %+v", all)
		}
	})
	t.Run("nothing to write", func(t *testing.T) {
		if p, all := see(input(store(t), keyspaces{"commerce": keyspace(t, commerceJSON)})); len(all) > 0 || p.Impact != nil {
			t.Errorf("asked %+v", all)
		}
	})
	t.Run("a cell that differs, and is worse", func(t *testing.T) {
		s := store(t)
		serve(s, 1, "customer", edited(t, customerJSON, `"tables":{`, `"tables":{"old":{"column_vindexes":[{"column":"id","name":"hash"}]},`))
		in := input(s, keyspaces{"commerce": invoice(t)})
		p, all := see(in)
		if len(all) != 2 || all[1].after.Keyspaces["customer"].Tables["old"] == nil {
			t.Fatalf("asked %+v", all)
		}
		if len(p.Denials) != 1 || !strings.HasPrefix(p.Denials[0].Text, "in cell z2: ") || p.Impact.Summary.NewScatter.Queries != 1 {
			t.Errorf("denials %+v, kept %+v", p.Denials, p.Impact)
		}
		// impact looks at the global topo, where the query has another number, or none.
		if d := p.Denials[0]; !strings.Contains(d.Text, "select ") || !strings.Contains(d.Remedy, "vtsync impact, with the plan's flags, lists the queries") {
			t.Errorf("denial %+v", d)
		}
		if notes := strings.Join(p.Notes, "\n"); !strings.Contains(notes, "as cell z2 has them") {
			t.Errorf("notes %s", notes)
		}
		in.Backend = BackendVTCtld // its rebuild brings all of global to the cell
		if _, all = see(in); len(all) != 2 || all[1].after.Keyspaces["customer"].Tables["old"] != nil {
			t.Errorf("through vtctld: asked %+v", all)
		}
	})
	t.Run("a cell of which less can be judged", func(t *testing.T) {
		s := store(t)
		serve(s, 1, "customer", edited(t, customerJSON, `"tables":{`, `"tables":{"old":{"column_vindexes":[{"column":"id","name":"hash"}]},`))
		in := input(s, keyspaces{"commerce": invoice(t)})
		in.Impact = func(before, _ *vschema.SrvVSchema) (*impact.Report, error) {
			results := []impact.Result{stays}
			if before.Keyspaces["customer"].Tables["old"] != nil {
				results = []impact.Result{nowhere}
			}
			return impact.NewReport("24.0.1", results, nil), nil
		}
		p := build(t, in)
		if notes := strings.Join(p.Notes, "\n"); !strings.Contains(notes, "as cell z2 has them") || p.Impact.Summary.Unplannable.Queries != 1 {
			t.Errorf("notes %s, kept %+v", notes, p.Impact.Summary)
		}
	})
	t.Run("a cell that serves it already says nothing", func(t *testing.T) {
		s := store(t)
		serve(s, 0, "commerce", invoice(t))
		if _, all := see(input(s, keyspaces{"commerce": invoice(t)})); len(all) != 1 || all[0].before.Keyspaces["commerce"].Tables["invoice"] != nil {
			t.Errorf("asked %+v", all)
		}
	})
	t.Run("no cell can be read", func(t *testing.T) {
		s := store(t)
		for i := range s.Cells {
			s.Cells[i].Srv, s.Cells[i].Err = nil, "timeout"
		}
		if _, all := see(input(s, keyspaces{"commerce": invoice(t)})); len(all) != 1 || !proto.Equal(all[0].after, full(invoice(t))) {
			t.Errorf("asked %+v", all)
		}
	})
}

// TestImpactFails: a corpus that cannot be read ends a plan, and not a way back.
func TestImpactFails(t *testing.T) {
	broken := &errs.Invalid{Pos: errs.Position{File: "queries/live.json", Line: 3}, Msg: "damaged"}
	in := input(store(t), keyspaces{"commerce": invoice(t)})
	in.Impact = func(_, _ *vschema.SrvVSchema) (*impact.Report, error) { return nil, broken }
	if _, err := Build(in); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	in.Impact = nil
	p := build(t, in)
	back := Input{Snapshot: applied(t, in.Snapshot, p), Cluster: "c1", Backend: "topo"}

	back.Impact = func(_, _ *vschema.SrvVSchema) (*impact.Report, error) { return nil, broken }
	undo, err := Undo(p, back)
	if err != nil || len(undo.Denials) > 0 || undo.Impact != nil || !strings.Contains(strings.Join(undo.Notes, ""), "queries/live.json:3") {
		t.Errorf("undo %+v, error %v", undo, err)
	}
	back.Impact = told(breaks, scatter)
	undo, err = Undo(p, back)
	if err != nil || len(undo.Denials) > 0 || undo.Impact == nil || undo.Impact.Summary.NewScatter.Queries != 1 {
		t.Errorf("undo %+v, error %v", undo, err)
	}
}

// TestImpactIsBounded: whatever the queries are, the plan stays small enough for
// a topo server, and comes back from its file as it was.
func TestImpactIsBounded(t *testing.T) {
	var results []impact.Result
	for i := range 60 {
		r := scatter
		r.SQL = fmt.Sprintf("select %d, '\xff<é", i) + strings.Repeat("é", 40<<10)
		r.Reasons = []string{strings.Repeat("wide ", 10<<10)}
		r.After.Routes = nil
		for range 500 {
			r.After.Routes = append(r.After.Routes, impact.Route{Opcode: "Scatter", Keyspace: "customer", Vindex: "hash"})
		}
		r.After.Memory = make([]string, 500)
		r.Before.Error = &impact.Error{Text: strings.Repeat("near ", 10<<10)}
		for j := range 500 {
			r.Before.Error.Missing = append(r.Before.Error.Missing, fmt.Sprintf("ks.t%d", j))
		}
		results = append(results, r)
	}
	lost := impact.Side{Class: impact.NotPlannable, Error: &impact.Error{Text: strings.Repeat("near ", 10<<10)}}
	results = append(results, query("select 5", 50, impact.Same, lost, lost))
	in := input(store(t), keyspaces{"commerce": invoice(t)})
	in.Allow = []string{"new_scatter"}
	bare := len(encode(t, build(t, in)))
	in.Impact = told(results...)
	p := build(t, in)
	raw := encode(t, p)
	if grown := len(raw) - bare; grown > 600<<10 {
		t.Errorf("the report takes %d bytes of the plan", grown)
	}
	if s := p.Impact.Summary; len(p.Impact.Queries) != keptQueries || s.Queries != 61 || len(p.Impact.Notes) == 0 {
		t.Errorf("%d queries are kept of %d, notes %q", len(p.Impact.Queries), s.Queries, p.Impact.Notes)
	}
	for _, r := range p.Impact.Queries {
		if len(r.SQL) > keptText || !strings.HasSuffix(r.SQL, " ...") || len(r.After.Routes) > keptItems {
			t.Fatalf("a query of %d bytes and %d routes is kept", len(r.SQL), len(r.After.Routes))
		}
	}
	if tables := p.Impact.Queries[0].Before.Error.Missing; len(tables) != keptItems {
		t.Errorf("of 500 tables %d are kept", len(tables))
	}
	if why := p.Impact.Summary.Unplannable.First.Text; len(why) > keptText || len(lost.Error.Text) < keptText {
		t.Errorf("of %d bytes of an error %d are kept", len(lost.Error.Text), len(why))
	}
	again, err := Decode([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if encode(t, again) != raw {
		t.Error("the plan is another one when it was read again")
	}
	if len(results[0].After.Routes) != 500 {
		t.Error("the caller's report was changed")
	}
	// What was decided on cannot be edited.
	if _, err := Decode([]byte(strings.Replace(raw, `"executions": 2450`, `"executions": 2451`, 1))); err == nil {
		t.Error("an edited report is accepted")
	}
}
