package rollout_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

var noon = rollout.At{Time: time.Unix(1_700_000_000, 0).UTC()}

// sampleEvents holds one event of each kind.
func sampleEvents() []rollout.Event {
	by := rollout.Who{User: "eve", Host: "h2"}
	tok := token("9")
	return []rollout.Event{
		rollout.Start{At: noon},
		rollout.Admitted{At: noon, Verdict: rollout.Allow, Tokens: map[string]planes.Token{"commerce": tok, "customer": tok}},
		rollout.Locked{At: noon},
		rollout.LockHeld{At: noon, By: "somebody"},
		rollout.GlobalsRead{At: noon, Facts: []rollout.GlobalFact{{Keyspace: "commerce", Token: tok, Conflict: "theirs"}, {Keyspace: "customer", Token: tok}}},
		rollout.Wrote{At: noon, Outcome: rollout.Landed, Token: tok},
		rollout.Fenced{At: noon, Outcome: rollout.FencedOff, Token: tok},
		rollout.Unlocked{At: noon},
		rollout.Inspected{At: noon},
		rollout.CellsRead{At: noon, Cells: []rollout.CellFact{{Cell: "zone1", Token: tok}}},
		rollout.CellsWrote{At: noon, Cells: []rollout.CellResult{{Cell: "zone1", Outcome: rollout.Landed, Token: tok}}},
		rollout.Judged{At: noon, Report: converge.Report{Cells: []converge.Verdict{{Name: "zone1", Status: converge.Stale}}}},
		rollout.Tick{At: noon},
		rollout.Cancel{At: noon},
		rollout.Resume{At: noon, By: by},
		rollout.Rollback{At: noon, By: by},
	}
}

// sampleRecord is a record with something in every field.
func sampleRecord(state rollout.State) rollout.Record {
	return rollout.Record{
		Format: rollout.Format, ID: "r1", Seq: 3, Writer: "w", PlanID: "p", Plan: "hash", Undoes: "r0",
		Keyspaces: []string{"commerce", "customer"}, By: rollout.Who{User: "u", Host: "h", Commit: "c", CI: "ci"},
		State: state, Phase: 1, Phases: [][]string{{"commerce"}, {"commerce", "customer"}},
		Step: rollout.StepCells, UndoHazard: "write_loss", AutoUndo: true,
		Reason: "why", Code: rollout.CodeConflict, Diff: "diff\n", Kept: []string{"billing"},
		Globals: []rollout.Write{
			{Keyspace: "commerce", Token: token("7"), Status: rollout.WriteLanded, Result: token("8"), Attempts: 2},
			{Keyspace: "customer", Token: token("4"), Status: rollout.WritePlanned, Back: true},
		},
		Cells: []rollout.CellWrite{
			{Cell: "zone1", Token: token("3"), Status: rollout.WriteLanded, Doubt: true, Result: token("4"), Detail: "d"},
			{Cell: "zone2", Status: rollout.WritePlanned},
		},
		ForeignRebuild: true, Heals: 1, Auto: true, Asked: true,
		Waits: []rollout.Waited{
			{Blocker: rollout.Blocker{Kind: rollout.WaitMigration, Keyspace: "customer", Name: "u1", Text: "running", Done: 1, Total: 2}, Phase: 1, Since: noon.Time},
			{Blocker: rollout.Blocker{Kind: rollout.WaitFreeze, Name: "weekend", Text: "frozen", Until: noon.Time}, Since: noon.Time, Met: noon.Time},
		},
		Needs:     map[string][]string{"customer": {"u2", "u3"}},
		Approvals: []rollout.Approval{{By: rollout.Who{User: "eve", Host: "h2"}, At: noon.Time}},
		HalfOpen:  true, Retries: 2, Attempts: []rollout.Attempt{{At: noon.Time, What: "reading the planes", Text: "silence"}}, AttemptsDropped: 1,
		Created: noon.Time, Updated: noon.Time, Began: noon.Time,
		Log: []rollout.LogLine{{At: noon.Time, Text: "began"}},
	}
}

func park(rec rollout.Record) rollout.Record {
	rec.Parked = &rollout.Park{Code: rollout.CodeUnproved, Text: "silence", Next: "vtsync resume r1"}
	return rec
}

func hasRow(from rollout.State, on rollout.EventKind) bool {
	return slices.ContainsFunc(rollout.Table, func(tr rollout.Transition) bool { return tr.From == from && tr.On == on })
}

// TestEveryPair walks every pair of a state and an event: a pair without a row
// is refused and changes nothing, and a parked rollout takes only a person's
// events.
func TestEveryPair(t *testing.T) {
	events := sampleEvents()
	if len(events) != len(rollout.EventKinds) {
		t.Fatalf("%d sample events for %d kinds", len(events), len(rollout.EventKinds))
	}
	for _, state := range rollout.States {
		for i, ev := range events {
			kind := rollout.EventKinds[i]
			if ev.Kind() != kind {
				t.Fatalf("sample event %d is %q, want %q", i, ev.Kind(), kind)
			}
			t.Run(string(state)+"/"+string(kind), func(t *testing.T) {
				rec := sampleRecord(state)
				checkPair(t, rec, ev, hasRow(state, kind))
				byPerson := kind == rollout.EvResume || kind == rollout.EvRollback
				checkPair(t, park(rec), ev, hasRow(state, kind) && byPerson)
			})
		}
	}
}

func checkPair(t *testing.T, rec rollout.Record, ev rollout.Event, want bool) {
	t.Helper()
	before := encode(t, rec)
	next, actions, err := rollout.Advance(rec, ev)
	if err != nil && len(actions) > 0 {
		t.Errorf("actions %v with error %v", actions, err)
	}
	if !want && err == nil {
		t.Errorf("not refused, led to %s", next.State)
	}
	if err != nil && encode(t, next) != before {
		t.Errorf("refused (%v), and changed to\n%s\nfrom\n%s", err, encode(t, next), before)
	}
	if err == nil {
		checkUnshared(t, rec, next)
	}
	if got := encode(t, rec); got != before {
		t.Errorf("the record given was changed to\n%s\nfrom\n%s", got, before)
	}
}

func encode(t *testing.T, rec rollout.Record) string {
	t.Helper()
	raw, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// checkUnshared fails when a record given and the one made of it share memory:
// a saved record must not change under the one who holds it.
func checkUnshared(t *testing.T, old, rec rollout.Record) {
	t.Helper()
	before := encode(t, old)
	scribble(reflect.ValueOf(&rec).Elem())
	if got := encode(t, old); got != before {
		t.Errorf("the new record shares memory with the old one, which became\n%s\nfrom\n%s", got, before)
	}
}

// scribble overwrites everything that a value can reach.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				scribble(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString("scribbled")
	}
}

// TestEveryOutcomeIsReached fails for an outcome of the table that no
// transcript takes: what nobody can show must not stand there.
func TestEveryOutcomeIsReached(t *testing.T) {
	taken := transitions(t)
	for _, tr := range rollout.Table {
		for _, to := range tr.To {
			if s := step(tr.From, tr.On, to); !taken[s] {
				t.Errorf("no transcript takes %s", s)
			}
		}
	}
}

// TestTableIsWhole checks the table itself: known names, one row per pair, a
// reason for each, and ends that stay ends.
func TestTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, tr := range rollout.Table {
		pair := string(tr.From) + ", " + string(tr.On)
		switch {
		case seen[pair]:
			t.Errorf("%s has two rows", pair)
		case !slices.Contains(rollout.States, tr.From) || !slices.Contains(rollout.EventKinds, tr.On):
			t.Errorf("%s is not a pair of a state and an event", pair)
		case len(tr.To) == 0 || tr.Why == "":
			t.Errorf("%s leads nowhere, or does not say why", pair)
		case tr.From.Final() && (tr.On != rollout.EvResume || !slices.Equal(tr.To, []rollout.State{tr.From})):
			t.Errorf("%s leads out of an end", pair)
		}
		seen[pair] = true
	}
	for _, s := range rollout.States {
		for _, on := range []rollout.EventKind{rollout.EvResume, rollout.EvCancel, rollout.EvRollback} {
			if !hasRow(s, on) && (on == rollout.EvResume || !s.Final()) {
				t.Errorf("a person's %q is not understood in %s", on, s)
			}
		}
	}
}
