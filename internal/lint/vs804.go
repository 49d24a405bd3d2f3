package lint

import (
	"fmt"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// maxNamed is how many tables one finding names.
const maxNamed = 5

var ambiguousName = Rule{
	Code: "VS804", Name: "table name that several keyspaces answer", Severity: Warning,
	Check: func(f *Facts) []Finding {
		spoken := f.spokenNames()
		names := make(map[string][]string) // by the keyspaces that answer them
		f.eachTable(func(ks, name string, _ *vschema.Table) {
			homes := f.answers(name)
			if len(homes) < 2 || homes[1] != ks || spoken[name] || f.settled(name, homes) {
				return
			}
			if f.before != nil && f.before.resolve("", name).table != nil {
				return // the change takes the name from a table: VS803
			}
			key := strings.Join(homes, ", ")
			names[key] = append(names[key], name)
		})
		var out []Finding
		for _, homes := range sortedKeys(names) {
			out = append(out, f.ambiguous(homes, names[homes]))
		}
		return out
	},
}

// ambiguous is the finding of all names that the same keyspaces answer: that
// they do is one decision.
func (f *Facts) ambiguous(homes string, names []string) Finding {
	first := names[0]
	finding := Finding{
		Keyspace: f.answers(first)[1],
		Path:     []string{"tables", first},
		Message:  fmt.Sprintf("table %s is declared in keyspaces %s", first, homes),
		Harm:     fmt.Sprintf("queries that name %s without a keyspace, in a session without one, fail: \"ambiguous table reference: %s\"", first, first),
		Next:     "set require_explicit_routing in all but one of the keyspaces, or add a routing rule for the name",
	}
	if len(names) > 1 {
		shown := list(names[:min(len(names), maxNamed)])
		if len(names) > maxNamed {
			shown += ", ..."
		}
		finding.Message = fmt.Sprintf("%d tables are declared in keyspaces %s: %s", len(names), homes, shown)
		finding.Next = "set require_explicit_routing in all but one of the keyspaces, or add a routing rule for each name"
	}
	if slices.ContainsFunc(names, f.plainReference) {
		finding.Next = "if they are copies of one table, let the reference tables name it as their source, as KEYSPACE.TABLE; else " + finding.Next
	}
	return finding
}

// plainReference tells that one of the tables of the name is a reference that
// names no source: where it copies another of them, saying so settles the name.
func (f *Facts) plainReference(name string) bool {
	return slices.ContainsFunc(f.answers(name), func(ks string) bool {
		t := f.srv.Keyspaces[ks].Tables[name]
		return t.GetType() == vindexes.TypeReference && t.GetSource() == ""
	})
}

// settled tells that vtgate knows where a name without its keyspace leads, or
// that it is not meant to: a rule leads it somewhere, the others are references
// to the one, or keyspace rules move the tenants of one keyspace to the other.
func (f *Facts) settled(name string, homes []string) bool {
	for _, key := range []string{name, name + primarySuffix} {
		if _, ruled := f.built.RoutingRules[key]; ruled {
			return true
		}
	}
	// A name that only references have leads nowhere, and is not ambiguous.
	return !f.disputed(name, f.owners(name)) || f.moving(homes)
}

// moving tells that keyspace rules lead all but one of the keyspaces to another
// of them, or still to themselves: so a move of tenants leaves and begins.
func (f *Facts) moving(homes []string) bool {
	left := slices.DeleteFunc(slices.Clone(homes), func(ks string) bool {
		to, ruled := f.built.KeyspaceRoutingRules[ks]
		return ruled && slices.Contains(homes, to)
	})
	return len(left) <= 1
}

// spokenNames gives the names that another rule already calls ambiguous, or
// misspelled in the source of a reference: that they are here is the same
// mistake.
func (f *Facts) spokenNames() map[string]bool {
	out := make(map[string]bool)
	for _, finding := range unresolvedSource.Check(f) {
		out[finding.Path[1]] = true
	}
	f.eachTable(func(_, name string, t *vschema.Table) {
		if t.Source != "" && f.declared(splitSource(t.Source)).table == nil {
			out[name] = true // its keyspace may be all that is wrong with it
		}
	})
	f.eachSequenceUse(func(use sequenceUse) {
		if use.seqKs == "" {
			out[use.seqName] = true
		}
	})
	f.eachLookup(func(_, _ string, v *vschema.Vindex) {
		if ks, table, err := f.parser.ParseTable(v.GetParams()["table"]); err == nil && ks == "" {
			out[table] = true
		}
	})
	return out
}
