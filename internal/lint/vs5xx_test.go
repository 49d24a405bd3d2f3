package lint

import (
	"reflect"
	"strings"
	"testing"
)

func TestReferencePinnedAndUnshardedRules(t *testing.T) {
	sharded := func(tables string) string {
		return `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{` + tables + `}}`
	}
	const columnVindexes = `"column_vindexes":[{"column":"id","name":"hash"}]`
	unsharded := strings.Replace(sharded(`"t":{`+columnVindexes+`}`), `"sharded":true,`, "", 1)
	two, one := map[string][]string{"ks": {"-80", "80-"}}, map[string][]string{"ks": {"-"}}
	tests := []struct {
		name   string
		ks     string
		shards map[string][]string
		want   []string
	}{
		{"source: sound", sharded(`"t":{"type":"reference","source":"commerce.product"}`), nil, nil},
		{"source: none", sharded(`"t":{"type":"reference"}`), nil, nil},
		{"source: slip", sharded(`"t":{"type":"reference","source":"commerce.prodct"}`), nil, []string{"VS501 error ks/tables/t/source near commerce.product"}},
		{"source: without its keyspace", sharded(`"t":{"type":"reference","source":"product"}`), nil, nil},
		{"source: in no keyspace, of which VS806 speaks", sharded(`"t":{"type":"reference","source":"nowhere.x"}`), nil, nil},
		{"source: itself", sharded(`"t":{"type":"reference","source":"ks.t"}`), nil, []string{"VS501 error ks/tables/t/source"}},
		{"source: twice", sharded(`"p":{"type":"reference","source":"commerce.product"},"q":{"type":"reference","source":"commerce.product"}`), nil, []string{"VS501 error ks/tables/q/source"}},
		{"source: a sequence", sharded(`"t":{"type":"reference","source":"commerce.order_seq"}`), nil, []string{"VS501 error ks/tables/t/source"}},
		{"source: a reference without one", sharded(`"t":{"type":"reference","source":"commerce.country"}`), nil, nil},
		{"source: a reference with one", sharded(`"t":{"type":"reference","source":"archive.country"}`), nil, []string{"VS501 error ks/tables/t/source"}},
		{"source: two dots", sharded(`"t":{"type":"reference","source":"a.b.c"}`), nil, []string{"VS501 error ks/tables/t/source"}},
		{"source of a sharded table", sharded(`"t":{"source":"commerce.product",` + columnVindexes + `}`), nil, []string{"VS502 warning ks/tables/t/source"}},

		{"reference and sharded", sharded(`"t":{"type":"reference",` + columnVindexes + `}`), nil, []string{"VS503 error ks/tables/t/column_vindexes"}},
		{"pinned and sharded", sharded(`"t":{"pinned":"80",` + columnVindexes + `}`), nil, []string{"VS504 error ks/tables/t/column_vindexes"}},
		{"pinned", sharded(`"t":{"pinned":"80"}`), nil, nil},
		{"pinned sequence", sharded(`"t":{"pinned":"80","type":"sequence"}`), nil, nil},
		{"type: case", sharded(`"t":{"type":"Reference"}`), nil, []string{"VS505 error ks/tables/t/type near reference"}},
		{"type: unlike any", sharded(`"t":{"type":"view",` + columnVindexes + `}`), nil, []string{"VS505 error ks/tables/t/type"}},
		{"pinned: 0x", sharded(`"t":{"pinned":"0X8A"}`), nil, []string{"VS508 error ks/tables/t/pinned near 8a"}},
		{"pinned: half a byte", sharded(`"t":{"pinned":"0x8"}`), nil, []string{"VS508 error ks/tables/t/pinned"}},

		{"not sharded, with column vindexes; shards unknown", unsharded, nil, []string{"VS506 warning ks/sharded"}},
		{"not sharded, with column vindexes; one shard, where it works", unsharded, one, nil},
		{"not sharded, with column vindexes; two shards", unsharded, two, []string{"VS507 error ks/sharded"}},
		{"not sharded; two shards", `{}`, two, []string{"VS507 error ks/sharded"}},
		{"not sharded, with a reference table and a pinned one", strings.Replace(sharded(`"r":{"type":"reference",`+columnVindexes+`},"p":{"pinned":"80",`+columnVindexes+`}`), `"sharded":true,`, "", 1), nil, []string{"VS506 warning ks/sharded"}},
		{"sharded; one shard", sharded(""), one, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := world(t, map[string]string{
				"ks":       tt.ks,
				"commerce": `{"tables":{"product":{},"order_seq":{"type":"sequence"},"country":{"type":"reference"}}}`,
				"archive":  `{"tables":{"country":{"type":"reference","source":"commerce.country"}}}`,
			})
			if got := family(t, "VS50", Input{After: srv, Shards: tt.shards}); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}
