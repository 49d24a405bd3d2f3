package desired

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Merged is a file into which was taken what others made.
type Merged struct {
	// Data is the file's text: all that did not change stands as it did, byte
	// for byte. It is nil where there are conflicts.
	Data    []byte
	VSchema *vschema.Keyspace
	// Conflicts are what both sides changed, in the order of entries.
	Conflicts []Conflict
}

// Conflict is a place that is neither in the file nor live what the file was
// derived from, and different in the two.
type Conflict struct {
	// Path leads there as Document.Position takes it.
	Path []string
	// Pos is where it stands, or its nearest parent that does.
	Pos errs.Position
	// File and Live are the values, as JSON on one line; empty where there is
	// none.
	File, Live string
}

// Merge takes the live value into the text of a keyspace's file. What others
// changed since base, which the file was derived from, is taken; what the file
// changed stays. A nil base is not known: then only what the file does not have
// is taken, and whatever differs is a conflict.
//
// Inside of a vindex or a table both may change, each something else: a field,
// a param, or the end of a list.
func Merge(name, file string, data []byte, live, base *vschema.Keyspace) (Merged, error) {
	doc, err := Parse(name, file, data)
	if err != nil {
		return Merged{}, err
	}
	m := &merger{file: doc.VSchema, live: live, base: base}
	want := m.merge()
	if len(m.conflicts) > 0 {
		for i, c := range m.conflicts {
			m.conflicts[i].Pos = doc.Position(c.Path...)
		}
		return Merged{VSchema: want, Conflicts: m.conflicts}, nil
	}
	out, err := rewrite(doc, data, want)
	if err == nil {
		err = readsAs(name, file, out, want)
	}
	if err != nil {
		return Merged{}, unwritable(file, err)
	}
	return Merged{Data: out, VSchema: want}, nil
}

// unwritable says where and why a file cannot be changed in place.
func unwritable(file string, err error) error {
	e := &errs.Invalid{
		Pos: errs.Position{File: file}, Msg: "cannot be merged in place", Err: err,
		Next: "vtsync fmt writes the file in a plainer layout; then merge again",
	}
	var here *unusual
	if errors.As(err, &here) {
		e.Pos.Line = here.line
	}
	return e
}

// readsAs holds a text to what it is to say.
func readsAs(name, file string, data []byte, want *vschema.Keyspace) error {
	back, err := Parse(name, file, data)
	if err != nil {
		return fmt.Errorf("reading it back: %w", err)
	}
	if !proto.Equal(back.VSchema, want) {
		return errors.New("it would not read back the same")
	}
	return nil
}

// merger merges the values of one keyspace.
type merger struct {
	file, live, base *vschema.Keyspace
	conflicts        []Conflict
}

// merge gives the merged value, in the file's own spelling where that means the
// same.
func (m *merger) merge() *vschema.Keyspace {
	out := proto.CloneOf(m.file)
	entries := slices.Concat(vschema.Entries(m.file), vschema.Entries(m.live), vschema.Entries(m.base))
	slices.SortFunc(entries, vschema.Entry.Compare)
	for _, e := range slices.Compact(entries) {
		if vschema.EntryEqual(m.file, m.live, e) {
			continue
		}
		if m.base == nil {
			m.adopt(out, e)
		} else if !vschema.EntryEqual(m.live, m.base, e) {
			m.take(out, e)
		}
	}
	return out
}

// adopt merges an entry of which nobody knows who changed it.
func (m *merger) adopt(out *vschema.Keyspace, e vschema.Entry) {
	switch {
	case !has(m.live, e): // the file adds it
	case e.Kind != vschema.SettingEntry && !has(m.file, e):
		vschema.CopyEntry(out, m.live, e)
	default:
		m.conflictOf(e)
	}
}

// take merges an entry that others changed.
func (m *merger) take(out *vschema.Keyspace, e vschema.Entry) {
	theirs := vschema.EntryEqual(m.file, m.base, e)
	inside := e.Kind != vschema.SettingEntry && has(m.file, e) && has(m.live, e)
	switch {
	case theirs && !inside:
		vschema.CopyEntry(out, m.live, e)
	case inside && (theirs || has(m.base, e)):
		base := m.base
		if theirs {
			base = m.file
		}
		entry := entryMerger{path: pathOf(e)}
		sides := sidesOf(e, m.file, m.live, base)
		merged := entry.merge(sides[0], sides[1], sides[2])
		m.conflicts = append(m.conflicts, entry.conflicts...)
		proto.Reset(messageOf(out, e).Interface())
		proto.Merge(messageOf(out, e).Interface(), merged.Interface())
	default:
		m.conflictOf(e)
	}
}

// conflictOf notes that both sides changed an entry as a whole.
func (m *merger) conflictOf(e vschema.Entry) {
	text := func(ks *vschema.Keyspace) string {
		if m := messageOf(ks, e); m != nil {
			return oneLine((&encoder{}).message(m))
		}
		return string(vschema.EntryJSON(ks, e)) // of a setting
	}
	m.conflicts = append(m.conflicts, Conflict{Path: pathOf(e), File: text(m.file), Live: text(m.live)})
}

// has tells whether an entry is written at all; a setting has a value without.
func has(ks *vschema.Keyspace, e vschema.Entry) bool {
	if e.Kind != vschema.SettingEntry {
		return messageOf(ks, e) != nil
	}
	m := ks.ProtoReflect()
	return m.Has(m.Descriptor().Fields().ByName(protoreflect.Name(e.Name)))
}

// messageOf gives the message of a vindex or a table; nil where there is none.
func messageOf(ks *vschema.Keyspace, e vschema.Entry) protoreflect.Message {
	if v, ok := ks.GetVindexes()[e.Name]; ok && e.Kind == vschema.VindexEntry {
		return v.ProtoReflect()
	}
	if t, ok := ks.GetTables()[e.Name]; ok && e.Kind == vschema.TableEntry {
		return t.ProtoReflect()
	}
	return nil
}

func pathOf(e vschema.Entry) []string {
	switch e.Kind {
	case vschema.VindexEntry:
		return []string{"vindexes", e.Name}
	case vschema.TableEntry:
		return []string{"tables", e.Name}
	default:
		return []string{e.Name}
	}
}
