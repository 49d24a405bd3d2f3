package lint

import (
	"maps"
	"reflect"
	"testing"

	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
)

const (
	plainT    = `{"tables":{"t":{}}}`
	explicitT = `{"require_explicit_routing":true,"tables":{"t":{}}}`
	shardedT  = `{"sharded":true,"vindexes":{"h":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"column":"id","name":"h"}]}}}`
)

// lostNameTests change some keyspaces. Vitess holds that t, without its
// keyspace, leads to the keyspaces named (none for "").
var lostNameTests = []struct {
	name          string
	before, after map[string]string
	led, leads    string
	want          []string
}{
	{"another table of the name", map[string]string{"a": plainT, "b": `{}`}, map[string]string{"b": plainT}, "a", "", []string{"VS803 error b/tables/t outage"}},
	{"the same in a sharded keyspace", map[string]string{"a": plainT, "b": `{"sharded":true}`}, map[string]string{"b": shardedT}, "a", "", []string{"VS803 error b/tables/t outage"}},
	{"another that wants its keyspace named", map[string]string{"a": plainT, "b": `{}`}, map[string]string{"b": explicitT}, "a", "a", nil},
	{"another no longer wants it", map[string]string{"a": plainT, "b": explicitT}, map[string]string{"b": plainT}, "a", "", []string{"VS803 error b/tables/t outage"}},
	{"a reference table of it", map[string]string{"a": plainT, "b": `{"sharded":true}`}, map[string]string{"b": `{"sharded":true,"tables":{"t":{"type":"reference","source":"a.t"}}}`}, "a", "a", nil},
	{"ambiguous before", map[string]string{"a": plainT, "b": plainT, "c": `{}`}, map[string]string{"c": plainT}, "", "", nil},
	{"dropped, unsharded", map[string]string{"a": plainT, "b": `{}`}, map[string]string{"a": `{}`}, "a", "", []string{"VS803 error a/tables/t outage"}},
	{"dropped from the only keyspace, which vtgate takes for any table", map[string]string{"a": plainT}, map[string]string{"a": `{}`}, "a", "a", nil},
	{"dropped, sharded: the drop says it", map[string]string{"a": shardedT, "b": `{}`}, map[string]string{"a": `{"sharded":true}`}, "a", "", nil},
	{"explicit routing: the setting says it", map[string]string{"a": plainT, "b": `{}`}, map[string]string{"a": explicitT}, "a", "", nil},
	{"it leads to another table", map[string]string{"a": shardedT, "b": `{}`}, map[string]string{"a": `{"sharded":true}`, "b": plainT}, "a", "b", []string{"VS803 error b/tables/t write_loss"}},
	{"its keyspace no longer competes", map[string]string{"a": plainT, "b": plainT}, map[string]string{"a": explicitT}, "", "b", nil},
}

func TestLostName(t *testing.T) {
	for _, tt := range lostNameTests {
		t.Run(tt.name, func(t *testing.T) {
			parts := maps.Clone(tt.before)
			maps.Copy(parts, tt.after)
			before, after := world(t, tt.before), world(t, parts)
			var got []string
			for _, f := range Check(Input{Before: before, After: after}) {
				if f.Code == lostName.Code {
					got = append(got, brief(f)+" "+string(f.Hazard))
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if led, leads := vtgateFinds(newFacts(before, Input{})), vtgateFinds(newFacts(after, Input{})); led != tt.led || leads != tt.leads {
				t.Errorf("vtgate found it in %q and then in %q, want %q and %q", led, leads, tt.led, tt.leads)
			}
		})
	}
}

// vtgateFinds gives the keyspace in which Vitess's own build finds t.
func vtgateFinds(f *Facts) string {
	table, err := f.built.FindRoutedTable("", "t", topodatapb.TabletType_PRIMARY)
	if err != nil || table == nil {
		return ""
	}
	return table.Keyspace.Name
}
