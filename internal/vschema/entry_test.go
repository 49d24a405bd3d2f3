package vschema_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

func TestEntriesAreSortedAndComplete(t *testing.T) {
	ks := parse(t, `{"vindexes":{"z":{},"a":{}},"tables":{"t":{},"b":{}}}`)
	var got []string
	for _, e := range vschema.EntriesOf("commerce", ks) {
		got = append(got, e.String())
	}
	want := []string{
		"commerce: setting foreign_key_mode", "commerce: setting multi_tenant_spec", "commerce: setting require_explicit_routing", "commerce: setting sharded",
		"commerce: vindex a", "commerce: vindex z", "commerce: table b", "commerce: table t",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := len(vschema.Entries(nil)); n != 4 {
		t.Errorf("an absent record has %d entries, want its 4 settings", n)
	}
}

func TestEntryJSON(t *testing.T) {
	ks := parse(t, `{"sharded":true,"tables":{"t":{"column_vindexes":[{"name":"h","column":"ID"}]}}}`)
	tests := []struct {
		kind vschema.EntryKind
		name string
		want string
	}{
		{vschema.SettingEntry, vschema.Sharded, "true"},
		{vschema.SettingEntry, vschema.RequireExplicitRouting, "false"},
		{vschema.SettingEntry, vschema.ForeignKeyMode, `"unmanaged"`},
		{vschema.SettingEntry, vschema.MultiTenantSpec, "null"},
		{vschema.TableEntry, "t", `{"column_vindexes":[{"name":"h","columns":["id"]}]}`},
		{vschema.TableEntry, "T", ""},
		{vschema.VindexEntry, "h", ""},
	}
	for _, tt := range tests {
		e := vschema.Entry{Kind: tt.kind, Name: tt.name}
		if got := string(vschema.EntryJSON(ks, e)); got != tt.want {
			t.Errorf("%s = %s, want %s", e, got, tt.want)
		}
	}
}

// Copying every entry carries the whole keyspace, in its own notation and
// without sharing memory.
func TestCopyEveryEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := vschematest.Keyspaces().Draw(t, "src")
		dst := vschematest.Keyspaces().Draw(t, "dst")
		for _, e := range append(vschema.Entries(src), vschema.Entries(dst)...) {
			vschema.CopyEntry(dst, src, e)
		}
		if !proto.Equal(src, dst) {
			t.Fatalf("copied %v, got %v", src, dst)
		}
		before := proto.CloneOf(src)
		for _, tbl := range dst.Tables {
			tbl.Source = "changed"
		}
		if dst.MultiTenantSpec != nil {
			dst.MultiTenantSpec.TenantIdColumnName = "changed"
		}
		if !proto.Equal(src, before) {
			t.Fatal("the copy shares memory with its source")
		}
	})
}

func TestDecodeEntryIsTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ks := vschematest.Keyspaces().Draw(t, "ks")
		for _, e := range vschema.Entries(ks) {
			one, err := vschema.DecodeEntry(e, vschema.EntryJSON(ks, e))
			if err != nil {
				t.Fatal(err)
			}
			if !vschema.EntryEqual(ks, one, e) {
				t.Fatalf("%s: decoded to %v", e, one)
			}
		}
	})
}

func TestDecodeEntryRefuses(t *testing.T) {
	tests := []struct {
		entry vschema.Entry
		raw   string
	}{
		{vschema.Entry{Kind: vschema.SettingEntry, Name: "tables"}, `{}`},
		{vschema.Entry{Kind: vschema.SettingEntry, Name: vschema.Sharded}, `true,"tables":{}}`},
		{vschema.Entry{Kind: vschema.SettingEntry, Name: vschema.Sharded}, `true,"tables":{}`},
		{vschema.Entry{Kind: vschema.TableEntry, Name: "t"}, `{"colums":[]}`},
		{vschema.Entry{Kind: "view", Name: "t"}, `{}`},
	}
	for _, tt := range tests {
		if ks, err := vschema.DecodeEntry(tt.entry, []byte(tt.raw)); err == nil {
			t.Errorf("%s: %s is read as %v", tt.entry, tt.raw, ks)
		}
	}
}
