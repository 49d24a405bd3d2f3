package lint

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/vschema"
)

const (
	shop     = `{"tables":{"product":{},"item":{}}}`
	buyers   = `{"sharded":true,"vindexes":{"h":{"type":"hash"}},"tables":{"buyer":{"column_vindexes":[{"column":"id","name":"h"}]}}}`
	buyers80 = `{"sharded":true,"vindexes":{"h":{"type":"hash"}},"tables":{"buyer80":{"column_vindexes":[{"column":"id","name":"h"}]}}}`
)

// TestNearestRules: what --fix writes at the place of a finding is the whole
// value that belongs there.
func TestNearestRules(t *testing.T) {
	tests := []struct {
		name  string
		rules map[string]string
		want  []string
	}{
		{"targets", map[string]string{"routing_rules": `{"rules":[
			{"from_table":"a","to_tables":["buyers.buyr"]},
			{"from_table":"b","to_tables":["byers.buyer"]},
			{"from_table":"c","to_tables":["shop.prodct"]},
			{"from_table":"d","to_tables":["buyer"]},
			{"from_table":"e","to_tables":["buyers.buyer@replica"]},
			{"from_table":"f","to_tables":["shop.migrations"]}]}`}, []string{
			"VS701 error /routing_rules/rules/0/to_tables/0 near buyers.buyer",
			"VS701 error /routing_rules/rules/1/to_tables/0 near buyers.buyer",
			"VS701 error /routing_rules/rules/2/to_tables/0 near shop.product",
			"VS703 error /routing_rules/rules/3/to_tables/0 near buyers.buyer",
			"VS701 error /routing_rules/rules/4/to_tables/0 near buyers.buyer",
			"VS701 warning /routing_rules/rules/5/to_tables/0",
		}},
		{"what rules match", map[string]string{"routing_rules": `{"rules":[
			{"from_table":"shp.item@replica","to_tables":["buyers.buyer"]},
			{"from_table":"old@REPLICA","to_tables":["buyers.buyer"]},
			{"from_table":"old@rdolny","to_tables":["buyers.buyer"]},
			{"from_table":"` + "`old`" + `@replica","to_tables":["buyers.buyer"]}]}`,
			"keyspace_routing_rules": `{"rules":[{"from_keyspace":"shop@primary","to_keyspace":"shop"}]}`}, []string{
			"VS707 error /keyspace_routing_rules/rules/0/from_keyspace near shop",
			"VS709 warning /routing_rules/rules/0/from_table near shop.item@replica",
			"VS707 error /routing_rules/rules/1/from_table near old@replica",
			"VS707 error /routing_rules/rules/2/from_table near old@rdonly",
			"VS706 error /routing_rules/rules/3/from_table near old@replica",
		}},
		{"mirrors", map[string]string{"mirror_rules": `{"rules":[
			{"from_table":"shp.item@replica","to_table":"buyers.buyer"},
			{"from_table":"shop.item","to_table":"buyers.buyr"},
			{"from_table":"shop.prodct@rdonly","to_table":"buyers.buyer"}]}`}, []string{
			"VS717 error /mirror_rules/rules/0/from_table near shop.item@replica",
			"VS717 error /mirror_rules/rules/1/to_table near buyers.buyer",
			"VS717 warning /mirror_rules/rules/2/from_table near shop.product@rdonly",
		}},
		{"keyspaces", map[string]string{
			"keyspace_routing_rules": `{"rules":[{"from_keyspace":"shp","to_keyspace":"byers"}]}`,
			"shard_routing_rules":    `{"rules":[{"from_keyspace":"buyrs","shard":"-80","to_keyspace":"byers80"}]}`}, []string{
			"VS709 warning /keyspace_routing_rules/rules/0/from_keyspace near shop",
			"VS715 error /keyspace_routing_rules/rules/0/to_keyspace near buyers",
			"VS712 error /shard_routing_rules/rules/0/from_keyspace near buyers",
			"VS712 error /shard_routing_rules/rules/0/to_keyspace near buyers80",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parts := map[string]string{"shop": shop, "buyers": buyers, "buyers80": buyers80}
			for kind, text := range tt.rules {
				parts[kind] = text
			}
			var got []string
			for _, f := range Check(Input{After: world(t, parts)}) {
				got = append(got, brief(f))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(tt.want, "\n  "))
			}
		})
	}
}

// TestAgainstVitessBuild holds the rules about routing and mirror rules against
// Vitess's own build, over sets of rules made of names that are right, wrong and
// odd: a rule that vtgate refuses has an error, and one that has an error of
// those that quote vtgate is refused.
func TestAgainstVitessBuild(t *testing.T) {
	from := []string{"", "a", "b", "shop.item", "shop.item@replica", "buyers.buyer", "shop.nosuch", "gone.x", "a@", "x.*", "`shop`.`item`", "a.b.c", "@replica", "shop.product@replcia"}
	to := []string{"", "shop.item", "shop.nosuch", "buyers.buyer", "buyers.nosuch", "gone.x", "item", "a.b.c", "`shop`.`product`", "buyers.", ".buyer", "buyers.buyer@replica", "sh`op.item"}
	r := rand.New(rand.NewPCG(7, 7))
	pick := func(names []string) string { return names[r.IntN(len(names))] }
	for range 3000 {
		srv := world(t, map[string]string{"shop": shop, "buyers": buyers, "bad": `{"sharded":true,"tables":{"x":{}}}`})
		srv.RoutingRules, srv.MirrorRules = &vschema.RoutingRules{}, &vschema.MirrorRules{}
		for range 1 + r.IntN(4) {
			rule := &vschemapb.RoutingRule{FromTable: pick(from)}
			for range []int{0, 1, 1, 1, 1, 2}[r.IntN(6)] {
				rule.ToTables = append(rule.ToTables, pick(to))
			}
			srv.RoutingRules.Rules = append(srv.RoutingRules.Rules, rule)
			srv.MirrorRules.Rules = append(srv.MirrorRules.Rules, &vschemapb.MirrorRule{FromTable: pick(from), ToTable: pick(to)})
		}
		compareWithBuild(t, srv)
	}
}

func compareWithBuild(t *testing.T, srv *vschema.SrvVSchema) {
	t.Helper()
	f := newFacts(srv, Input{Whole: true})
	said := map[string][]string{} // kind and key to the codes of errors
	for _, finding := range run(f) {
		if finding.Severity != Error || len(finding.Path) < 3 || finding.Path[1] != "rules" {
			continue
		}
		for _, m := range f.matches() {
			if string(m.kind) == finding.Path[0] && fmt.Sprint(m.i) == finding.Path[2] {
				said[string(m.kind)+"/"+m.key] = append(said[string(m.kind)+"/"+m.key], finding.Code)
			}
		}
	}
	refused := map[string]error{}
	for key, rule := range f.built.RoutingRules {
		refused["routing_rules/"+key] = rule.Error
	}
	for key, rule := range f.built.MirrorRules {
		refused["mirror_rules/"+key] = rule.Error
	}
	for key, err := range refused {
		if err != nil && len(said[key]) == 0 {
			t.Errorf("%s: vtgate says %q, and no rule an error\n%v", key, err, srv)
		}
		if err == nil && slices.Contains(said[key], "VS717") {
			t.Errorf("%s: VS717, and vtgate takes it\n%v", key, srv)
		}
		// The last of several rules for a name wins, where it has no target.
		several := slices.Contains(said[key], "VS704") || slices.Contains(said[key], "VS708")
		if err == nil && !several && (slices.Contains(said[key], "VS702") || slices.Contains(said[key], "VS703")) {
			t.Errorf("%s: %v, and vtgate takes it\n%v", key, said[key], srv)
		}
	}
}
