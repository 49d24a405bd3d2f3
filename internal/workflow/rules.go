package workflow

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// OwnerOfRules gives the first workflow that owns one of the rules in which two
// sets of a kind differ. A cell may differ from the global topo on purpose:
// traffic of replicas is switched cell by cell, and each cell's own SrvVSchema
// is where Vitess reads whether it was (GetCellsWithTableReadsSwitched).
func OwnerOfRules(all []planes.Workflow, kind vschema.RuleKind, a, b proto.Message) (planes.Workflow, bool) {
	differ := difference(rulesOf(kind, a), rulesOf(kind, b))
	for _, w := range sorted(all) {
		if w.Type != moveTables && w.Type != migrate {
			continue
		}
		if slices.ContainsFunc(differ, func(r rule) bool { return owns(w, kind, r) }) {
			return w, true
		}
	}
	return planes.Workflow{}, false
}

// rule is one rule of any kind: what it matches and where it leads.
type rule struct {
	from, shard, to string
	percent         float32
}

func rulesOf(kind vschema.RuleKind, m proto.Message) []rule {
	var out []rule
	switch rules := vschema.CanonicalRules(kind, m).(type) {
	case *vschema.RoutingRules:
		for _, r := range rules.GetRules() {
			out = append(out, rule{from: r.GetFromTable(), to: strings.Join(r.GetToTables(), ",")})
		}
	case *vschema.ShardRoutingRules:
		for _, r := range rules.GetRules() {
			out = append(out, rule{from: r.GetFromKeyspace(), shard: r.GetShard(), to: r.GetToKeyspace()})
		}
	case *vschema.KeyspaceRoutingRules:
		for _, r := range rules.GetRules() {
			out = append(out, rule{from: r.GetFromKeyspace(), to: r.GetToKeyspace()})
		}
	case *vschema.MirrorRules:
		for _, r := range rules.GetRules() {
			out = append(out, rule{from: r.GetFromTable(), to: r.GetToTable(), percent: r.GetPercent()})
		}
	}
	return out
}

// difference gives the rules that only one of the two has.
func difference(a, b []rule) []rule {
	lacks := func(in []rule) func(rule) bool { return func(r rule) bool { return slices.Contains(in, r) } }
	return slices.Concat(slices.DeleteFunc(slices.Clone(a), lacks(b)), slices.DeleteFunc(slices.Clone(b), lacks(a)))
}

// owns tells whether a move owns a rule: of tables and mirrors, those that
// name one of its tables at either end, whether a table or a view has the name;
// of shards, those between its ends; of keyspaces, which only a move of tenants
// sets, those that name one of them.
func owns(w planes.Workflow, kind vschema.RuleKind, r rule) bool {
	ends := []string{w.Source, w.Target}
	from, _, _ := strings.Cut(r.from, "@") // the type of tablets
	switch kind {
	case vschema.ShardRules:
		return slices.Contains(ends, from) && slices.Contains(ends, r.to)
	case vschema.KeyspaceRules:
		return w.MultiTenant && (slices.Contains(ends, from) || slices.Contains(ends, r.to))
	default:
		names := append(strings.Split(r.to, ","), from)
		return slices.ContainsFunc(names, func(name string) bool { return moves(w, name) })
	}
}

// moves tells whether a possibly qualified name is that of a table that moves.
func moves(w planes.Workflow, name string) bool {
	ks, table, qualified := strings.Cut(name, ".")
	if !qualified {
		ks, table = "", ks
	}
	named := slices.Contains(w.Tables, table) || slices.Contains(w.SourceTables, table)
	return named && (!qualified || ks == w.Source || ks == w.Target)
}
