package diff_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/vschema"
)

// sharded gives a sharded keyspace with table t by hash(id) and the vindexes
// hash and lk, with the rest of the table's and of lk's JSON put in.
func sharded(table, lookup string) string {
	return fmt.Sprintf(`{"sharded":true,"vindexes":{"hash":{"type":"hash"},"lk":{"type":"consistent_lookup"%s}},"tables":{"t":{%s}}}`, lookup, table)
}

const (
	byHash   = `"column_vindexes":[{"name":"hash","column":"id"}]`
	byLookup = `"column_vindexes":[{"name":"hash","column":"id"},{"name":"lk","column":"email"}]`
	owned    = `,"owner":"t","params":{"table":"lookup.t"}`
	backfill = `,"owner":"t","params":{"table":"lookup.t","write_only":"true"}`
)

var hazardTests = []struct {
	name          string
	before, after string
	want          []string // "type hazard code", in order
	undo          diff.Hazard
}{
	{"sharded on", `{"tables":{"t":{}}}`, `{"sharded":true,"tables":{"t":{}}}`, []string{"sharded_on outage VS541"}, diff.Outage},
	{"sharded on, nothing declared: vtgate took any name for a table", `{}`, `{"sharded":true}`, []string{"sharded_on outage VS541"}, diff.Outage},
	{"sharded on, no VSchema yet", `null`, `{"sharded":true}`, []string{"sharded_on outage VS541"}, diff.Outage},
	{"explicit routing", `{}`, `{"require_explicit_routing":true}`, []string{"require_explicit_routing_on outage VS841"}, diff.Replan},
	{"foreign keys", `{}`, `{"foreign_key_mode":"managed"}`, []string{"foreign_key_mode_changed outage VS645"}, diff.Replan},
	{"foreign keys no longer refused in DDL", `{"foreign_key_mode":"disallow"}`, `{}`, []string{"foreign_key_mode_changed replan"}, diff.Replan},
	{"tenants", `{}`, `{"multi_tenant_spec":{"tenant_id_column_name":"a"}}`, []string{"multi_tenant_spec_changed replan"}, diff.Replan},

	{"unused vindex", `{"sharded":true}`, `{"sharded":true,"vindexes":{"hash":{"type":"hash"}}}`, []string{"vindex_added safe"}, diff.Safe},
	{"unused vindex changed", `{"sharded":true,"vindexes":{"h":{"type":"hash"}}}`, `{"sharded":true,"vindexes":{"h":{"type":"xxhash","owner":"t"}}}`, []string{"vindex_type_changed safe", "vindex_owner_changed safe"}, diff.Safe},
	{"vindex dropped that a table uses", sharded(byLookup, owned), `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{` + byLookup + `}}}`, []string{"vindex_dropped outage VS249"}, diff.Safe},
	{"primary vindex of another type", sharded(byHash, ""), `{"sharded":true,"vindexes":{"hash":{"type":"xxhash"},"lk":{"type":"consistent_lookup"}},"tables":{"t":{` + byHash + `}}}`, []string{"vindex_type_changed write_loss VS242"}, diff.WriteLoss},
	{"owner of a used lookup", sharded(byLookup, owned), sharded(byLookup, `,"params":{"table":"lookup.t"}`), []string{"vindex_owner_changed write_loss VS245"}, diff.WriteLoss},
	{"lookup table of a used lookup", sharded(byLookup, owned), sharded(byLookup, `,"owner":"t","params":{"table":"lookup.other"}`), []string{"vindex_param_changed write_loss VS243"}, diff.WriteLoss},
	{"lock of a used lookup", sharded(byLookup, owned), sharded(byLookup, `,"owner":"t","params":{"table":"lookup.t","read_lock":"none"}`), []string{"vindex_param_changed replan"}, diff.Replan},
	{"a param of that name, of what is no lookup", `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{` + byHash + `}}}`, `{"sharded":true,"vindexes":{"hash":{"type":"hash","params":{"read_lock":"none"}}},"tables":{"t":{` + byHash + `}}}`, []string{"vindex_param_changed write_loss VS243"}, diff.WriteLoss},
	{
		"vindex changed that no table uses any longer: the table's change says it all", sharded(byLookup, owned), sharded(byHash, `,"owner":"t","params":{"table":"lookup.other"}`),
		[]string{"vindex_param_changed safe", "column_vindex_dropped write_loss VS244"}, diff.WriteLoss,
	},
	{"write_only dropped", sharded(byLookup, backfill), sharded(byLookup, owned), []string{"write_only_removed write_loss VS247"}, diff.Scatter},
	{"write_only added", sharded(byLookup, owned), sharded(byLookup, backfill), []string{"write_only_added scatter"}, diff.WriteLoss},

	{
		"sharded with vindexes: the keyspace's change says it all", `{"tables":{"t":{"pinned":"00"}}}`, sharded(byHash, ""),
		[]string{"sharded_on outage VS541", "vindex_added safe", "vindex_added safe", "table_pinned_changed replan", "primary_vindex_changed replan"}, diff.Outage,
	},
	{
		"reference table without its vindex: the type's change says it all", sharded(byHash, ""), sharded(`"type":"reference"`, ""),
		[]string{"table_type_changed write_loss VS543", "primary_vindex_changed replan"}, diff.WriteLoss,
	},
	{
		"reference table that is pinned: the pin's change says it all", sharded(`"type":"reference"`, ""), sharded(`"pinned":"00"`, ""),
		[]string{"table_type_changed replan", "table_pinned_changed write_loss VS545"}, diff.WriteLoss,
	},

	{"table added", `{"sharded":true}`, `{"sharded":true,"tables":{"t":{}}}`, []string{"table_added replan"}, diff.Outage},
	{"table added, unsharded", `{}`, `{"tables":{"t":{}}}`, []string{"table_added safe"}, diff.Replan},
	{"sequence dropped", `{"tables":{"s":{"type":"sequence"}}}`, `{}`, []string{"table_dropped outage VS343"}, diff.Safe},
	{"table becomes a sequence", `{"tables":{"s":{}}}`, `{"tables":{"s":{"type":"sequence"}}}`, []string{"table_type_changed outage VS546"}, diff.Outage},
	{"sequence becomes a table", `{"tables":{"s":{"type":"sequence"}}}`, `{"tables":{"s":{}}}`, []string{"table_type_changed outage VS343"}, diff.Outage},
	{"table becomes a reference table", sharded(byHash, ""), sharded(byHash+`,"type":"reference"`, ""), []string{"table_type_changed write_loss VS543"}, diff.WriteLoss},
	{"reference, unsharded", `{"tables":{"t":{}}}`, `{"tables":{"t":{"type":"reference"}}}`, []string{"table_type_changed replan"}, diff.Replan},
	{"source of a reference table", `{"sharded":true,"tables":{"t":{"type":"reference","source":"a.t"}}}`, `{"sharded":true,"tables":{"t":{"type":"reference","source":"b.t"}}}`, []string{"table_source_changed write_loss VS544"}, diff.WriteLoss},
	{"source of another table", sharded(byHash, ""), sharded(byHash+`,"source":"a.t"`, ""), []string{"table_source_changed safe"}, diff.Safe},
	{"pinned", sharded(`"pinned":"00"`, ""), sharded(`"pinned":"80"`, ""), []string{"table_pinned_changed write_loss VS545"}, diff.WriteLoss},
	{"pinned, unsharded", `{"tables":{"t":{"pinned":"00"}}}`, `{"tables":{"t":{}}}`, []string{"table_pinned_changed safe"}, diff.Safe},

	{"primary vindex of another column", sharded(byHash, ""), sharded(`"column_vindexes":[{"name":"hash","column":"other"}]`, ""), []string{"primary_vindex_changed write_loss VS241"}, diff.WriteLoss},
	{"primary and secondary swapped", sharded(byLookup, owned), sharded(`"column_vindexes":[{"name":"lk","column":"email"},{"name":"hash","column":"id"}]`, owned), []string{"primary_vindex_changed write_loss VS241"}, diff.WriteLoss},
	{"owned lookup used at once", sharded(byHash, owned), sharded(byLookup, owned), []string{"column_vindex_added write_loss VS246"}, diff.WriteLoss},
	{"owned lookup in backfill", sharded(byHash, backfill), sharded(byLookup, backfill), []string{"column_vindex_added replan"}, diff.WriteLoss},
	{"lookup of another owner no longer used", sharded(byLookup, `,"owner":"other"`), sharded(byHash, `,"owner":"other"`), []string{"column_vindex_dropped scatter"}, diff.WriteLoss},
	{
		"vindexes of other names", `{"sharded":true,"vindexes":{"a":{"type":"hash"},"b":{"type":"consistent_lookup"}},"tables":{"t":{"column_vindexes":[{"name":"a","column":"id"},{"name":"b","column":"email"}]}}}`, sharded(byLookup, ""),
		[]string{"vindex_dropped safe", "vindex_dropped safe", "vindex_added safe", "vindex_added safe", "column_vindex_renamed replan", "column_vindex_renamed replan"}, diff.Replan,
	},
	{
		"a vindex of another name, and of other columns", `{"sharded":true,"vindexes":{"a":{"type":"hash"},"hash":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"name":"a","column":"other"}]}}}`, `{"sharded":true,"vindexes":{"a":{"type":"hash"},"hash":{"type":"hash"}},"tables":{"t":{` + byHash + `}}}`,
		[]string{"primary_vindex_changed write_loss VS241"}, diff.WriteLoss,
	},
	{
		"a vindex of another name, and of another type", `{"sharded":true,"vindexes":{"a":{"type":"xxhash"},"hash":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"name":"a","column":"id"}]}}}`, `{"sharded":true,"vindexes":{"a":{"type":"xxhash"},"hash":{"type":"hash"}},"tables":{"t":{` + byHash + `}}}`,
		[]string{"primary_vindex_changed write_loss VS241"}, diff.WriteLoss,
	},
	{
		"one vindex becomes two of other names", `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"a":{"type":"xxhash"},"b":{"type":"xxhash"},"c":{"type":"xxhash"}},"tables":{"t":{"column_vindexes":[{"name":"hash","column":"id"},{"name":"a","column":"x"}]}}}`, `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"a":{"type":"xxhash"},"b":{"type":"xxhash"},"c":{"type":"xxhash"}},"tables":{"t":{"column_vindexes":[{"name":"hash","column":"id"},{"name":"b","column":"x"},{"name":"c","column":"x"}]}}}`,
		[]string{"column_vindex_renamed replan", "column_vindex_added write_loss VS246"}, diff.Scatter,
	},
	{
		"a secondary vindex becomes the primary one by another name", `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"a":{"type":"xxhash"},"b":{"type":"xxhash"}},"tables":{"t":{"column_vindexes":[{"name":"hash","column":"id"},{"name":"a","column":"x"}]}}}`, `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"a":{"type":"xxhash"},"b":{"type":"xxhash"}},"tables":{"t":{"column_vindexes":[{"name":"b","column":"x"},{"name":"hash","column":"id"}]}}}`,
		[]string{"primary_vindex_changed write_loss VS241", "column_vindex_dropped scatter"}, diff.WriteLoss,
	},
	{"unowned lookup no longer used", sharded(byLookup, ""), sharded(byHash, ""), []string{"column_vindex_dropped scatter"}, diff.WriteLoss},
	{"columns of a secondary vindex", sharded(byLookup, owned), sharded(`"column_vindexes":[{"name":"hash","column":"id"},{"name":"lk","column":"mail"}]`, owned), []string{"column_vindex_columns_changed write_loss VS248"}, diff.WriteLoss},
	{
		"order of secondary vindexes",
		sharded(`"column_vindexes":[{"name":"hash","column":"id"},{"name":"lk","column":"a"},{"name":"hash","column":"b"}]`, ""),
		sharded(`"column_vindexes":[{"name":"hash","column":"id"},{"name":"hash","column":"b"},{"name":"lk","column":"a"}]`, ""),
		[]string{"column_vindexes_reordered replan"}, diff.Replan,
	},
	{"vindexes of an unsharded keyspace", `{"vindexes":{"h":{}},"tables":{"t":{}}}`, `{"vindexes":{"h":{}},"tables":{"t":{"column_vindexes":[{"name":"h","column":"a"}]}}}`, []string{"primary_vindex_changed safe"}, diff.Safe},

	{"auto_increment", sharded(byHash, ""), sharded(byHash+`,"auto_increment":{"column":"id","sequence":"s"}`, ""), []string{"auto_increment_added outage VS344"}, diff.Outage},
	{"another sequence", sharded(byHash+`,"auto_increment":{"column":"id","sequence":"s"}`, ""), sharded(byHash+`,"auto_increment":{"column":"id","sequence":"s2"}`, ""), []string{"auto_increment_changed outage VS342"}, diff.Outage},

	{"column listed", sharded(byHash, ""), sharded(byHash+`,"columns":[{"name":"id"}]`, ""), []string{"column_added replan"}, diff.Replan},
	{"column changed", sharded(byHash+`,"columns":[{"name":"id"}]`, ""), sharded(byHash+`,"columns":[{"name":"id","type":"INT64"}]`, ""), []string{"column_changed replan"}, diff.Replan},
	{"column dropped from an authoritative list", sharded(byHash+`,"column_list_authoritative":true,"columns":[{"name":"id"},{"name":"a"}]`, ""), sharded(byHash+`,"column_list_authoritative":true,"columns":[{"name":"id"}]`, ""), []string{"column_dropped outage VS643"}, diff.Outage},
	{"column added to an authoritative list", sharded(byHash+`,"column_list_authoritative":true,"columns":[{"name":"id"}]`, ""), sharded(byHash+`,"column_list_authoritative":true,"columns":[{"name":"id"},{"name":"a","invisible":true}]`, ""), []string{"column_added outage VS643"}, diff.Outage},
	{"columns reordered", sharded(byHash+`,"columns":[{"name":"id"},{"name":"a"}]`, ""), sharded(byHash+`,"columns":[{"name":"a"},{"name":"id"}]`, ""), []string{"columns_reordered replan"}, diff.Replan},
	{"authoritative columns reordered", sharded(byHash+`,"column_list_authoritative":true,"columns":[{"name":"id"},{"name":"a"}]`, ""), sharded(byHash+`,"column_list_authoritative":true,"columns":[{"name":"a"},{"name":"id"}]`, ""), []string{"columns_reordered write_loss VS644"}, diff.WriteLoss},
	{"authoritative", sharded(byHash, ""), sharded(byHash+`,"column_list_authoritative":true`, ""), []string{"column_list_authoritative_on outage VS642"}, diff.Replan},

	{
		"owned lookup dropped altogether", sharded(byLookup, owned), `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},"tables":{"t":{` + byHash + `}}}`,
		[]string{"vindex_dropped safe", "column_vindex_dropped write_loss VS244"}, diff.WriteLoss,
	},
}

func TestHazards(t *testing.T) {
	for _, tt := range hazardTests {
		t.Run(tt.name, func(t *testing.T) {
			before, after := parse(t, tt.before), parse(t, tt.after)
			changes := diff.Between("ks", before, after)
			if got := typesAndHazards(changes); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := diff.MaxHazard(diff.Between("ks", after, before)); got != tt.undo {
				t.Errorf("the undo has hazard %s, want %s", got, tt.undo)
			}
		})
	}
}

// TestUnrouted: where no query reaches an unsharded keyspace, and nothing is
// declared in it, nothing breaks when it becomes sharded.
func TestUnrouted(t *testing.T) {
	for _, tt := range []struct {
		before string
		ground diff.Ground
		want   diff.Hazard
	}{
		{`{}`, diff.Ground{Unrouted: true}, diff.Replan},
		{`{}`, diff.Ground{}, diff.Outage},
		{`{"tables":{"t":{}}}`, diff.Ground{Unrouted: true}, diff.Outage},
	} {
		before, after := parse(t, tt.before), parse(t, `{"sharded":true}`)
		between := diff.MaxHazard(tt.ground.Between("ks", before, after))
		ours := diff.MaxHazard(tt.ground.Compare("ks", before, after, before).Ours)
		if between != tt.want || ours != tt.want {
			t.Errorf("from %s on %+v: %s and %s, want %s", tt.before, tt.ground, between, ours, tt.want)
		}
	}
}

func typesAndHazards(changes []diff.EntryChange) []string {
	var out []string
	for _, ec := range changes {
		for _, c := range ec.Changes {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Type, c.Hazard, c.Code)))
		}
	}
	return out
}

// Every type of change occurs in the cases above, in one direction or the other.
func TestEveryChangeTypeIsTested(t *testing.T) {
	seen := map[diff.ChangeType]bool{}
	for _, tt := range hazardTests {
		before, after := parse(t, tt.before), parse(t, tt.after)
		for _, changes := range [][]diff.EntryChange{diff.Between("ks", before, after), diff.Between("ks", after, before)} {
			for _, ec := range changes {
				for _, c := range ec.Changes {
					seen[c.Type] = true
				}
			}
		}
	}
	for _, typ := range diff.ChangeTypes() {
		if !seen[typ] {
			t.Errorf("%s has no test", typ)
		}
		delete(seen, typ)
	}
	if len(seen) > 0 {
		t.Errorf("types outside the table of hazards: %v", seen)
	}
}

// Every code occurs in the cases above, and nothing else does: each hazard that
// has to be allowed can be allowed by its code.
func TestEveryCodeIsTested(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range hazardTests {
		for _, want := range append(slices.Clone(tt.want), undone(t, tt.before, tt.after)...) {
			if parts := strings.Fields(want); len(parts) == 3 {
				seen[parts[2]] = true
			} else if h := diff.Hazard(parts[1]); h.Worse(diff.Scatter) {
				t.Errorf("%s: %q has no code", tt.name, want)
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(seen)), diff.Codes(); !slices.Equal(got, want) {
		t.Errorf("codes in the cases %v, listed %v", got, want)
	}
}

// undone gives what the way back of a case says.
func undone(t *testing.T, before, after string) []string {
	t.Helper()
	return typesAndHazards(diff.Between("ks", parse(t, after), parse(t, before)))
}

func TestHazardOrder(t *testing.T) {
	for i, h := range diff.Hazards {
		for j, o := range diff.Hazards {
			if h.Worse(o) != (i > j) {
				t.Errorf("%s worse than %s = %v", h, o, h.Worse(o))
			}
		}
	}
	if got := diff.MaxHazard(nil); got != diff.Safe {
		t.Errorf("no change has hazard %s", got)
	}
}

func TestText(t *testing.T) {
	before := parse(t, sharded(byLookup+`,"columns":[{"name":"id","type":"INT64"}]`, owned))
	after := parse(t, `{"sharded":true,"foreign_key_mode":"managed","vindexes":{"hash":{"type":"hash"},"region":{"type":"multicol","params":{"column_count":"2"}}},
		"tables":{"t":{"column_vindexes":[{"name":"hash","column":"id"}],"auto_increment":{"column":"id","sequence":"product.t_seq"},"columns":[{"name":"id","type":"UINT64","nullable":false}]},
		"orders":{"column_vindexes":[{"name":"region","columns":["region","id"]}]}}}`)
	changes := append(diff.Between("customer", before, after), diff.Between("product", nil, &vschema.Keyspace{Tables: map[string]*vschema.Table{"t_seq": {Type: "sequence"}}})...)
	want := `keyspace customer
  ~ setting foreign_key_mode
      foreign keys are managed, were unmanaged [outage VS645: vtgate takes over the foreign keys: writes fail where keys form a cycle or cross shards]
  - vindex lk
      vindex lk is dropped: type consistent_lookup, table lookup.t, owned by table t [safe]
  + vindex region
      vindex region is added: type multicol, column_count 2 [safe]
  + table orders
      table orders is added: sharded by region(region, id) [replan: queries for this name resolve to it]
  ~ table t
      table t is no longer found by lk(email) [write_loss VS244: its lookup table is no longer maintained: added back, it would hide the rows written since]
      column id of table t takes its values from sequence product.t_seq [outage VS344: inserts without a value take one from the sequence, which may be in use already]
      column id of table t is UINT64 not null, was INT64 [replan: vtgate compares and sorts by what it knows of the column]
keyspace product
  + table t_seq
      table t_seq is added: type sequence [safe]
`
	if got := diff.Text(changes); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	whole := []diff.EntryChange{{
		Entry:   vschema.Entry{Keyspace: "customer"},
		Changes: []diff.Change{{Hazard: diff.Safe, Text: "keyspace customer has changed"}},
	}}
	if got, want := diff.Text(whole), "keyspace customer\n      keyspace customer has changed [safe]\n"; got != want {
		t.Errorf("a change without an entry:\n%s\nwant:\n%s", got, want)
	}
	if got := diff.Text(nil); got != "" {
		t.Errorf("no change reads %q", got)
	}
}
