package view

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/impact"
)

// side makes one side of a query, on a number of shards that is known unless it
// is negative.
func side(class impact.Class, shards int, routes ...impact.Route) impact.Side {
	s := impact.Side{Class: class, Routes: routes}
	if shards >= 0 {
		s.Shards = &shards
	}
	return s
}

func refused(code, text string) impact.Side {
	return impact.Side{Class: impact.NotPlannable, Error: &impact.Error{Code: code, Text: text}}
}

func route(opcode, vindex string) impact.Route {
	return impact.Route{Opcode: opcode, Keyspace: "customer", Vindex: vindex}
}

// lookupDropped is what happens where a lookup vindex and a table's columns go.
func lookupDropped() *impact.Report {
	byID := side(impact.SingleShard, 1, route("EqualUnique", "hash"))
	byEmail := side(impact.SingleShard, 2, route("EqualUnique", "email_lookup"))
	scatter := side(impact.Scatter, 64, route("Scatter", ""))
	sorted := scatter
	sorted.Memory = []string{"merge sort", "aggregate"}
	insert := side(impact.SingleShard, 1, route("EqualUnique", "hash"))
	insertBefore := insert
	insertBefore.LookupWrites = 1
	join := side(impact.CrossJoin, 128, route("Scatter", ""), route("Scatter", ""), impact.Route{Opcode: "Reference", Keyspace: "main"})
	join.Memory = []string{"join"}
	unknown := refused("VT09015", "VT09015: schema tracking required")
	return impact.NewReport("24.0.1", []impact.Result{
		{SQL: "select id, name from customer where id = :id", Weight: 5_000, Verdict: impact.Same, Before: byID, After: byID},
		{
			SQL: "select id, name\nfrom customer where email = :email /* VARCHAR */", Keyspace: "customer", Weight: 4_100, Verdict: impact.Dearer,
			Reasons: []string{"2 shards -> 64 shards", "all shards (scatter)"}, Before: byEmail, After: scatter,
		},
		{
			SQL: "select email, count(*) from customer where email in ::emails group by email order by email", Keyspace: "customer", TabletType: "replica",
			Weight: 40, Verdict: impact.Dearer, Reasons: []string{"3 shards -> 64 shards", "all shards (scatter)", "aggregated in vtgate"},
			Before: side(impact.FewShards, 3, route("IN", "email_lookup")), After: sorted,
		},
		{
			SQL: "update customer set email = :email where email = :old", Weight: 3, Verdict: impact.Breaks,
			Reasons: []string{"VT12001: unsupported: something"}, Before: byEmail, After: refused("VT12001", "unsupported: something"),
		},
		{SQL: "select o.id from customer as c join orders as o on o.total = c.id", Weight: 60, Verdict: impact.Changed, Reasons: []string{"filled from a sequence"}, Before: join, After: join},
		{SQL: "insert into customer(id, email) values (:id, :email)", Weight: 800, Verdict: impact.Cheaper, Reasons: []string{"1 lookup row written per row -> 0"}, Before: insertBefore, After: insert},
		{SQL: "select * from customer, orders", Weight: 1, Verdict: impact.Same, Before: unknown, After: unknown},
	}, []string{"the vtgates run Vitess 23.0.2 and these plans are by 24.0.1"})
}

// unweighed gives a report whose queries nobody counted.
func unweighed(r *impact.Report) *impact.Report {
	results := append([]impact.Result(nil), r.Queries...)
	for i := range results {
		results[i].Weight = 1
	}
	return impact.NewReport(r.Planner, results, nil)
}

func impactText(t *testing.T, r *impact.Report, style Style) string {
	t.Helper()
	return text(t, func(w io.Writer, _ Style) error { return Impact(w, r, false, style) })
}

func TestImpact(t *testing.T) {
	want(t, impactText(t, lookupDropped(), Style{}), `
note: the vtgates run Vitess 23.0.2 and these plans are by 24.0.1
1 of 6 queries with a plan, < 0.1 % of their executions, loses its plan; 1 more (41 % of executions) goes from 2 shards to 64; and more

  verdict   queries  executions
  breaks          1     < 0.1 %
  dearer          2        41 %
  changed         1       0.6 %
  cheaper         1         8 %
  fixed           0         0 %
  same            1        50 %
  no plan         1
2 queries, 41 % of executions, begin to ask all shards of a keyspace
1 query, < 0.1 % of all executions, has no plan on either side: the planner needs columns that are not known
next: where columns are not known, put the CREATE TABLE into keyspaces/KEYSPACE/schema/, or name a vtctld (--vtctld)

1 breaks, < 0.1 % of executions
  update customer set email = :email where email = :old
  before  single shard (2 with the lookup): EqualUnique customer by email_lookup
  after   not plannable: VT12001: unsupported: something

2 dearer, 41 % of executions, customer: 2 shards -> 64 shards, all shards (scatter)
  select id, name from customer where email = :email /* VARCHAR */
  before  single shard (2 with the lookup): EqualUnique customer by email_lookup
  after   scatter (64 shards): Scatter customer

3 dearer, 0.4 % of executions, customer@replica: 3 shards -> 64 shards, all shards (scatter), aggregated in vtgate
  select email, count(*) from customer where email in ::emails group by email order by email
  before  few shards (3): IN customer by email_lookup
  after   scatter (64 shards): Scatter customer; in vtgate: merge sort, aggregate

4 changed, 0.6 % of executions: filled from a sequence
  select o.id from customer as c join orders as o on o.total = c.id
  before  cross-shard join (128 shards): 2 x Scatter customer, Reference main; in vtgate: join
  after   cross-shard join (128 shards): 2 x Scatter customer, Reference main; in vtgate: join

5 cheaper, 8 % of executions: 1 lookup row written per row -> 0
  insert into customer(id, email) values (:id, :email)
  before  single shard: EqualUnique customer by hash; 1 lookup row written per row
  after   single shard: EqualUnique customer by hash

both plans of a query: the same command with --explain and its number
planned by the planner of Vitess 24.0.1
`)
}

func TestImpactUnweighed(t *testing.T) {
	want(t, impactText(t, unweighed(lookupDropped()), Style{Width: 60}), `
1 of 5 queries loses its plan; 1 more goes from 2 shards to 64; and more

  verdict   queries
  breaks          1
  dearer          2
  changed         1
  cheaper         1
  fixed           0
  same            0
2 queries begin to ask all shards of a keyspace

1 breaks
  update customer set email = :email where email = :old
  before  single shard (2 with the lookup): EqualUnique customer by email_lookup
  after   not plannable: VT12001: unsupported: something

2 dearer, customer@replica: 3 shards -> 64 shards, all shards (scatter), aggregated in vtgate
  select email, count(*) from customer where email in ::e...
  before  few shards (3): IN customer by email_lookup
  after   scatter (64 shards): Scatter customer; in vtgate: merge sort, aggregate

3 dearer, customer: 2 shards -> 64 shards, all shards (scatter)
  select id, name from customer where email = :email /* V...
  before  single shard (2 with the lookup): EqualUnique customer by email_lookup
  after   scatter (64 shards): Scatter customer

4 changed: filled from a sequence
  select o.id from customer as c join orders as o on o.to...
  before  cross-shard join (128 shards): 2 x Scatter customer, Reference main; in vtgate: join
  after   cross-shard join (128 shards): 2 x Scatter customer, Reference main; in vtgate: join

5 cheaper: 1 lookup row written per row -> 0
  insert into customer(id, email) values (:id, :email)
  before  single shard: EqualUnique customer by hash; 1 lookup row written per row
  after   single shard: EqualUnique customer by hash

both plans of a query: the same command with --explain and its number
planned by the planner of Vitess 24.0.1
`)
}

func TestImpactOfNothing(t *testing.T) {
	want(t, impactText(t, impact.NewReport("24.0.1", nil, nil), Style{}), `
no queries are known

planned by the planner of Vitess 24.0.1
`)
}

// Queries that nobody can plan are no reason to be calm, whatever keeps them from
// having one.
func TestImpactWithoutPlans(t *testing.T) {
	columns, unknown := refused("VT09015", "VT09015: schema tracking required"), refused("VT05003", "VT05003: unknown database 'shop'\nin vschema")
	report := func(sides ...impact.Side) *impact.Report {
		var results []impact.Result
		for i, s := range sides {
			results = append(results, impact.Result{SQL: strings.Repeat("select ", i), Weight: int64(50 - i), Verdict: impact.Same, Before: s, After: s})
		}
		return impact.NewReport("24.0.1", results, nil)
	}
	planned := side(impact.SingleShard, 1, route("EqualUnique", "hash"))
	untracked := report(columns)
	untracked.Untracked = true
	const nextKeyspace = "next: `vtsync impact --all`, with the same flags, lists them at the end; where a source of queries has the names of databases that are no keyspaces, put the keyspaces' names in their place\n"
	for _, tt := range []struct {
		name  string
		r     *impact.Report
		lines []string
	}{
		{"none of them", report(unknown, unknown, unknown), []string{
			"none of 3 queries has a plan on either side\n",
			"3 queries, 100 % of all executions, have no plan on either side; the first: VT05003: unknown database 'shop' in vschema\n", nextKeyspace,
		}},
		{"some of them", report(planned, columns, unknown), []string{
			"1 of 3 queries has a plan, and keeps it\n",
			"2 queries, 66 % of all executions, have no plan on either side, 1 of them for want of columns; the first: VT05003: unknown database 'shop' in vschema\n",
			nextKeyspace, "next: where columns are not known",
		}},
		{"columns alone", report(columns), []string{
			": the planner needs columns that are not known\n", "next: where columns are not known, put the CREATE TABLE into keyspaces/KEYSPACE/schema/, or name a vtctld (--vtctld)\n",
		}},
		{"columns that no vtgate takes from there", untracked, []string{
			"next: the vtgates track no schema (--schema-change-signal=false): turn it on, or add columns with column_list_authoritative to the VSchema\n",
		}},
		{"another reason", report(planned, refused("VT12001", "unsupported: this")), []string{
			"1 query, 49 % of all executions, has no plan on either side; the first: VT12001: unsupported: this\n", "next: `vtsync impact --all`, with the same flags, lists them at the end\n",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			texts := map[string]string{
				"text": impactText(t, tt.r, Style{}),
				"plan": text(t, func(w io.Writer, s Style) error { return PlanImpact(w, tt.r, nil, s) }),
			}
			for form, got := range texts {
				for _, line := range tt.lines {
					if !strings.Contains(got, line) {
						t.Errorf("the %s lacks %q:\n%s", form, line, got)
					}
				}
			}
			md := markdown(t, tt.r, 0)
			for _, line := range tt.lines {
				if !strings.Contains(md, escapeMarkdown(line)) {
					t.Errorf("the Markdown lacks %q:\n%s", line, md)
				}
			}
		})
	}
}

// The worst come first, and nobody reads half a million lines.
func TestImpactIsBounded(t *testing.T) {
	listed := func(out string) int { return strings.Count(out, " dearer, ") }
	r := large(textQueries + 2)
	if got := impactText(t, r, Style{}); listed(got) != textQueries || !strings.Contains(got, "\n\nand 2 more: --all or --format json\n") {
		t.Errorf("%d queries, ends %s", listed(got), got[len(got)-300:])
	}
	got := text(t, func(w io.Writer, _ Style) error { return Impact(w, r, true, Style{}) })
	if listed(got) != textQueries+2 || strings.Contains(got, "more:") {
		t.Errorf("all: %d queries, ends %s", listed(got), got[len(got)-300:])
	}
	if got := impactText(t, large(textQueries), Style{}); listed(got) != textQueries || strings.Contains(got, "more:") {
		t.Errorf("as many as there is room for: %d queries, ends %s", listed(got), got[len(got)-300:])
	}
}

func TestImpactColor(t *testing.T) {
	got := impactText(t, lookupDropped(), Style{Color: true})
	for _, text := range []string{
		"  \x1b[31mbreaks  \x1b[0m        1", "  fixed           0", "\n1 \x1b[31mbreaks\x1b[0m, < 0.1 % of executions\n",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("lacks %q:\n%s", text, got)
		}
	}
	plans := explained(t, trees(), Style{Color: true})
	for _, text := range []string{"\x1b[33mRoute EqualUnique customer", "\x1b[31m    Vindex: email_lookup"} {
		if !strings.Contains(plans, text) {
			t.Errorf("lacks %q:\n%q", text, plans)
		}
	}
}

// What a query or a message holds cannot move the cursor of a terminal.
func TestImpactIsPrintable(t *testing.T) {
	const hostile = "a\x1b[2J\nQ\r\u202e"
	res := impact.Result{
		SQL: hostile, Keyspace: hostile, TabletType: hostile, Weight: 2, Verdict: impact.Dearer, Reasons: []string{hostile},
		Before: side(hostile, 3, impact.Route{Opcode: hostile, Keyspace: hostile, Vindex: hostile}), After: refused(hostile, hostile),
		BeforeTree: &impact.Node{Operator: hostile, Variant: hostile, Attrs: map[string]any{hostile: hostile}},
	}
	res.Before.Memory = []string{hostile}
	cheaper := res
	cheaper.Verdict, cheaper.After = impact.Cheaper, res.Before
	r := impact.NewReport(hostile, []impact.Result{res, cheaper}, []string{hostile})
	r.Summary.Moves[0].Text = hostile
	got := impactText(t, r, Style{}) + explained(t, res, Style{}) + explained(t, res, Style{Width: 60}) +
		text(t, func(w io.Writer, s Style) error { return PlanImpact(w, r, []string{hostile}, s) })
	if i := strings.IndexAny(got, "\x1b\r\u202e"); i >= 0 {
		t.Errorf("%q", got[max(0, i-80):i+10])
	}
	if strings.Contains(got, "\nQ") {
		t.Errorf("broken lines:\n%s", got)
	}
}

func TestImpactJSON(t *testing.T) {
	var out bytes.Buffer
	r := lookupDropped()
	if err := ImpactJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	var got impact.Report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, &got); d != "" {
		t.Errorf("(-written +read):\n%s", d)
	}
}

func TestPlanImpact(t *testing.T) {
	write := func(r *impact.Report, breaches ...string) string {
		return text(t, func(w io.Writer, s Style) error { return PlanImpact(w, r, breaches, s) })
	}
	r := lookupDropped()
	for range 13 {
		r.Queries = append(r.Queries, r.Queries[len(r.Queries)-1])
	}
	n := r.Summary.ByVerdict[impact.Cheaper]
	n.Queries += 13
	r.Summary.ByVerdict[impact.Cheaper] = n
	r = r.Truncate(7)
	want(t, write(r, "2 queries begin to ask all shards of a keyspace"), `
impact: 1 of 6 queries with a plan, < 0.1 % of their executions, loses its plan; 1 more (41 % of executions) goes from 2 shards to 64; and more
  beyond the policy: 2 queries begin to ask all shards of a keyspace
  note: the vtgates run Vitess 23.0.2 and these plans are by 24.0.1
  1 query, < 0.1 % of all executions, has no plan on either side: the planner needs columns that are not known
  next: where columns are not known, put the CREATE TABLE into keyspaces/KEYSPACE/schema/, or name a vtctld (--vtctld)
  1 breaks, < 0.1 % of executions
    update customer set email = :email where email = :old
    before  single shard (2 with the lookup): EqualUnique customer by email_lookup
    after   not plannable: VT12001: unsupported: something
  2 dearer, 41 % of executions, customer: 2 shards -> 64 shards, all shards (scatter)
    select id, name from customer where email = :email /* VARCHAR */
    before  single shard (2 with the lookup): EqualUnique customer by email_lookup
    after   scatter (64 shards): Scatter customer
  3 dearer, 0.4 % of executions, customer@replica: 3 shards -> 64 shards, all shards (scatter), aggregated in vtgate
    select email, count(*) from customer where email in ::emails group by email order by email
    before  few shards (3): IN customer by email_lookup
    after   scatter (64 shards): Scatter customer; in vtgate: merge sort, aggregate
  4 changed, 0.6 % of executions: filled from a sequence
    select o.id from customer as c join orders as o on o.total = c.id
    before  cross-shard join (128 shards): 2 x Scatter customer, Reference main; in vtgate: join
    after   cross-shard join (128 shards): 2 x Scatter customer, Reference main; in vtgate: join
  5 cheaper, 8 % of executions: 1 lookup row written per row -> 0
    insert into customer(id, email) values (:id, :email)
    before  single shard: EqualUnique customer by hash; 1 lookup row written per row
    after   single shard: EqualUnique customer by hash
  and 13 more: see `+"`"+`vtsync impact`+"`"+`
  both plans of a query: `+"`"+`vtsync impact --explain 1`+"`"+`, with the plan's flags
`)
	want(t, write(impact.NewReport("24.0.1", []impact.Result{{SQL: "select 1", Weight: 3, Verdict: impact.Same}}, nil)), `
impact: no plan of 1 query changes
`)
}

// trees gives the plans of a query that begins to scatter.
func trees() impact.Result {
	res := lookupDropped().Queries[1]
	query := "select id, name from customer where email = :email /* VARCHAR */ order by id asc"
	res.BeforeTree = &impact.Node{
		Operator: "Route", Variant: "EqualUnique", Keyspace: "customer", Sharded: true,
		Attrs: map[string]any{"Query": query, "Vindex": "email_lookup", "Values": []string{":email"}},
	}
	res.AfterTree = &impact.Node{
		Operator: "Route", Variant: "Scatter", Keyspace: "customer", Sharded: true,
		Attrs: map[string]any{"Query": query, "OrderBy": "0 ASC"},
	}
	return res
}

func explained(t *testing.T, res impact.Result, style Style) string {
	t.Helper()
	return text(t, func(w io.Writer, _ Style) error {
		return ImpactExplain(w, &impact.Report{Queries: []impact.Result{res}}, 1, style)
	})
}

func TestImpactExplain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		width int
		want  string
	}{
		{"no terminal", 0, `
select id, name from customer where email = :email /* VARCHAR */

dearer: 2 shards -> 64 shards, all shards (scatter)
session customer
4100 executions
before  single shard (2 with the lookup): EqualUnique customer by email_lookup
after   scatter (64 shards): Scatter customer

before                                                                           after
Route EqualUnique customer                                                     | Route Scatter customer
    Query: select id, name from customer where email = :email /* VARCHAR */          Query: select id, name from customer where email = :email /* VARCHAR */
        order by id asc                                                                  order by id asc
    Vindex: email_lookup                                                       <
    Values: :email                                                             <
                                                                               >     OrderBy: 0 ASC
| differs, < before only, > after only
`},
		{"wide", 110, `
select id, name from customer where email = :email /* VARCHAR */

dearer: 2 shards -> 64 shards, all shards (scatter)
session customer
4100 executions
before  single shard (2 with the lookup): EqualUnique customer by email_lookup
after   scatter (64 shards): Scatter customer

before                                                  after
Route EqualUnique customer                            | Route Scatter customer
    Query: select id, name from customer where email        Query: select id, name from customer where email
        = :email /* VARCHAR */ order by id asc                  = :email /* VARCHAR */ order by id asc
    Vindex: email_lookup                              <
    Values: :email                                    <
                                                      >     OrderBy: 0 ASC
| differs, < before only, > after only
`},
		{"narrow", 50, `
select id, name from customer where email = :email /* VARCHAR */

dearer: 2 shards -> 64 shards, all shards (scatter)
session customer
4100 executions
before  single shard (2 with the lookup): EqualUnique customer by email_lookup
after   scatter (64 shards): Scatter customer

before
  ~ Route EqualUnique customer
        Query: select id, name from customer where
            email = :email /* VARCHAR */ order by
            id asc
  -     Vindex: email_lookup
  -     Values: :email
after
  ~ Route Scatter customer
        Query: select id, name from customer where
            email = :email /* VARCHAR */ order by
            id asc
  +     OrderBy: 0 ASC
~ differs, - before only, + after only
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := explained(t, trees(), Style{Width: tt.width})
			want(t, got, tt.want)
		})
	}
}

func TestImpactExplainUntracked(t *testing.T) {
	res := trees()
	res.After = refused("VT09015", "VT09015: schema tracking required")
	r := &impact.Report{Queries: []impact.Result{trees(), res}, Untracked: true}
	for number, said := range map[int]bool{1: false, 2: true} {
		got := text(t, func(w io.Writer, s Style) error { return ImpactExplain(w, r, number, s) })
		if strings.Contains(got, "\nnext: the vtgates track no schema") != said || strings.Contains(got, "CREATE TABLE") {
			t.Errorf("query %d:\n%s", number, got)
		}
	}
}

func TestImpactExplainWithoutPlan(t *testing.T) {
	res := trees()
	res.Verdict, res.After, res.AfterTree = impact.Breaks, refused("VT09015", "VT09015: schema tracking required"), nil
	want(t, explained(t, res, Style{Width: 100}), `
select id, name from customer where email = :email /* VARCHAR */

breaks
session customer
4100 executions
before  single shard (2 with the lookup): EqualUnique customer by email_lookup
after   not plannable: VT09015: schema tracking required
next: where columns are not known, put the CREATE TABLE into keyspaces/KEYSPACE/schema/, or name a vtctld (--vtctld)

before                                             after (no plan)
Route EqualUnique customer                       <
    Query: select id, name from customer where   <
        email = :email /* VARCHAR */ order by id <
        asc                                      <
    Vindex: email_lookup                         <
    Values: :email                               <
| differs, < before only, > after only
`)
	want(t, explained(t, res, Style{Width: 60}), `
select id, name from customer where email = :email /* VARCHAR */

breaks
session customer
4100 executions
before  single shard (2 with the lookup): EqualUnique customer by email_lookup
after   not plannable: VT09015: schema tracking required
next: where columns are not known, put the CREATE TABLE into keyspaces/KEYSPACE/schema/, or name a vtctld (--vtctld)

before
  - Route EqualUnique customer
  -     Query: select id, name from customer where email =
  -         :email /* VARCHAR */ order by id asc
  -     Vindex: email_lookup
  -     Values: :email
after (no plan)
~ differs, - before only, + after only
`)
}

// A plan of any shape stays within the width that it is shown in.
func TestImpactExplainWidth(t *testing.T) {
	long := strings.Repeat("select 名前, wörd ", 30) + strings.Repeat("x", 300)
	node := impact.Node{Operator: "Route", Attrs: map[string]any{"Query": long}}
	for range 20 {
		node = impact.Node{Operator: "Sort", Attrs: map[string]any{"OrderBy": long}, Inputs: []impact.Node{node}}
	}
	res := impact.Result{Verdict: impact.Dearer, BeforeTree: &node, AfterTree: &impact.Node{Operator: "Route"}}
	for _, width := range []int{1, 20, 33, 99, 100, 101, 160} {
		for line := range strings.Lines(explained(t, res, Style{Width: width})) {
			line = strings.TrimRight(line, "\n")
			if !strings.HasPrefix(line, "  - ") && !strings.Contains(line, " < ") {
				continue
			}
			if n := lineWidth([]rune(line)); n > max(width, 20) {
				t.Errorf("width %d: a line of %d columns: %q", width, n, line)
			}
		}
	}
}

func TestWrapText(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, nil},
		{"a b", 10, []string{"a b"}},
		{"one two three four five", 16, []string{"one two three", "    four five"}},
		{"  Query: abcdefghijklmnop", 16, []string{"  Query:", "      abcdefghij", "      klmnop"}},
		{"名前名前名前名前名前", 17, []string{"名前名前名前名前", "    名前"}},
	} {
		if d := cmp.Diff(tt.want, wrapText(tt.text, tt.width)); d != "" {
			t.Errorf("%q in %d: (-want +got):\n%s", tt.text, tt.width, d)
		}
	}
}
