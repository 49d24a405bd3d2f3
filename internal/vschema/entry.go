package vschema

import (
	"encoding/json"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
)

const (
	unspecified = vschemapb.Keyspace_unspecified
	unmanaged   = vschemapb.Keyspace_unmanaged
)

// The settings of a keyspace, by their proto field names.
const (
	Sharded                = "sharded"
	RequireExplicitRouting = "require_explicit_routing"
	ForeignKeyMode         = "foreign_key_mode"
	MultiTenantSpec        = "multi_tenant_spec"
)

// settingDefaults gives every setting and what vtgate reads where it is not
// set, as JSON. A test holds it against the proto.
var settingDefaults = map[string]string{
	Sharded:                "false",
	RequireExplicitRouting: "false",
	ForeignKeyMode:         `"unmanaged"`,
	MultiTenantSpec:        "null",
}

// Entries lists the entries of ks, sorted: its settings, which always exist,
// its vindexes and its tables. An absent record (nil) has the settings, at
// their defaults. The Keyspace of the entries is empty; see EntriesOf.
func Entries(ks *Keyspace) []Entry { return EntriesOf("", ks) }

// EntriesOf is Entries with the keyspace's name put into each.
func EntriesOf(keyspace string, ks *Keyspace) []Entry {
	out := make([]Entry, 0, len(settingDefaults)+len(ks.GetVindexes())+len(ks.GetTables()))
	for name := range settingDefaults {
		out = append(out, Entry{Keyspace: keyspace, Kind: SettingEntry, Name: name})
	}
	for name := range ks.GetVindexes() {
		out = append(out, Entry{Keyspace: keyspace, Kind: VindexEntry, Name: name})
	}
	for name := range ks.GetTables() {
		out = append(out, Entry{Keyspace: keyspace, Kind: TableEntry, Name: name})
	}
	slices.SortFunc(out, Entry.Compare)
	return out
}

// EntryJSON gives the entry's canonical protojson; nil where ks does not have
// it. A setting always exists; where it is not set, its default is given.
func EntryJSON(ks *Keyspace, e Entry) json.RawMessage {
	switch e.Kind {
	case SettingEntry:
		return settingJSON(ks, e.Name)
	case VindexEntry:
		if _, ok := ks.GetVindexes()[e.Name]; !ok {
			return nil
		}
		return encodeMessage(Canonical(only(ks, e)).Vindexes[e.Name])
	case TableEntry:
		if _, ok := ks.GetTables()[e.Name]; !ok {
			return nil
		}
		return encodeMessage(Canonical(only(ks, e)).Tables[e.Name])
	}
	panic(fmt.Sprintf("vschema: unknown kind of entry %q", e.Kind))
}

// EntryEqual tells whether vtgate would read the entry alike in both; absent
// equals absent.
func EntryEqual(a, b *Keyspace, e Entry) bool {
	// Most entries are equal as they stand, and comparing costs no copy.
	if x, y := entryMessage(a, e), entryMessage(b, e); x != nil && y != nil && proto.Equal(x, y) {
		return true
	}
	return proto.Equal(Canonical(only(a, e)), Canonical(only(b, e)))
}

// entryMessage gives a vindex or a table as ks has it; nil for others.
func entryMessage(ks *Keyspace, e Entry) proto.Message {
	switch e.Kind {
	case VindexEntry:
		if v := ks.GetVindexes()[e.Name]; v != nil {
			return v
		}
	case TableEntry:
		if t := ks.GetTables()[e.Name]; t != nil {
			return t
		}
	case SettingEntry:
	}
	return nil
}

// CopyEntry puts the entry as src has it, in its own notation, into dst, which
// it modifies; it deletes it from dst where src lacks it.
func CopyEntry(dst, src *Keyspace, e Entry) {
	switch e.Kind {
	case SettingEntry:
		fd := settingField(e.Name)
		if src == nil || !src.ProtoReflect().Has(fd) {
			dst.ProtoReflect().Clear(fd)
			return
		}
		v := src.ProtoReflect().Get(fd)
		if fd.Message() != nil {
			v = protoreflect.ValueOfMessage(proto.Clone(v.Message().Interface()).ProtoReflect())
		}
		dst.ProtoReflect().Set(fd, v)
	case VindexEntry:
		v, ok := src.GetVindexes()[e.Name]
		if !ok {
			delete(dst.Vindexes, e.Name)
			return
		}
		if dst.Vindexes == nil {
			dst.Vindexes = map[string]*Vindex{}
		}
		dst.Vindexes[e.Name] = proto.CloneOf(v)
	case TableEntry:
		t, ok := src.GetTables()[e.Name]
		if !ok {
			delete(dst.Tables, e.Name)
			return
		}
		if dst.Tables == nil {
			dst.Tables = map[string]*Table{}
		}
		dst.Tables[e.Name] = proto.CloneOf(t)
	default:
		panic(fmt.Sprintf("vschema: unknown kind of entry %q", e.Kind))
	}
}

// DecodeEntry reads what EntryJSON gave: a keyspace that holds that entry and
// nothing else, for CopyEntry. Nil stands for a missing entry.
func DecodeEntry(e Entry, raw json.RawMessage) (*Keyspace, error) {
	ks := &Keyspace{}
	if len(raw) == 0 {
		return ks, nil
	}
	var m proto.Message
	switch e.Kind {
	case SettingEntry:
		if _, ok := settingDefaults[e.Name]; !ok {
			return nil, fmt.Errorf("decode %s: no such setting", e)
		}
		// Marshal refuses a raw value that is more than one value.
		field, err := json.Marshal(map[string]json.RawMessage{e.Name: raw})
		if err != nil {
			return nil, fmt.Errorf("decode %s: %w", e, err)
		}
		m, raw = ks, field
	case VindexEntry:
		v := &Vindex{}
		ks.Vindexes, m = map[string]*Vindex{e.Name: v}, v
	case TableEntry:
		t := &Table{}
		ks.Tables, m = map[string]*Table{e.Name: t}, t
	default:
		return nil, fmt.Errorf("decode %s: unknown kind of entry", e)
	}
	if err := protojson.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("decode %s: %w", e, err)
	}
	return ks, nil
}

// only gives a keyspace that holds that entry of ks and nothing else.
func only(ks *Keyspace, e Entry) *Keyspace {
	out := &Keyspace{}
	CopyEntry(out, ks, e)
	return out
}

func settingJSON(ks *Keyspace, name string) json.RawMessage {
	fields := map[string]json.RawMessage{}
	whole := encodeMessage(Canonical(only(ks, Entry{Kind: SettingEntry, Name: name})))
	if err := json.Unmarshal(whole, &fields); err != nil {
		panic(fmt.Sprintf("vschema: own JSON does not parse: %v", err))
	}
	if raw, ok := fields[name]; ok {
		return raw
	}
	return json.RawMessage(settingDefaults[name])
}

func settingField(name string) protoreflect.FieldDescriptor {
	if _, ok := settingDefaults[name]; !ok {
		panic(fmt.Sprintf("vschema: unknown setting %q", name))
	}
	return (&Keyspace{}).ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name))
}
