package converge

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// expected is a Want made ready to be compared with a snapshot.
type expected struct {
	want Want
	// entries are sorted; keyspaces are those that they stand in, sorted.
	entries   []vschema.Entry
	keyspaces []string
	// whole tells that nothing but the entries may stand in the keyspaces.
	whole bool
	// builds are those made so far: most cells hold the same.
	builds []*build
}

// build is a SrvVSchema as vtgate builds it.
type build struct {
	srv      *vschema.SrvVSchema
	view     *planes.View
	standIns standIns
}

func expect(want Want) *expected {
	e := &expected{want: want, entries: slices.Clone(want.Entries), whole: want.Entries == nil}
	for name, ks := range want.Keyspaces {
		if e.whole {
			e.entries = append(e.entries, vschema.EntriesOf(name, ks)...)
		}
	}
	slices.SortFunc(e.entries, vschema.Entry.Compare)
	for _, entry := range e.entries {
		e.keyspaces = append(e.keyspaces, entry.Keyspace)
	}
	e.keyspaces = slices.Compact(e.keyspaces)
	return e
}

// build gives what a vtgate that reads srv has to show.
func (e *expected) build(srv *vschema.SrvVSchema) *build {
	for _, b := range e.builds {
		if proto.Equal(b.srv, srv) {
			return b
		}
	}
	b := &build{srv: srv}
	b.view, b.standIns = project(srv, e.want.OpaqueVindexes)
	e.builds = append(e.builds, b)
	return b
}

// without gives srv as it would be if the wanted entries were still as they
// were before the change.
func (e *expected) without(srv *vschema.SrvVSchema) *vschema.SrvVSchema {
	out := proto.CloneOf(srv)
	for _, entry := range e.entries {
		before, ours := e.want.Undo[entry.Keyspace]
		if ks := out.GetKeyspaces()[entry.Keyspace]; ks != nil && ours {
			vschema.CopyEntry(ks, before, entry)
		}
	}
	return out
}

// entriesOf gives the expected entries of one keyspace.
func (e *expected) entriesOf(keyspace string) []vschema.Entry {
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
