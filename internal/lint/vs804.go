package lint

import (
	"fmt"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

var ambiguousName = Rule{
	Code: "VS804", Name: "table name that several keyspaces answer", Severity: Warning,
	Check: func(f *Facts) []Finding {
		homes := make(map[string][]string)
		f.eachTable(func(ks, name string, _ *vschema.Table) {
			if !f.srv.Keyspaces[ks].GetRequireExplicitRouting() {
				homes[name] = append(homes[name], ks)
			}
		})
		var out []Finding
		for _, name := range sortedKeys(homes) {
			if len(homes[name]) < 2 || f.settled(name, homes[name]) {
				continue
			}
			if f.before != nil && f.before.resolve("", name).table != nil {
				continue // the change takes the name from a table: VS803
			}
			out = append(out, Finding{
				Keyspace: homes[name][1],
				Path:     []string{"tables", name},
				Message:  fmt.Sprintf("table %s is declared in keyspaces %s", name, strings.Join(homes[name], ", ")),
				Harm:     fmt.Sprintf("queries that name %s without a keyspace, in a session without one, fail: \"ambiguous table reference: %s\"", name, name),
				Next:     "set require_explicit_routing in all but one of the keyspaces, or add a routing rule for the name",
			})
		}
		return out
	},
}

// settled tells that vtgate knows where a name without its keyspace leads: by a
// rule, or since the others are references of the same name to the one. What
// else it lets pass depends on the order in which it reads the keyspaces, which
// is that of a map, and is another one on each vtgate.
func (f *Facts) settled(name string, homes []string) bool {
	for _, key := range []string{name, name + "@primary"} {
		if _, ruled := f.built.RoutingRules[key]; ruled {
			return true
		}
	}
	var owners, sources []string
	for _, ks := range homes {
		t := f.srv.Keyspaces[ks].Tables[name]
		sourceKs, sourceName := splitSource(t.GetSource())
		if t.GetType() == vindexes.TypeReference && sourceName == name {
			sources = append(sources, sourceKs)
		} else {
			owners = append(owners, ks)
		}
	}
	if len(owners) != 1 {
		return len(owners) == 0 // a name that leads nowhere is not ambiguous
	}
	return !slices.ContainsFunc(sources, func(ks string) bool { return ks != "" && ks != owners[0] })
}
