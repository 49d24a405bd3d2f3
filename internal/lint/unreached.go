package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// unreached begins the finding about a name that leads to no declared table,
// with one message and one fix for each cause. Its message is the end of a
// sentence that begins with the name; next is the fix where nothing of that name
// is declared at all.
func (f *Facts) unreached(ks, name string, to target, wanted func(*vschema.Table) bool, next string) Finding {
	finding := Finding{Message: "is not declared", Next: next}
	owners := f.owners(name)
	switch {
	case to.rule != "" && f.disables(to.rule):
		finding.Message = fmt.Sprintf("is disabled by the routing rule for %q, which has no target", to.rule)
		finding.Next = "give that rule in routing_rules a target or take it out, or name another table here"
	case to.rule != "":
		finding.Message = fmt.Sprintf("is led by the routing rule for %q, which leads to no declared table", to.rule)
		finding.Next = "correct that rule in routing_rules"
	case to.keyspaceRule != "":
		finding.Message = fmt.Sprintf("is led by the keyspace rule for %q to keyspace %s, which does not declare it", to.keyspaceRule, to.keyspace)
		finding.Next = fmt.Sprintf("declare %s in keyspace %s too, or correct that rule in keyspace_routing_rules", name, to.keyspace)
	case ks == "" && f.disputed(name, owners):
		finding.Message = "is ambiguous: it is a table of keyspaces " + strings.Join(f.answers(name), ", ")
		finding.Next = "write it with its keyspace: " + qualifiedBy(owners, name)
	default:
		if homes := f.explicitHomes(ks, name, wanted); len(homes) > 0 {
			finding.Message = fmt.Sprintf("is not found without its keyspace: %s requires explicit routing", strings.Join(homes, ", "))
			finding.Next = "write it with its keyspace: " + qualifiedBy(homes, name)
			if len(homes) == 1 {
				finding.Near = join(homes[0], name)
			}
			return finding
		}
		finding.Near = f.nearTable(ks, name, wanted)
		finding.guess = f.moves(ks, finding.Near)
	}
	return finding
}

// disables tells that a routing rule has no target.
func (f *Facts) disables(key string) bool {
	rule := f.built.RoutingRules[key]
	return rule.Error == nil && len(rule.Tables) == 0
}

// explicitHomes gives the keyspaces that have the table and don't answer its
// name, which comes without a keyspace.
func (f *Facts) explicitHomes(ks, name string, wanted func(*vschema.Table) bool) []string {
	if ks != "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(f.keyspaces()), func(k string) bool {
		t := f.srv.Keyspaces[k].GetTables()[name]
		return t == nil || !wanted(t) || !f.srv.Keyspaces[k].GetRequireExplicitRouting()
	})
}

// qualifiedBy lists a table under its names in the keyspaces.
func qualifiedBy(keyspaces []string, name string) string {
	var out []string
	for _, ks := range keyspaces {
		out = append(out, join(ks, name))
	}
	return strings.Join(out, " or ")
}

// absent tells that a keyspace is named that is not there, and that its name is
// no misspelling of one that is. VS806 speaks of it, and no rule about what lies
// in it: nobody knows that.
func (f *Facts) absent(ks string) bool {
	if ks == "" || f.srv.Keyspaces[ks] != nil {
		return false
	}
	answer, known := f.absents[ks]
	if !known {
		if f.absents == nil {
			f.absents = make(map[string]bool)
		}
		answer = nearSlip(ks, f.keyspaces()) == ""
		f.absents[ks] = answer
	}
	return answer
}

// doubt adds to a finding about a keyspace that is not there, and whose name is
// one slip from another's, that it may be live all the same where that cannot be
// known: then no program corrects it.
func (f *Facts) doubt(ks string, finding *Finding) {
	if f.whole || ks == "" || f.srv.Keyspaces[ks] != nil {
		return
	}
	finding.guess = true
	finding.Harm = fmt.Sprintf("unless keyspace %s is live all the same, %s", ks, finding.Harm)
	finding.Next += fmt.Sprintf("; if keyspace %s is meant, vtsync pull --keyspace %s takes it in", ks, ks)
}

// inAbsent tells that a name leads into an absent keyspace, by itself or by a
// rule.
func (f *Facts) inAbsent(to target) bool {
	if to.table != nil || to.rule == "" {
		return f.absent(to.keyspace)
	}
	return slices.ContainsFunc(f.aims(), func(a aim) bool {
		ks, _, ok := splitTarget(a.written)
		return a.key == to.rule && ok && f.absent(ks)
	})
}
