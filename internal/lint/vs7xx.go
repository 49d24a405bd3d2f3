package lint

import (
	"slices"
	"strconv"
	"strings"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// What the rules about routing, shard, keyspace and mirror rules share. vtgate
// keeps each kind of rules in a map, by what they match, and takes one hop: a
// rule's target is never looked up among the rules again.

// rulePath leads to a part of a rule.
func rulePath(kind vschema.RuleKind, i int, field ...string) []string {
	return append([]string{string(kind), "rules", strconv.Itoa(i)}, field...)
}

// tabletTypes are the suffixes that vtgate looks for, sorted.
var tabletTypes = func() []string {
	var out []string
	for _, suffix := range vindexes.TabletTypeSuffix {
		out = append(out, suffix)
	}
	slices.Sort(out)
	return out
}()

// splitType splits what a rule matches from the tablet type, with its "@".
func splitType(from string) (base, suffix string) {
	if i := strings.IndexByte(from, '@'); i >= 0 {
		return from[:i], from[i:]
	}
	return from, ""
}

// splitTarget splits KEYSPACE.TABLE, each part perhaps in backticks.
func splitTarget(s string) (ks, name string, ok bool) {
	ks, name, ok = strings.Cut(s, ".")
	ks, name = strings.Trim(ks, "`"), strings.Trim(name, "`")
	return ks, name, ok && ks != "" && name != "" && !strings.Contains(name, ".")
}

// matched is what one rule of any kind matches: its key in vtgate's map.
type matched struct {
	kind  vschema.RuleKind
	i     int
	field string // that holds it
	key   string
	// to is where it leads, for comparison.
	to string
}

func (m matched) path() []string { return rulePath(m.kind, m.i, m.field) }

// noun is how messages begin: they name the rule by what it matches, as its
// number changes with every save of a workflow.
func (m matched) noun() string { return ruleNouns[m.kind] + " for " + strconv.Quote(m.key) }

var ruleNouns = map[vschema.RuleKind]string{
	vschema.TableRules:    "routing rule",
	vschema.ShardRules:    "shard rule",
	vschema.KeyspaceRules: "keyspace rule",
	vschema.MirrorKind:    "mirror rule",
}

// matches lists what every rule of every kind matches, in their order.
func (f *Facts) matches() []matched {
	if f.matched == nil {
		f.matched = f.findMatches()
	}
	return f.matched
}

func (f *Facts) findMatches() []matched {
	out := []matched{}
	for i, r := range f.srv.GetRoutingRules().GetRules() {
		out = append(out, tableMatch(i, r))
	}
	for i, r := range f.srv.GetShardRoutingRules().GetRules() {
		out = append(out, matched{vschema.ShardRules, i, "shard", join(r.GetFromKeyspace(), r.GetShard()), r.GetToKeyspace()})
	}
	for i, r := range f.srv.GetKeyspaceRoutingRules().GetRules() {
		out = append(out, matched{vschema.KeyspaceRules, i, "from_keyspace", r.GetFromKeyspace(), r.GetToKeyspace()})
	}
	for i, r := range f.srv.GetMirrorRules().GetRules() {
		out = append(out, matched{vschema.MirrorKind, i, "from_table", r.GetFromTable(), r.GetToTable()})
	}
	return out
}

func tableMatch(i int, r *vschemapb.RoutingRule) matched {
	return matched{vschema.TableRules, i, "from_table", r.GetFromTable(), strings.Join(r.GetToTables(), ", ")}
}

// aim is where one target of a routing rule leads.
type aim struct {
	matched
	nth     int    // of the rule's targets
	written string // as the rule spells the target
	// to is where vtgate finds it; its err is what vtgate says where it
	// finds none.
	to target
}

func (a aim) path() []string { return rulePath(a.kind, a.i, "to_tables", strconv.Itoa(a.nth)) }

// aims gives every target of every routing rule, in their order. What vtgate
// built of all rules together says it for the sound ones; each of the others
// is built alone.
func (f *Facts) aims() []aim {
	if f.aimed != nil {
		return f.aimed
	}
	f.aimed = []aim{}
	alone := make(map[string]*vindexes.RoutingRule)
	for i, r := range f.srv.GetRoutingRules().GetRules() {
		for nth, to := range r.GetToTables() {
			a := aim{matched: tableMatch(i, r), nth: nth, written: to}
			built := f.built.RoutingRules[r.GetFromTable()]
			if built == nil || built.Error != nil || len(built.Tables) != 1 {
				if alone[to] == nil {
					alone[to] = f.buildAlone(to)
				}
				built = alone[to]
			}
			a.to = f.ledTo(built, to)
			f.aimed = append(f.aimed, a)
		}
	}
	return f.aimed
}

// buildAlone lets vtgate build a rule with this target alone.
func (f *Facts) buildAlone(to string) *vindexes.RoutingRule {
	alone := *f.built
	vindexes.RebuildRoutingRules(&vschema.SrvVSchema{RoutingRules: &vschema.RoutingRules{
		Rules: []*vschemapb.RoutingRule{{FromTable: "alone", ToTables: []string{to}}},
	}}, &alone, f.parser)
	return alone.RoutingRules["alone"]
}

// ledTo says where a built rule leads. A declared table that cannot be built
// is a table all the same: what is wrong with it stands where it is declared.
func (f *Facts) ledTo(built *vindexes.RoutingRule, written string) target {
	if built.Error == nil {
		t := built.Tables[0]
		return f.declared(t.Keyspace.Name, t.Name.String())
	}
	ks, name, _ := splitTarget(written)
	out := target{keyspace: ks, name: name, table: f.srv.Keyspaces[ks].GetTables()[name]}
	if out.table == nil {
		out.err = built.Error.Error()
	}
	return out
}

// hops gives where each routing rule with one sound target leads, by what it
// matches; a rule that disables its table leads to the zero target.
func (f *Facts) hops() map[string]target {
	out := make(map[string]target)
	for _, a := range f.aims() {
		if a.to.err == "" {
			out[a.key] = a.to
		}
	}
	for _, r := range f.srv.GetRoutingRules().GetRules() {
		switch len(r.GetToTables()) {
		case 0:
			out[r.GetFromTable()] = target{}
		case 1:
		default:
			delete(out, r.GetFromTable())
		}
	}
	return out
}
