package rollout_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/rollout"
)

func TestRecordRoundTrip(t *testing.T) {
	for _, state := range rollout.States {
		rec := park(sampleRecord(state))
		rec.Then = rollout.Conflicted
		if got := stored(t, rec); !reflect.DeepEqual(got, rec) {
			t.Errorf("%s: read back as\n%+v\nwas\n%+v", state, got, rec)
		}
	}
}

func TestHeadRoundTrip(t *testing.T) {
	head := rollout.Head{
		Format: rollout.Format, Keyspace: "commerce", Seq: 2, Writer: "w", Open: "r1",
		Paused:    &rollout.Pause{Reason: "a vtgate broke", Rollout: "r0", Since: noon.Time},
		Committed: "hash", CommittedBy: "r0", Commit: "c",
	}
	raw, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	var got rollout.Head
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, head) {
		t.Errorf("read back as %+v, was %+v", got, head)
	}
}

// TestUnknownWordsAreErrors: a word that this build does not know is never
// taken for one that it knows.
func TestUnknownWordsAreErrors(t *testing.T) {
	raw := encode(t, sampleRecord(rollout.Applying))
	for _, tc := range []struct{ name, from, to, want string }{
		{"state", `"state":"applying"`, `"state":"baking"`, `unknown rollout state "baking"`},
		{"empty state", `"state":"applying"`, `"state":""`, `unknown rollout state ""`},
		{"case", `"state":"applying"`, `"state":"Applying"`, `unknown rollout state "Applying"`},
		{"then", `"step":"cells"`, `"step":"cells","then":"gone"`, `unknown rollout state "gone"`},
		{"step", `"step":"cells"`, `"step":"bake"`, `unknown rollout step "bake"`},
		{"write", `"status":"landed","result":{"version":"8"`, `"status":"sent","result":{"version":"8"`, `unknown status of a write "sent"`},
		{"cell", `"status":"landed","result":{"version":"4"`, `"status":"","result":{"version":"4"`, `unknown status of a write ""`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := strings.Replace(raw, tc.from, tc.to, 1)
			if bad == raw {
				t.Fatalf("%s does not stand in %s", tc.from, raw)
			}
			var rec rollout.Record
			err := json.Unmarshal([]byte(bad), &rec)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

// TestTextsAreBounded: whatever topo servers and diffs say, and in whatever
// bytes, a record stays small but for its log, which the store bounds, and
// reads back as it was.
func TestTextsAreBounded(t *testing.T) {
	long := strings.Repeat("\xff<é>\x00", 50_000)
	rec := sampleRecord(rollout.Pending)
	rec.Phase, rec.Kept, rec.Code = 0, nil, ""
	for _, ev := range []rollout.Event{
		rollout.Start{At: noon},
		rollout.Admitted{At: noon, Verdict: rollout.Wait, Code: rollout.CodeWait, Reason: long},
		sampleEvents()[1],
		rollout.Locked{At: noon},
		rollout.Wrote{At: noon, Outcome: rollout.OutcomeUnknown, Text: long},
		rollout.Wrote{At: noon, Outcome: rollout.Landed, Token: token("8")},
		rollout.Unlocked{At: noon},
		rollout.CellsRead{At: noon, Cells: []rollout.CellFact{{Cell: "zone1", Token: token("3")}, {Cell: "zone2", Silent: long}}},
		rollout.CellsWrote{At: noon, Cells: []rollout.CellResult{{Cell: "zone1", Outcome: rollout.OutcomeUnknown, Text: long}}},
		rollout.Judged{At: noon, Overwritten: long},
		rollout.Rollback{At: noon, By: rollout.Who{User: "eve", Host: "h2"}},
		rollout.Locked{At: noon},
		rollout.GlobalsRead{At: noon, Facts: []rollout.GlobalFact{{Keyspace: "commerce", Token: token("9"), Conflict: long}}},
	} {
		next, _, err := rollout.Advance(rec, ev)
		if err != nil {
			t.Fatalf("%s: %v", ev.Kind(), err)
		}
		rec = stored(t, next)
		for _, l := range rec.Log {
			if len(l.Text) > 4<<10 {
				t.Fatalf("%s: a line of %d bytes in the log", ev.Kind(), len(l.Text))
			}
		}
		small := rec
		small.Log = nil
		if n := len(encode(t, small)); n > rollout.MaxRecordBytes {
			t.Fatalf("%s: %d bytes without the log", ev.Kind(), n)
		}
	}
	if rec.State != rollout.RollingBack || rec.Diff == "" {
		t.Fatalf("the story ended in %s with diff %q", rec.State, rec.Diff)
	}
}
