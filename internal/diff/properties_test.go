package diff_test

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vschema/vschematest"
)

// related generates a keyspace that shares much with the given one.
func related(t *rapid.T, ks *vschema.Keyspace, label string) *vschema.Keyspace {
	out := vschematest.Respell(t, ks)
	other := vschematest.Keyspaces().Draw(t, label)
	entries := append(vschema.Entries(ks), vschema.Entries(other)...)
	for range rapid.IntRange(0, 4).Draw(t, "edits") {
		vschema.CopyEntry(out, other, rapid.SampledFrom(entries).Draw(t, "entry"))
	}
	return out
}

func TestApplyLeadsThereAndRevertBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := vschematest.Keyspaces().Draw(t, "before")
		after := related(t, before, "after")
		changes := diff.Between("ks", before, after)
		if (len(changes) == 0) != vschema.Equal(before, after) {
			t.Fatalf("%d changes, Equal = %v", len(changes), vschema.Equal(before, after))
		}
		checkTyped(t, changes)
		applied, err := diff.Apply(before, changes)
		if err != nil {
			t.Fatal(err)
		}
		if !vschema.Equal(applied, after) {
			t.Fatalf("applied: %v\nwant: %v", applied, after)
		}
		back, conflicts, err := diff.Revert(applied, changes)
		if err != nil || len(conflicts) > 0 {
			t.Fatal(conflicts, err)
		}
		if !vschema.Equal(back, before) {
			t.Fatalf("reverted: %v\nwant: %v", back, before)
		}
		again, conflicts, err := diff.Revert(back, changes)
		if err != nil || len(conflicts) > 0 || !proto.Equal(again, back) {
			t.Fatalf("a second revert does something: %v, %v, %v", again, conflicts, err)
		}
	})
}

func checkTyped(t *rapid.T, changes []diff.EntryChange) {
	for i, ec := range changes {
		if i > 0 && changes[i-1].Entry.Compare(ec.Entry) >= 0 {
			t.Fatalf("%s does not come before %s", changes[i-1].Entry, ec.Entry)
		}
		if len(ec.Changes) == 0 {
			t.Fatalf("%s changes without a typed change: %s to %s", ec.Entry, ec.Before, ec.After)
		}
		for _, c := range ec.Changes {
			if c.Type == "" || c.Hazard == "" || c.Text == "" || (c.Hazard != diff.Safe) != (c.Why != "") || c.Hazard.Worse(diff.Scatter) != (c.Code != "") {
				t.Fatalf("incomplete change: %+v", c)
			}
		}
	}
}

// Law 4: what is ours comes out as the file wants it; everything else stays as
// it is live.
func TestCompareKeepsWhatIsNotOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := vschematest.Keyspaces().Draw(t, "last")
		live, desired := related(t, last, "live"), related(t, last, "desired")
		known := last
		if rapid.Bool().Draw(t, "unknown") {
			known = nil
		}
		result := diff.Compare("ks", live, desired, known)
		applied, err := diff.Apply(live, result.Ours)
		if err != nil {
			t.Fatal(err)
		}
		ours := map[vschema.Entry]bool{}
		for _, c := range result.Ours {
			ours[c.Entry] = true
		}
		others := map[vschema.Entry]bool{}
		for _, list := range [][]diff.EntryChange{result.Foreign, result.Conflicts} {
			for _, c := range list {
				if ours[c.Entry] || others[c.Entry] {
					t.Fatalf("%s stands in two lists", c.Entry)
				}
				others[c.Entry] = true
			}
		}
		for _, e := range append(vschema.EntriesOf("ks", live), vschema.EntriesOf("ks", desired)...) {
			from := desired
			if others[e] {
				from = live
			}
			if !vschema.EntryEqual(applied, from, e) {
				t.Fatalf("%s: ours %v, foreign or conflict %v: got %s", e, ours[e], others[e], vschema.EntryJSON(applied, e))
			}
		}
		if again := diff.Compare("ks", applied, desired, known); known != nil && len(again.Ours) > 0 {
			t.Fatalf("applying leaves %v", again.Ours)
		}
	})
}

func TestDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := vschematest.Keyspaces().Draw(t, "last")
		live, desired := related(t, last, "live"), related(t, last, "desired")
		first := encoded(t, diff.Compare("ks", live, desired, last))
		second := encoded(t, diff.Compare("ks", vschematest.Respell(t, live), vschematest.Respell(t, desired), vschematest.Respell(t, last)))
		if first != second {
			t.Fatalf("same meaning, other diff:\n%s\n%s", first, second)
		}
	})
}

func encoded(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
