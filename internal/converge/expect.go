package converge

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Expected is a Want made ready to be compared with snapshots, any number of
// times.
type Expected struct {
	want Want
	// view is what a vtgate has to show.
	view     *planes.View
	standIns standIns
	// entries are sorted; keyspaces are those that they stand in, sorted.
	entries   []vschema.Entry
	keyspaces []string
	// whole tells that nothing but the entries may stand in the keyspaces.
	whole bool
}

// Expect builds what vtgates have to show once they serve the want.
func Expect(want Want) *Expected {
	e := &Expected{want: want, entries: slices.Clone(want.Entries), whole: want.Entries == nil}
	srv := &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{}}
	if want.Srv != nil {
		srv.RoutingRules = want.Srv.RoutingRules
		srv.ShardRoutingRules = want.Srv.ShardRoutingRules
		srv.KeyspaceRoutingRules = want.Srv.KeyspaceRoutingRules
		maps.Copy(srv.Keyspaces, want.Srv.Keyspaces)
	}
	for name, ks := range want.Keyspaces {
		if ks == nil {
			ks = &vschema.Keyspace{} // an absent VSchema is served as an empty one
		}
		srv.Keyspaces[name] = ks
		if e.whole {
			e.entries = append(e.entries, vschema.EntriesOf(name, ks)...)
		}
	}
	e.view, e.standIns = project(srv, want.OpaqueVindexes)
	slices.SortFunc(e.entries, vschema.Entry.Compare)
	for _, entry := range e.entries {
		e.keyspaces = append(e.keyspaces, entry.Keyspace)
	}
	e.keyspaces = slices.Compact(e.keyspaces)
	return e
}

// entriesOf gives the expected entries of one keyspace.
func (e *Expected) entriesOf(keyspace string) []vschema.Entry {
	var out []vschema.Entry
	for _, entry := range e.entries {
		if entry.Keyspace == keyspace {
			out = append(out, entry)
		}
	}
	return out
}

// details joins what is missing into one line: the first in full, the others
// by number.
func details(missing []string) string {
	switch len(missing) {
	case 0:
		return ""
	case 1:
		return missing[0]
	default:
		return fmt.Sprintf("%s, and %d more", missing[0], len(missing)-1)
	}
}
