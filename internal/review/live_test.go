package review_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestLiveBesideFiles judges one file with a cluster that has more keyspaces.
func TestLiveBesideFiles(t *testing.T) {
	customer := `sharded: true
vindexes:
  hash: {type: hash}
tables:
  customer:
    column_vindexes: [{column: id, name: hash}]
    auto_increment: {column: id, sequence: %s}
`
	decode := func(text string) *vschema.Keyspace {
		vs, err := vschema.DecodeJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return vs
	}
	live := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{
		"commerce": decode(`{"tables": {"customer_seq": {"type": "sequence"}}}`),
		"customer": decode(`{"sharded": true}`),
		"broken":   decode(`{"sharded": true, "tables": {"a": {"auto_increment": {"column": "id", "sequence": "commerce.customer_seq"}}}}`),
	}}
	bad := func(text string) map[string]*physical.Schema {
		schema, err := physical.Parse(map[string]string{"customer": text})
		if err != nil {
			t.Fatal(err)
		}
		return map[string]*physical.Schema{"0": schema}
	}
	cases := []struct {
		name, sequence string
		schemas        map[string]map[string]*physical.Schema
		codes          []string
		note           string
	}{
		{"what it leads to is live, and others' mistakes are counted", "commerce.customer_seq", nil, nil, "not shown: keyspace broken"},
		{"it leads nowhere in the cluster", "comerce.customer_seq", nil, []string{"VS301"}, ""},
		{"SQL counts where MySQL was not read", "commerce.customer_seq", nil, nil, ""},
		{"MySQL counts where it was read", "commerce.customer_seq", map[string]map[string]*physical.Schema{"customer": bad("create table customer (other bigint)")},
			[]string{"VS611", "VS612"}, "keyspaces/customer/schema was not used"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fsys := fstest.MapFS{
				"keyspaces/customer/vschema.yaml":        {Data: []byte(strings.Replace(customer, "%s", c.sequence, 1))},
				"keyspaces/customer/schema/customer.sql": {Data: []byte("create table customer (id bigint primary key);")},
			}
			report, err := review.Run(fsys, review.Options{Live: &review.Live{Routing: live, Schemas: c.schemas}})
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, f := range report.Findings {
				if f.Keyspace == "broken" {
					t.Errorf("%s is shown: no file manages it", f.Message)
				}
				if f.Severity == "error" {
					codes = append(codes, f.Code)
				}
			}
			slices.Sort(codes)
			if d := cmp.Diff(c.codes, codes); d != "" {
				t.Errorf("errors (-want +got):\n%s", d)
			}
			if !strings.Contains(strings.Join(report.Notes, "\n"), c.note) {
				t.Errorf("no %q in the notes %q", c.note, report.Notes)
			}
		})
	}
}
