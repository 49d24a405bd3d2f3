package lint

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/vschema"
)

// lostName compares what unqualified names led to before the change and lead to
// after it. No single change shows that: a table that is harmless in its own
// keyspace makes a name ambiguous that another keyspace answers.
var lostName = Rule{
	Code: "VS803", Name: "table name that no longer leads to its table without the keyspace", Severity: Error, Change: true,
	Check: func(f *Facts) []Finding {
		if f.before == nil {
			return nil
		}
		var out []Finding
		for _, name := range f.changedNames() {
			was, is := f.before.resolve("", name), f.resolve("", name)
			kept := is.err == "" && is.keyspace == was.keyspace && is.name == was.name
			if was.table != nil && !kept && !f.told(was, is) {
				out = append(out, f.lost(name, was, is))
			}
		}
		return out
	},
}

// lost is the finding of one name. Like a change it has a hazard, which can be
// allowed.
func (f *Facts) lost(name string, was, is target) Finding {
	finding := Finding{
		Keyspace: was.keyspace,
		Path:     []string{"tables", name},
		Hazard:   diff.Outage,
		Message:  fmt.Sprintf("without its keyspace, the name %s leads to table %s now and to none after the change: %s", name, was, is.err),
		Harm:     fmt.Sprintf("queries that name %s without the keyspace fail: \"%s\"", name, is.err),
		Next:     fmt.Sprintf("change the queries to name %s, then add --allow VS803", was),
	}
	if ks, ok := f.newcomer(name); ok {
		finding.Keyspace = ks
		finding.Next = fmt.Sprintf("require explicit routing in one of the keyspaces, or change the queries to name %s, then add --allow VS803", was)
	}
	if is.err == "" {
		finding.Hazard = diff.WriteLoss
		finding.Message = fmt.Sprintf("without its keyspace, the name %s leads to table %s now and to table %s after the change", name, was, is)
		finding.Harm = fmt.Sprintf("queries that name %s without the keyspace read and write another table", name)
		finding.Next = fmt.Sprintf("change the queries to name %s, then add --allow VS803", was)
	}
	return finding
}

// newcomer gives the keyspace, the first by name, in which the change starts to
// answer the name.
func (f *Facts) newcomer(name string) (string, bool) {
	answers := func(ks *vschema.Keyspace) bool {
		return !ks.GetRequireExplicitRouting() && ks.GetTables()[name] != nil
	}
	for _, ks := range f.keyspaces() {
		if answers(f.srv.Keyspaces[ks]) && !answers(f.before.srv.Keyspaces[ks]) {
			return ks, true
		}
	}
	return "", false
}

// told tells that the name leads nowhere and that a change in the keyspace of
// the table says so by itself: a sharded table or a sequence is dropped, or
// explicit routing is required.
func (f *Facts) told(was, is target) bool {
	if is.err == "" {
		return false
	}
	ks := f.srv.Keyspaces[was.keyspace]
	if ks.GetTables()[was.name] == nil {
		return f.before.srv.Keyspaces[was.keyspace].GetSharded() || isSequence(was.table)
	}
	return ks.GetRequireExplicitRouting()
}

// changedNames gives the names, sorted, of the tables whose routing without a
// keyspace the change can touch.
func (f *Facts) changedNames() []string {
	names := make(map[string]bool)
	for _, ks := range slices.Compact(slices.Sorted(slices.Values(append(f.keyspaces(), f.before.keyspaces()...)))) {
		was, is := f.before.srv.Keyspaces[ks], f.srv.Keyspaces[ks]
		all := was.GetRequireExplicitRouting() != is.GetRequireExplicitRouting()
		for _, tables := range []map[string]*vschema.Table{was.GetTables(), is.GetTables()} {
			for name := range tables {
				if all || !proto.Equal(was.GetTables()[name], is.GetTables()[name]) {
					names[name] = true
				}
			}
		}
	}
	return sortedKeys(names)
}
