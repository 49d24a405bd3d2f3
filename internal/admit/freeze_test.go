package admit

import (
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/freeze"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

// daily is a window that opens every midnight, in UTC.
func daily(length time.Duration) freeze.Window {
	w, err := freeze.Repeated("0 0 * * *", length, time.UTC, "night")
	if err != nil {
		panic(err)
	}
	return w
}

// TestFreeze: the window is open from midnight to noon.
func TestFreeze(t *testing.T) {
	waited := []rollout.Waited{{Blocker: rollout.Blocker{Kind: rollout.WaitApproval}, Met: at("2026-11-20 05:00")}}
	const until = "a freeze window is open: night, until Fri 2026-11-20 12:00 UTC"
	type want struct {
		verdict rollout.Verdict
		person  bool
	}
	for _, tt := range []struct {
		name, now, deadline string
		spoil               func(*Input)
		want                want
	}{
		{"none is open", "2026-11-20 12:00", "2026-11-20 13:00", nil, want{rollout.Allow, false}},
		{"it ends in time", "2026-11-20 11:00", "2026-11-20 12:00", nil, want{rollout.Wait, false}},
		{"it ends too late", "2026-11-20 11:00", "2026-11-20 11:59", nil, want{rollout.Deny, false}},
		{"waiting for a migration spares it nothing", "2026-11-20 11:00", "2026-11-20 11:59", func(in *Input) {
			in.Waits = []rollout.Waited{{Blocker: rollout.Blocker{Kind: rollout.WaitMigration}}}
		}, want{rollout.Deny, false}},
		{"people have approved meanwhile", "2026-11-20 11:00", "2026-11-20 11:59", func(in *Input) { in.Waits = waited }, want{rollout.Wait, true}},
		{"a later phase", "2026-11-20 11:00", "2026-11-20 12:00", later, want{rollout.Wait, false}},
		{"a later phase that cannot live to see the end", "2026-11-20 11:00", "2026-11-20 11:59", later, want{rollout.Wait, true}},
		{"it was allowed", "2026-11-20 11:00", "2026-11-20 11:59", func(in *Input) {
			in.Plan.Allowed = []string{plan.AllowFreeze}
		}, want{rollout.Allow, false}},
		{"something else was allowed", "2026-11-20 11:00", "2026-11-20 11:59", func(in *Input) {
			in.Plan.Allowed = []string{"outage"}
		}, want{rollout.Deny, false}},
		{"the way back", "2026-11-20 11:00", "2026-11-20 11:59", func(in *Input) { in.Plan.Undoes = "p1" }, want{rollout.Allow, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t)
			in.Policy.Freeze = []freeze.Window{daily(12 * time.Hour)}
			in.Now, in.Deadline = at(tt.now), at(tt.deadline)
			if tt.spoil != nil {
				tt.spoil(&in)
			}
			v := Judge(in)
			if (want{v.Verdict, v.Person}) != tt.want {
				t.Fatalf("%+v, want %+v", v, tt.want)
			}
			if v.Verdict != rollout.Allow && (v.Code != rollout.CodeFreeze || v.Reason != until) {
				t.Errorf("%s: %q", v.Code, v.Reason)
			}
			if v.Verdict == rollout.Wait && (len(v.Waits) != 1 || v.Waits[0].Name != "night" || !v.Waits[0].Until.Equal(at("2026-11-20 12:00"))) {
				t.Errorf("waits for %+v", v.Waits)
			}
			if v.Verdict == rollout.Deny && v.Remedy != "apply when it has ended, or now with --allow freeze" {
				t.Errorf("remedy %q", v.Remedy)
			}
		})
	}
}

// later makes the plan's one phase the second.
func later(in *Input) {
	in.Plan.Phases = append([]plan.Phase{{}}, in.Plan.Phases...)
	in.Phase = 1
}

// TestFreezeWithoutEnd: one that no end is in sight of is not waited for.
func TestFreezeWithoutEnd(t *testing.T) {
	in := input(t)
	in.Policy.Freeze = []freeze.Window{daily(24 * time.Hour)}
	in.Now, in.Deadline = at("2026-11-20 11:00"), at("2090-01-01 00:00")
	if v := Judge(in); v.Verdict != rollout.Deny || v.Reason != "a freeze window is open: night, with no end in sight" {
		t.Errorf("%+v", v)
	}
}
