package lint

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/vtsync/vtsync/internal/physical"
)

// TestNewUseOfAnOldMistake: what was wrong and idle does harm from its first use
// on, and stops the change that begins to use it.
func TestNewUseOfAnOldMistake(t *testing.T) {
	const lookups = `,"owned":{"type":"lookup_unique","owner":"nosuch","params":{"table":"commerce.email_lookup","from":"email","to":"keyspace_id"}},
		"aimless":{"type":"lookup_unique","params":{"table":"commerce.product","from":"email"}}`
	before := world(t, map[string]string{"commerce": commerce, "customer": customer("commerce.customer_seq", lookups)})
	schema, err := physical.Load(fstest.MapFS{"s.sql": {Data: []byte(`
		create table product (email varchar(64) primary key);
		create table customer_seq (id bigint primary key, next_id bigint, cache bigint) comment 'vitess_sequence';
		create table order_seq (id bigint primary key);
		create table email_lookup (email varchar(64), keyspace_id varbinary(128))`)}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, table string // that customer gets
		want        []string
	}{
		{"of none of them", `{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.customer_seq"}}`, nil},
		{"of a lookup without its owner", `{"column_vindexes":[{"column":"id","name":"hash"},{"column":"email","name":"owned"}]}`, []string{
			"VS615 error commerce/tables/email_lookup", "VS402 error customer/vindexes/owned/owner",
		}},
		{"of a lookup to no column", `{"column_vindexes":[{"column":"id","name":"hash"},{"column":"email","name":"aimless"}]}`, []string{
			"VS403 error customer/vindexes/aimless/params/to",
		}},
		{"of a sequence not made as one", `{"column_vindexes":[{"column":"id","name":"hash"}],"auto_increment":{"column":"id","sequence":"commerce.order_seq"}}`, []string{
			"VS613 error commerce/tables/order_seq",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			after := before.CloneVT()
			added := world(t, map[string]string{"ks": fmt.Sprintf(`{"tables":{"more":%s}}`, tt.table)})
			after.Keyspaces["customer"].Tables["more"] = added.Keyspaces["ks"].Tables["more"]
			var got []string
			for _, f := range Check(Input{Before: before, After: after, Schemas: map[string]*physical.Schema{"commerce": schema}}) {
				if f.Severity == Error {
					got = append(got, brief(f))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestOldMistakeGetsWorse: what did no harm in a keyspace that routes nothing by
// vindexes is an error of whoever makes it sharded.
func TestOldMistakeGetsWorse(t *testing.T) {
	const lookup = `,"email":{"type":"consistent_lookup","params":{"table":"commerce.email_lookup","from":"email,id","to":"keyspace_id","write_onli":"true"}}`
	after := world(t, map[string]string{"commerce": commerce, "customer": customer("commerce.customer_seq", lookup)})
	before := after.CloneVT()
	before.Keyspaces["customer"].Sharded = false
	want := []string{"VS203 error customer/vindexes/email/params/write_onli"}
	if got := briefs(Check(Input{Before: before, After: after}), "VS203"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
