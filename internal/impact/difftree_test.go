package impact

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func show(lines []Line) string {
	signs := map[Mark]string{LineSame: " ", LineChanged: "|", LineLeft: "<", LineRight: ">"}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-52s %s %s", l.Left, signs[l.Mark], l.Right), " ") + "\n")
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	sorted := over(`"Sort","Variant":"Memory","OrderBy":"0 ASC"`, scatter)
	join := over(`"Join","Variant":"Join","JoinVars":{"a":1}`, byID+","+goods)
	tests := map[string]struct {
		before, after string
		want          string
	}{
		"to a sorted scatter": {byID, sorted, `
                                                     > Sort Memory
                                                     >     OrderBy: 0 ASC
Route EqualUnique customer                           |   Route Scatter customer
    Query: select 1 from customer                            Query: select 1 from customer
    Vindex: hash                                     <
    Values: :id                                      <
`},
		"another shard": {byID, strings.Replace(byID, ":id", ":other", 1), `
Route EqualUnique customer                             Route EqualUnique customer
    Query: select 1 from customer                        Query: select 1 from customer
    Vindex: hash                                         Vindex: hash
    Values: :id                                      |     Values: :other
`},
		"one input of a join": {join, over(`"Join","Variant":"Join","JoinVars":{"a":1}`, byID+","+strings.Replace(goods, "Unsharded", "Next", 1)), `
Join Join                                              Join Join
    JoinVars: a=1                                        JoinVars: a=1
  Route EqualUnique customer                             Route EqualUnique customer
      Query: select 1 from customer                        Query: select 1 from customer
      Vindex: hash                                         Vindex: hash
      Values: :id                                          Values: :id
  Route Unsharded product                            |   Route Next product
      Query: select 1 from goods                           Query: select 1 from goods
`},
		"a lookup dropped": {lookupBy("EqualUnique", `":email"`, readLookup), strings.Replace(scatter, "from customer", "from customer where email = :email", 1), `
VindexLookup EqualUnique customer                    <
    Vindex: by_email                                 <
    Values: :email                                   <
  Route IN customer                                  <
      Query: select email, id from email_idx where email in ::__vals <
      Vindex: hash                                   <
      Values: ::email                                <
  Route ByDestination customer                       | Route Scatter customer
      Query: select 1 from customer where email = :email   Query: select 1 from customer where email = :email
`},
		"a lookup gained, and another text": {strings.Replace(scatter, "from customer", "from customer where :email = email", 1), lookupBy("EqualUnique", `":email"`, readLookup), `
                                                     > VindexLookup EqualUnique customer
                                                     >     Vindex: by_email
                                                     >     Values: :email
                                                     >   Route IN customer
                                                     >       Query: select email, id from email_idx where email in ::__vals
                                                     >       Vindex: hash
                                                     >       Values: ::email
Route Scatter customer                               |   Route ByDestination customer
    Query: select 1 from customer where :email = email |     Query: select 1 from customer where email = :email
`},
		"the order of a join": {over(`"Join"`, byID+","+goods), over(`"Join"`, goods+","+byID), `
Join                                                   Join
  Route EqualUnique customer                         <
      Query: select 1 from customer                  <
      Vindex: hash                                   <
      Values: :id                                    <
  Route Unsharded product                                Route Unsharded product
      Query: select 1 from goods                             Query: select 1 from goods
                                                     >   Route EqualUnique customer
                                                     >       Query: select 1 from customer
                                                     >       Vindex: hash
                                                     >       Values: :id
`},
	}
	for name, tc := range tests {
		got := show(Diff(*tree(t, tc.before), *tree(t, tc.after)))
		want := strings.TrimPrefix(tc.want, "\n")
		if diff := cmp.Diff(squeeze(want), squeeze(got)); diff != "" {
			t.Errorf("%s:\n%s\n(-want +got):\n%s", name, got, diff)
		}
	}
}

// squeeze lets the expectations be written without counting blanks.
func squeeze(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	return out
}

func TestDiffShowsNames(t *testing.T) {
	n := Node{
		Operator: "UncorrelatedSubquery", Variant: "PulloutIn",
		Attrs: map[string]any{"PulloutVars": []string{"a", "b"}, "FieldQuery": "hidden", "Ops": []any{map[string]any{"b": 1, "a": true}}},
		Inputs: []Node{
			{Operator: "Route", Variant: "Unsharded", Input: "SubQuery", Keyspace: "product"},
			{Operator: "ShowExec", Variant: " vitess_shards", Input: "Outer"},
		},
	}
	want := []Line{
		{Left: "UncorrelatedSubquery PulloutIn", Mark: LineLeft},
		{Left: "    Ops: a=true, b=1", Mark: LineLeft},
		{Left: "    PulloutVars: a, b", Mark: LineLeft},
		{Left: "  SubQuery: Route Unsharded product", Mark: LineLeft},
		{Left: "  Outer: ShowExec vitess_shards", Mark: LineLeft},
	}
	if diff := cmp.Diff(want, Diff(n, Node{})); diff != "" {
		t.Errorf("no plan after (-want +got):\n%s", diff)
	}
}

// Nothing of either plan is lost or put in another order, and equal plans differ
// nowhere.
func TestDiffKeepsBothPlans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := nodeGen(2).Draw(t, "before"), nodeGen(2).Draw(t, "after")
		var left, right []string
		for _, l := range Diff(a, b) {
			if l.Mark != LineRight {
				left = append(left, l.Left)
			}
			if l.Mark != LineLeft {
				right = append(right, l.Right)
			}
			if l.Left == l.Right && l.Mark != LineSame || l.Mark == LineSame && strings.TrimSpace(l.Left) != strings.TrimSpace(l.Right) {
				t.Fatalf("marked %s: %q, %q", l.Mark, l.Left, l.Right)
			}
		}
		for _, side := range []struct {
			name string
			node Node
			got  []string
		}{{"left", a, left}, {"right", b, right}} {
			var want []string
			for _, l := range treeLines(side.node) {
				want = append(want, l.text)
			}
			if diff := cmp.Diff(want, side.got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", side.name, diff)
			}
		}
	})
}
