package diff_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/vschema"
)

func parse(t *testing.T, text string) *vschema.Keyspace {
	t.Helper()
	ks, err := vschema.DecodeJSON([]byte(text))
	if err != nil {
		t.Fatalf("bad fixture %s: %v", text, err)
	}
	return ks
}

// one gives a keyspace whose table t has the pinned value, or no table.
func one(t *testing.T, pinned string) *vschema.Keyspace {
	switch pinned {
	case "nil":
		return nil
	case "":
		return &vschema.Keyspace{}
	default:
		return parse(t, fmt.Sprintf(`{"tables":{"t":{"pinned":%q}}}`, pinned))
	}
}

func TestCompareByOwner(t *testing.T) {
	tests := []struct{ live, desired, last, want string }{
		{"01", "01", "01", ""},
		{"01", "01", "02", ""},           // the same on both sides
		{"01", "01", "nil", ""},          //
		{"01", "02", "01", "ours 01>02"}, // L=C≠F
		{"01", "", "01", "ours 01>"},     // our drop
		{"", "01", "", "ours >01"},       // our addition
		{"02", "01", "01", "foreign 01>02"},
		{"02", "", "", "foreign >02"},   // only live
		{"", "01", "01", "foreign 01>"}, // they dropped it
		{"02", "03", "01", "conflict 02>03"},
		{"02", "03", "", "conflict 02>03"}, // both added it
		{"", "03", "01", "conflict >03"},   // they dropped what we changed
		{"02", "", "01", "conflict 02>"},   // they changed what we dropped
		{"01", "02", "nil", "ours 01>02"},  // C unknown: in both
		{"01", "", "nil", "foreign >01"},   // C unknown: only live
		{"", "01", "nil", "ours >01"},      // C unknown: only in the file
		{"nil", "01", "nil", "ours >01"},   // no record yet
		{"nil", "01", "01", "foreign 01>"}, // they removed the record
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("L=%s F=%s C=%s", tt.live, tt.desired, tt.last), func(t *testing.T) {
			r := diff.Compare("ks", one(t, tt.live), one(t, tt.desired), one(t, tt.last))
			got := strings.Join(append(append(short(t, "ours", r.Ours), short(t, "foreign", r.Foreign)...), short(t, "conflict", r.Conflicts)...), "; ")
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func short(t *testing.T, list string, changes []diff.EntryChange) []string {
	t.Helper()
	pinned := func(raw json.RawMessage) string {
		var v struct{ Pinned string }
		if raw == nil {
			return ""
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		return v.Pinned
	}
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s %s>%s", list, pinned(c.Before), pinned(c.After)))
	}
	return out
}

func TestCompareOfSettings(t *testing.T) {
	r := diff.Compare("ks", parse(t, `{}`), parse(t, `{"sharded":true}`), nil)
	if len(r.Ours) != 1 || r.Ours[0].Entry.Name != vschema.Sharded {
		t.Errorf("with nothing known a setting is ours: got %+v", r)
	}
	r = diff.Compare("ks", parse(t, `{"sharded":true}`), parse(t, `{}`), parse(t, `{}`))
	if len(r.Foreign) != 1 || len(r.Ours) != 0 {
		t.Errorf("a setting that others changed is theirs: got %+v", r)
	}
}

func TestRevertKeepsWhatOthersDidSince(t *testing.T) {
	before := parse(t, `{"sharded":true,"tables":{"a":{"pinned":"01"},"b":{"pinned":"01"},"gone":{"pinned":"01"}}}`)
	after := parse(t, `{"sharded":true,"require_explicit_routing":true,"tables":{"a":{"pinned":"02"},"b":{"pinned":"02"},"new":{"pinned":"02"}}}`)
	changes := throughJSON(t, diff.Between("ks", before, after))
	// Others changed b, which we had changed, and added c.
	live := parse(t, `{"sharded":true,"require_explicit_routing":true,"tables":{"a":{"pinned":"02"},"b":{"pinned":"03"},"c":{"pinned":"03"},"new":{"pinned":"02"}}}`)
	got, conflicts, err := diff.Revert(live, changes)
	if err != nil {
		t.Fatal(err)
	}
	want := parse(t, `{"sharded":true,"tables":{"a":{"pinned":"01"},"b":{"pinned":"03"},"c":{"pinned":"03"},"gone":{"pinned":"01"}}}`)
	if !vschema.Equal(got, want) {
		t.Errorf("reverted to %s", vschema.EncodeJSON(got))
	}
	if text, want := strings.Join(short(t, "conflict", conflicts), "; "), "conflict 02>03"; text != want {
		t.Errorf("conflicts %q, want %q", text, want)
	}
}

// throughJSON stores the changes and reads them back, as a plan does.
func throughJSON(t *testing.T, in []diff.EntryChange) []diff.EntryChange {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out []diff.EntryChange
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out); d != "" {
		t.Fatalf("changes do not survive storage:\n%s", d)
	}
	return out
}

func TestUnsettingASettingSurvivesStorage(t *testing.T) {
	before := parse(t, `{}`)
	after := parse(t, `{"multi_tenant_spec":{"tenant_id_column_name":"tenant"}}`)
	changes := throughJSON(t, diff.Between("ks", before, after))
	got, conflicts, err := diff.Revert(after, changes)
	if err != nil || len(conflicts) > 0 || !vschema.Equal(got, before) {
		t.Errorf("reverted to %v, %v, %v", got, conflicts, err)
	}
}

func TestApplyRefusesDamage(t *testing.T) {
	e := vschema.Entry{Keyspace: "ks", Kind: vschema.TableEntry, Name: "t"}
	if _, err := diff.Apply(nil, []diff.EntryChange{{Entry: e, After: json.RawMessage(`{"pined":"01"}`)}}); err == nil || !strings.Contains(err.Error(), "table t") {
		t.Errorf("error = %v, want one that names the table", err)
	}
	if _, _, err := diff.Revert(nil, []diff.EntryChange{{Entry: e, Before: json.RawMessage(`[]`)}}); err == nil {
		t.Error("a damaged Before is accepted")
	}
}
