package lint

import (
	"reflect"
	"strings"
	"testing"
)

// TestSequences goes through the ways in which a sequence is named. What the
// pages show is left out here: the nearest names, and rules in between.
func TestSequences(t *testing.T) {
	at := "customer/tables/customer/auto_increment/sequence"
	pinned := `{"sharded":true,"tables":{"order_seq":{"type":"sequence","pinned":"80"}}}`
	tests := []struct {
		name   string
		parts  map[string]string
		shards map[string][]string
		want   []string
	}{
		{"qualified", map[string]string{"commerce": commerce, "customer": customer("commerce.customer_seq", "")}, nil, nil},
		{"unqualified", map[string]string{"commerce": commerce, "customer": customer("customer_seq", "")}, nil, nil},
		{"quoted", map[string]string{"commerce": commerce, "customer": customer("`commerce`.`customer_seq`", "")}, nil, nil},
		{"typo, unqualified", map[string]string{"commerce": commerce, "customer": customer("custmer_seq", "")}, nil, []string{"VS301 error " + at + " near customer_seq"}},
		{
			"typo, qualified, which vtgate accepts",
			map[string]string{"commerce": commerce, "customer": customer("commerce.custmer_seq", "")},
			nil,
			[]string{"VS301 error " + at + " near commerce.customer_seq"},
		},
		{
			"typo in the keyspace",
			map[string]string{"commerce": commerce, "customer": customer("comerce.customer_seq", "")},
			nil,
			[]string{"VS301 error " + at + " near commerce.customer_seq"},
		},
		{"no name of a table", map[string]string{"commerce": commerce, "customer": customer("a.b.c", "")}, nil, []string{"VS301 error " + at}},
		{"none named", map[string]string{"commerce": commerce, "customer": customer("", "")}, nil, []string{"VS301 error " + at}},
		{"ambiguous", map[string]string{"a": commerce, "b": commerce, "customer": customer("order_seq", "")}, nil, []string{"VS301 error " + at}},
		{"a table that is none", map[string]string{"commerce": commerce, "customer": customer("commerce.product", "")}, nil, []string{"VS302 error " + at}},
		{
			"found through a routing rule",
			map[string]string{
				"commerce": commerce, "customer": customer("seq", ""),
				"routing_rules": `{"rules":[{"from_table":"seq","to_tables":["commerce.order_seq"]}]}`,
			},
			nil, nil,
		},
		{
			"disabled by a routing rule",
			map[string]string{
				"commerce": commerce, "customer": customer("commerce.order_seq", ""),
				"routing_rules": `{"rules":[{"from_table":"commerce.order_seq","to_tables":[]}]}`,
			},
			nil,
			[]string{"VS301 error " + at},
		},
		{"pinned, with shards unknown", map[string]string{"a": pinned, "customer": customer("a.order_seq", "")}, nil, []string{"VS305 warning " + at}},
		{"pinned, with one shard", map[string]string{"a": pinned, "customer": customer("a.order_seq", "")}, map[string][]string{"a": {"-"}}, nil},
		{"pinned, with two", map[string]string{"a": pinned, "customer": customer("a.order_seq", "")}, map[string][]string{"a": {"-80", "80-"}}, []string{"VS305 warning " + at}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := briefs(Check(Input{After: world(t, tt.parts), Shards: tt.shards}), "VS3", "VS801", "VS802")
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}
