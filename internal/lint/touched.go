package lint

import (
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/vschema"
)

// touched is what a change touches: the entries that it writes, and what those
// refer to. A vindex, a sequence or a lookup table that was wrong and of no use
// to anybody does harm from its first use on.
type touched struct {
	before, after *vschema.SrvVSchema
	referred      map[vschema.Entry]bool
}

func newTouched(in Input, f *Facts) touched {
	t := touched{before: in.Before, after: in.After, referred: make(map[vschema.Entry]bool)}
	written := make(map[string]bool)
	for _, ks := range f.names {
		written[ks] = !proto.Equal(t.before.GetKeyspaces()[ks], t.after.GetKeyspaces()[ks])
	}
	for _, ref := range f.tables {
		if written[ref.ks] && t.writes(vschema.Entry{Keyspace: ref.ks, Kind: vschema.TableEntry, Name: ref.name}) {
			t.table(f, ref)
		}
	}
	for _, ref := range f.vindexes {
		if written[ref.ks] && t.writes(vschema.Entry{Keyspace: ref.ks, Kind: vschema.VindexEntry, Name: ref.name}) {
			t.refers(f.vindexReferences(ref.vindex))
		}
	}
	return t
}

// table adds what a table refers to, and what its vindexes do.
func (t touched) table(f *Facts, ref tableRef) {
	t.refers(f.tableReferences(ref.table))
	for _, cv := range ref.table.GetColumnVindexes() {
		e := vschema.Entry{Keyspace: ref.ks, Kind: vschema.VindexEntry, Name: cv.GetName()}
		if v := f.srv.Keyspaces[ref.ks].GetVindexes()[e.Name]; v != nil && !t.referred[e] {
			t.referred[e] = true
			t.refers(f.vindexReferences(v))
		}
	}
}

func (t touched) refers(to []target) {
	for _, r := range to {
		t.referred[vschema.Entry{Keyspace: r.keyspace, Kind: vschema.TableEntry, Name: r.name}] = true
	}
}

func (t touched) writes(e vschema.Entry) bool {
	return !vschema.EntryEqual(t.before.GetKeyspaces()[e.Keyspace], t.after.GetKeyspaces()[e.Keyspace], e)
}

// finding tells whether the change touches the entry that the finding names, or,
// where it names none or hits them all, the keyspace. Rules, whose findings name
// no keyspace, are not written by any change yet.
func (t touched) finding(f Finding) bool {
	if f.Keyspace == "" {
		return false
	}
	if e, ok := f.Entry(); ok && !f.whole {
		return t.referred[e] || t.writes(e)
	}
	return !proto.Equal(t.before.GetKeyspaces()[f.Keyspace], t.after.GetKeyspaces()[f.Keyspace])
}
