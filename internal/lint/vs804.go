package lint

import (
	"fmt"
	"strings"

	vtrpcpb "vitess.io/vitess/go/vt/proto/vtrpc"
	"vitess.io/vitess/go/vt/vterrors"

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
			if len(homes[name]) < 2 || f.settled(name) {
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
// rule, or since the others are references to the one.
func (f *Facts) settled(name string) bool {
	for _, key := range []string{name, name + "@primary"} {
		if _, ruled := f.built.RoutingRules[key]; ruled {
			return true
		}
	}
	_, err := f.built.FindTable("", name)
	return vterrors.Code(err) != vtrpcpb.Code_FAILED_PRECONDITION
}
