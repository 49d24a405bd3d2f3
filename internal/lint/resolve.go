package lint

import (
	"fmt"
	"slices"
	"strings"

	"vitess.io/vitess/go/vt/vterrors"
	"vitess.io/vitess/go/vt/vtgate/vindexes"

	"github.com/vtsync/vtsync/internal/vschema"
)

// target is where the name of a table leads.
type target struct {
	keyspace, name string
	// table is nil when nothing is declared under that name.
	table *vschema.Table
	// err is what vtgate says when it finds nothing. It is empty beside a nil
	// table where vtgate invents one: in an unsharded keyspace every name is a
	// table to it, and a typing error passes until the first query fails.
	err string
	// rule and keyspaceRule are the keys of the rules that led there, if any.
	rule, keyspaceRule string
}

func (t target) String() string { return join(t.keyspace, t.name) }

// primarySuffix is the suffix of a rule for queries that go to primaries.
const primarySuffix = "@primary"

// resolve looks a name up as vtgate does for a primary.
func (f *Facts) resolve(ks, name string) target { return f.routed(ks, name, primarySuffix) }

// routed looks a name up as vtgate does for the tablet type of a suffix
// (keyspace rules, then table rules, then tables), but among declared tables
// only.
func (f *Facts) routed(ks, name, suffix string) target {
	keyspaceKeys := []string{ks + suffix, ks}
	if suffix == primarySuffix {
		keyspaceKeys = keyspaceKeys[1:]
	}
	keyspaceRule := ""
	for _, key := range keyspaceKeys {
		if to, ok := f.built.KeyspaceRoutingRules[key]; ok {
			ks, keyspaceRule = to, key
			break
		}
	}
	qualified := join(ks, name)
	for _, key := range []string{qualified + suffix, qualified} {
		if rule, ok := f.built.RoutingRules[key]; ok {
			t := f.ruled(rule, ks, name)
			t.rule, t.keyspaceRule = key, keyspaceRule
			return t
		}
	}
	t := f.declared(ks, name)
	t.keyspaceRule = keyspaceRule
	return t
}

// ruled says where a routing rule leads that matches the name.
func (f *Facts) ruled(rule *vindexes.RoutingRule, ks, name string) target {
	switch {
	case rule.Error != nil:
		return target{keyspace: ks, name: name, err: rule.Error.Error()}
	case len(rule.Tables) == 0:
		return target{keyspace: ks, name: name, err: fmt.Sprintf("table %s has been disabled", name)}
	default:
		return f.declared(rule.Tables[0].Keyspace.Name, rule.Tables[0].Name.String())
	}
}

// declared looks a name up among the tables of the VSchemas, without rules.
func (f *Facts) declared(ks, name string) target {
	if ks == "" {
		return f.global(name)
	}
	t := target{keyspace: ks, name: name}
	vs, ok := f.srv.Keyspaces[ks]
	if !ok {
		t.err = vterrors.VT05003(ks).Error()
		return t
	}
	t.table = vs.GetTables()[name]
	if t.table == nil && vs.GetSharded() {
		t.err = fmt.Sprintf("table %s not found", name)
	}
	return t
}

// global looks an unqualified name up: it must be unique among the keyspaces
// that don't require explicit routing. What vtgate lets pass or not as it
// happens to read the keyspaces counts as ambiguous, see disputed.
func (f *Facts) global(name string) target {
	owners := f.owners(name)
	all := f.keyspaces()
	switch {
	case f.disputed(name, owners):
		return target{name: name, err: "ambiguous table reference: " + name}
	case len(owners) == 1:
		return f.declared(owners[0], name)
	case len(all) == 1:
		return f.declared(all[0], name)
	default:
		return target{name: name, err: fmt.Sprintf("table %s not found", name)}
	}
}

// answers gives the keyspaces, sorted, that have a table of the name and answer
// to it without a keyspace.
func (f *Facts) answers(name string) []string {
	if f.answering == nil {
		f.answering = make(map[string][]string)
		f.eachTable(func(ks, name string, _ *vschema.Table) {
			if !f.srv.Keyspaces[ks].GetRequireExplicitRouting() {
				f.answering[name] = append(f.answering[name], ks)
			}
		})
	}
	return f.answering[name]
}

// owners are answers without the references to a table of the same name, which
// vtgate never takes for the one that is meant.
func (f *Facts) owners(name string) []string {
	return slices.DeleteFunc(slices.Clone(f.answers(name)), func(ks string) bool {
		_, reference := f.copies(ks, name)
		return reference
	})
}

// copies tells whether a table is a reference to one of its own name, and gives
// the keyspace of that one, which may be left out.
func (f *Facts) copies(ks, name string) (sourceKs string, ok bool) {
	t := f.srv.Keyspaces[ks].GetTables()[name]
	if t.GetType() != vindexes.TypeReference || t.GetSource() == "" {
		return "", false
	}
	sourceKs, sourceName := splitSource(t.Source)
	return sourceKs, sourceName == name
}

// disputed tells that a name without its keyspace is ambiguous to vtgate in some
// order of the keyspaces at least. It reads them in that of a map, which is
// another one on each vtgate: a second owner, or a reference to a table of
// another keyspace than the owner's, passes in one order only, if in any.
func (f *Facts) disputed(name string, owners []string) bool {
	if len(owners) != 1 {
		return len(owners) > 1
	}
	return slices.ContainsFunc(f.answers(name), func(ks string) bool {
		sourceKs, reference := f.copies(ks, name)
		return reference && sourceKs != "" && sourceKs != owners[0]
	})
}

// splitSource splits the source of a reference table as vtgate does.
func splitSource(s string) (ks, name string) {
	if ks, name, ok := strings.Cut(s, "."); ok {
		return ks, name
	}
	return "", s
}

// References gives the keyspaces, sorted, in which what the tables and vindexes
// of the keyspaces refer to is found: a plan that writes those depends on them.
func References(srv *vschema.SrvVSchema, keyspaces ...string) []string {
	if len(keyspaces) == 0 {
		return nil
	}
	f := newFacts(srv, Input{})
	found := make(map[string]bool)
	for _, ks := range keyspaces {
		for _, r := range f.references(f.srv.Keyspaces[ks]) {
			if _, ok := f.srv.Keyspaces[r.keyspace]; ok {
				found[r.keyspace] = true
			}
		}
	}
	return sortedKeys(found)
}

// references gives where the names lead that a keyspace's tables and vindexes
// refer to.
func (f *Facts) references(vs *vschema.Keyspace) []target {
	var refs []target
	for _, t := range vs.GetTables() {
		refs = append(refs, f.tableReferences(t)...)
	}
	for _, v := range vs.GetVindexes() {
		refs = append(refs, f.vindexReferences(v)...)
	}
	return refs
}

// tableReferences gives where the sequence and the source of a table lead.
func (f *Facts) tableReferences(t *vschema.Table) []target {
	var refs []target
	if seq := t.GetAutoIncrement().GetSequence(); seq != "" {
		if seqKs, name, err := f.parser.ParseTable(seq); err == nil {
			refs = append(refs, f.resolve(seqKs, name))
		}
	}
	if t.GetSource() != "" {
		refs = append(refs, f.declared(splitSource(t.Source)))
	}
	return refs
}

// vindexReferences gives where the lookup table of a vindex leads.
func (f *Facts) vindexReferences(v *vschema.Vindex) []target {
	table := v.GetParams()["table"]
	if table == "" {
		return nil
	}
	lookupKs, name, err := f.parser.ParseTable(table)
	if err != nil {
		return nil
	}
	return []target{f.resolve(lookupKs, name)}
}
