package impact

import (
	"encoding/json"
	"testing"
)

// opcodeLike and orderedLike stand for what vtgate's planner puts into a plan: types
// with a JSON of their own, whose keys may not be sorted.
type opcodeLike int

func (opcodeLike) MarshalJSON() ([]byte, error) { return []byte(`"PulloutIn"`), nil }

type orderedLike struct{}

func (orderedLike) MarshalJSON() ([]byte, error) { return []byte(`{"Type":"x","Name":"a < b"}`), nil }

func madeInGo() Node {
	return Node{
		Operator: "Route", Variant: "IN", Input: "Outer", Keyspace: "customer", Sharded: true,
		Attrs: map[string]any{
			"Query":             "select 1 where a < b and c = 'x'",
			"Values":            []string{"::list", "a > b"},
			"TargetDestination": "AllShards()",
			"Aggregates":        orderedLike{},
			"Opcode":            opcodeLike(3),
			"Vars":              map[string]int{"b": 2, "a": 1},
			"Cols":              []int{-1, 2},
			"Offsets":           []string(nil),
			"Percent":           float32(0.1),
			"Zero":              uint64(0),
			"Limit":             int64(1<<62 + 1),

			"QueryTimeout":         0,
			"MultiShardAutocommit": false,
			"OwnedVindexQuery":     "",
			"Nothing":              nil,
		},
		Inputs: []Node{{Operator: "SingleRow", Attrs: map[string]any{}}},
	}
}

const printed = `{"InputName":"Outer","OperatorType":"Route","Variant":"IN","Keyspace":{"Name":"customer","Sharded":true},` +
	`"TargetDestination":"AllShards()","Aggregates":{"Type":"x","Name":"a < b"},"Cols":[-1,2],"Limit":4611686018427387905,"Offsets":null,` +
	`"Opcode":"PulloutIn","Percent":0.1,"Query":"select 1 where a < b and c = 'x'","Values":["::list","a > b"],` +
	`"Vars":{"a":1,"b":2},"Zero":0,"Inputs":[{"OperatorType":"SingleRow"}]}`

func TestNodeJSON(t *testing.T) {
	got, err := encode(madeInGo())
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != printed {
		t.Errorf("\n got %s\nwant %s", got, printed)
	}
	// What vtgate's HTTP pages print has the escapes of encoding/json.
	for name, text := range map[string]string{"plain": printed, "escaped": escaped(t)} {
		back := tree(t, text)
		if !back.Equal(madeInGo()) || !madeInGo().Equal(*back) {
			t.Errorf("%s: read back it is another: %+v", name, back)
		}
		if got := back.list("Values"); len(got) != 2 || got[1] != "a > b" {
			t.Errorf("%s: the values are %q", name, got)
		}
		if again, err := encode(back); err != nil || string(again) != text && name == "plain" {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, again, text)
		}
		if again, err := json.Marshal(back); err != nil || string(again) != escaped(t) {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, again, escaped(t))
		}
	}
}

func escaped(t *testing.T) string {
	t.Helper()
	b, err := json.Marshal(json.RawMessage(printed))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNodeEqualSeesEveryDifference(t *testing.T) {
	changes := map[string]func(*Node){
		"operator":       func(n *Node) { n.Operator = "Send" },
		"variant":        func(n *Node) { n.Variant = "Equal" },
		"input name":     func(n *Node) { n.Input = "SubQuery" },
		"keyspace":       func(n *Node) { n.Keyspace = "product" },
		"sharded":        func(n *Node) { n.Sharded = false },
		"text":           func(n *Node) { n.Attrs["Query"] = "select 2" },
		"list":           func(n *Node) { n.Attrs["Values"] = []string{"::list"} },
		"custom type":    func(n *Node) { n.Attrs["Opcode"] = "PulloutNotIn" },
		"nested":         func(n *Node) { n.Attrs["Vars"] = map[string]int{"a": 1, "b": 3} },
		"large number":   func(n *Node) { n.Attrs["Limit"] = int64(1 << 62) },
		"attribute gone": func(n *Node) { delete(n.Attrs, "Percent") },
		"attribute new":  func(n *Node) { n.Attrs["QueryTimeout"] = 5 },
		"input gone":     func(n *Node) { n.Inputs = nil },
		"input changed":  func(n *Node) { n.Inputs = []Node{{Operator: "Rows"}} },
	}
	for name, change := range changes {
		o := madeInGo()
		change(&o)
		if n := *tree(t, printed); n.Equal(o) || o.Equal(n) || madeInGo().Equal(o) || o.Equal(madeInGo()) {
			t.Errorf("%s: not seen", name)
		}
	}
}

func TestNodeRefusesWhatIsNoPlan(t *testing.T) {
	for _, text := range []string{`{}`, `[]`, `"VT12001"`, `{"OperatorType":1}`, `{"OperatorType":"Route","Inputs":[{}]}`, `{"OperatorType":"Route","Keyspace":{"Name":1}}`} {
		var n Node
		if err := json.Unmarshal([]byte(text), &n); err == nil {
			t.Errorf("%s: taken as %+v", text, n)
		}
	}
}

// TransactionStatus has a text where other operators have their keyspace.
func TestNodeKeyspaceAsText(t *testing.T) {
	const text = `{"OperatorType":"TransactionStatus","Keyspace":"customer"}`
	n := tree(t, text)
	if got, err := encode(n); err != nil || string(got) != text {
		t.Errorf("%s, %v", got, err)
	}
}
