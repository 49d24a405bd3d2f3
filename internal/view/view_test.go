package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/status"
	"github.com/vtsync/vtsync/internal/vschema"
)

// text gives what a view writes without colour.
func text(t *testing.T, write func(io.Writer, Style) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, Style{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if d := cmp.Diff(strings.TrimPrefix(want, "\n"), got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// added is a change that adds a table.
func added(keyspace, table string) []diff.EntryChange {
	return diff.Between(keyspace, &vschema.Keyspace{}, &vschema.Keyspace{Tables: map[string]*vschema.Table{table: {}}})
}

func TestErrorText(t *testing.T) {
	at := errs.Position{File: "f.json", Line: 3, Column: 5}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"joined", errors.Join(
			&errs.Invalid{Pos: at, Msg: "unknown field", Near: "tables", Next: "fix it"},
			errors.Join(&errs.Invalid{Msg: "another", Next: "fix it"}, errors.New("third")),
		), `
error: f.json:3:5: unknown field (did you mean "tables"?)
error: another
next: fix it
error: third
`},
		{"wrapped", fmt.Errorf("plan.json: %w", &errs.Denied{Msg: "no", Next: "ask"}), `
error: plan.json: no
next: ask
`},
		{"conflict", &errs.Conflict{Msg: "stale", Diff: "keyspace a\n  + table b\n", Next: "plan again"}, `
error: stale
  keyspace a
    + table b
next: plan again
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want(t, text(t, func(w io.Writer, s Style) error { return ErrorText(w, tt.err, s) }), tt.want)
		})
	}
}

func TestErrorsJSON(t *testing.T) {
	err := errors.Join(
		&errs.Invalid{Pos: errs.Position{File: "f", Line: 1}, Msg: "bad"},
		&errs.Unknown{Msg: "no answer", Next: "wait"},
	)
	got := Errors(err)
	line := errs.Position{File: "f", Line: 1}
	wanted := ErrorsJSON{Format: 1, ExitCode: errs.ExitUnknown, Errors: []ErrorJSON{
		{Kind: "invalid", Message: "f:1: bad", Position: &line},
		{Kind: "unknown", Message: "no answer", Next: "wait"},
	}}
	if d := cmp.Diff(wanted, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestPlan(t *testing.T) {
	p := &plan.Plan{
		ID: "0123456789ab", Cells: []string{"z1", "z2"},
		Phases: []plan.Phase{{
			Writes:  []plan.GlobalWrite{{Keyspace: "ks", Changes: added("ks", "mine")}},
			Carried: []plan.CellDrift{{Cell: "z1", Keyspace: "ks", Changes: added("ks", "saved"), Text: "cell z1 lacks it"}},
		}},
		Kept: added("ks", "theirs"),
		Findings: []lint.Finding{{
			Code: "VS301", Severity: lint.Error, Keyspace: "ks", Pos: errs.Position{File: "f", Line: 2, Column: 3},
			Message: "no such sequence", Near: "seq", Harm: "inserts fail", Next: "declare it",
		}},
		Denials: []plan.Denial{{Code: plan.DeniedFinding, Text: "a finding", Remedy: "correct it"}},
		Notes:   []string{"cell old is ignored"},
	}
	want(t, text(t, func(w io.Writer, s Style) error { return Plan(w, p, s) }), `
keyspace ks
  + table mine
      table mine is added: no vindexes [safe]
carried along: changes of others, saved and not yet served
  cell z1 lacks it
    keyspace ks
      + table saved
          table saved is added: no vindexes [safe]
made by others and kept (`+"`vtsync pull`"+` takes them into the files)
  keyspace ks
    + table theirs
        table theirs is added: no vindexes [safe]
error VS301 f:2:3: no such sequence (did you mean "seq"?)
  harm: inserts fail
  next: declare it
denied: a finding
  next: correct it
note: cell old is ignored
plan 0123456789ab: 1 change in 1 keyspace, worst hazard safe; 2 cells; denied
`)
	want(t, text(t, func(w io.Writer, s Style) error { return Plan(w, &plan.Plan{}, s) }),
		"nothing to do: files, global topo and cells agree\n")
	want(t, text(t, func(w io.Writer, s Style) error { return Plan(w, &plan.Plan{UnreadCells: []string{"z2"}}, s) }),
		"nothing to write, and whether all planes agree is not known: could not read cell z2\n")
}

func TestPlanColor(t *testing.T) {
	p := &plan.Plan{Phases: []plan.Phase{{Writes: []plan.GlobalWrite{{Keyspace: "ks", Changes: added("ks", "mine")}}}}}
	var out bytes.Buffer
	if err := Plan(&out, p, Style{Color: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\x1b[32m  + table mine\x1b[0m\n") {
		t.Errorf("no colour in %q", out.String())
	}
}

func TestStatus(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := status.Status{
		Keyspaces: []status.Keyspace{
			{Name: "a"},
			{
				Name: "b", Changes: diff.Result{Ours: added("b", "mine")},
				VTGates: []converge.Verdict{{Name: "h:1", Cell: "z1", Status: converge.Stale, Detail: "lacks b.mine"}},
				Paused:  &rollout.Pause{Reason: "it rolled back", Since: since},
			},
			{Name: "c", Err: "bad bytes"},
			{
				Name: "d", Cells: []plan.CellDrift{{Cell: "z1", Text: "cell z1 is stale"}},
				Rollout: &status.Rollout{ID: "r1", State: rollout.Validating, Parked: &rollout.Park{Text: "h:1 is silent", Next: "vtsync resume r1"}},
			},
		},
		Held:      []status.Held{{Name: "x", Rollout: &status.Rollout{ID: "r2", State: rollout.Applying, Parked: &rollout.Park{Text: "lost", Next: "vtsync resume r2"}}}},
		Unmanaged: []string{"x", "y"}, Removed: []string{"z"}, IgnoredCells: []string{"old"},
		Unread: []converge.Verdict{{Name: "z2", Cell: "z2", Status: converge.Silent, Detail: "no answer"}},
	}
	want(t, text(t, func(w io.Writer, style Style) error { return Status(w, s, style) }), `
in sync: a
drift: b
  paused since 2026-01-02 03:04:05Z: it rolled back
  next: vtsync unpause b
  the file differs from the global topo: apply would do this
    keyspace b
      + table mine
          table mine is added: no vindexes [safe]
  vtgates that do not serve what the global topo has
    stale: h:1 in cell z1: lacks b.mine
unreadable: c: bad bytes
in flight: d
  rollout r1 is validating
  parked: h:1 is silent
  next: vtsync resume r1
  cells that do not serve what the global topo has
    cell z1 is stale
held: x has no file, and is not judged
  rollout r2 is applying
  parked: lost
  next: vtsync resume r2
silent: z2: no answer
note: keyspace z was applied by vtsync and has no file any more: it is left as it is
note: no file, not managed: x, y
note: ignored cells: old
some planes could not be read: what they serve is not known
`)
}

func TestStatusInShort(t *testing.T) {
	open := &status.Rollout{ID: "r1", State: rollout.Validating}
	tests := []struct {
		name string
		s    status.Status
		want string
	}{
		{"all agree", status.Status{Keyspaces: []status.Keyspace{{Name: "a"}}}, `
in sync: a
all planes agree
`},
		{"an open rollout settles nothing", status.Status{Keyspaces: []status.Keyspace{{Name: "a", Rollout: open}}}, `
in flight: a
  rollout r1 is validating
what could be compared agrees, and a rollout is open: it is not settled
`},
		{"nor one of a keyspace without a file", status.Status{Keyspaces: []status.Keyspace{{Name: "a"}}, Held: []status.Held{{Name: "b", Rollout: open}}}, `
in sync: a
held: b has no file, and is not judged
  rollout r1 is validating
what could be compared agrees, and a rollout is open: it is not settled
`},
		{"a file without a keyspace", status.Status{Keyspaces: []status.Keyspace{{Name: "a", Missing: true}}}, `
drift: a
  the cluster has no keyspace a
  next: vtctldclient CreateKeyspace a
planes differ: see ` + "`vtsync plan`" + `
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want(t, text(t, func(w io.Writer, style Style) error { return Status(w, tt.s, style) }), tt.want)
		})
	}
}

func TestRollout(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := NewRollout(rollout.Record{
		ID: "r1", State: rollout.Applying, Keyspaces: []string{"ks"}, By: rollout.Who{User: "u", Host: "h", Commit: "abc", OverPause: true},
		Globals: []rollout.Write{{Keyspace: "ks", Status: rollout.WriteIntended}},
		Cells:   []rollout.CellWrite{{Cell: "z1", Status: rollout.WritePlanned, Detail: "no answer"}},
		Log:     []rollout.LogLine{{At: at, Text: "pending -> applying"}},
		Parked:  &rollout.Park{Text: "etcd does not answer", Next: "vtsync resume r1"},
		Approvals: []rollout.Approval{
			{By: rollout.Who{User: "u", Host: "h"}, At: at},
			{By: rollout.Who{User: "bob", CI: "https://ci/1"}, At: at.Add(time.Hour)},
		},
	}, &plan.Plan{Phases: []plan.Phase{
		{Writes: []plan.GlobalWrite{{Keyspace: "ks", Before: json.RawMessage(`{"tables":{"it's":{}}}`)}}},
		{Writes: []plan.GlobalWrite{{Keyspace: "new ks", Before: json.RawMessage("null")}}},
	}})
	got := text(t, func(w io.Writer, s Style) error { return RolloutText(w, r, s) })
	for _, part := range []string{
		"rollout r1: applying, parked\n",
		"  by: u@h\n  commit: abc\n  over a pause, which they confirmed\n" +
			"  approved: 2026-01-02 03:04:05Z u@h\n  approved: 2026-01-02 04:04:05Z bob (https://ci/1)\n" +
			"  global topo, keyspace ks: intended\n  cell z1: planned (no answer)\n",
		"  2026-01-02 03:04:05Z pending -> applying\nparked: etcd does not answer\nnext: vtsync resume r1\n",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("missing %q in:\n%s", part, got)
		}
	}
	tail := `
vtctldclient ApplyVSchema --vschema '{}' 'new ks'
vtctldclient ApplyVSchema --vschema '{"tables":{"it'\''s":{}}}' ks
`
	if !strings.HasSuffix(got, tail) {
		t.Errorf("does not end with how to undo it by hand, latest phase first:\n%s", got)
	}
}

func TestHistory(t *testing.T) {
	records := []rollout.Record{
		{ID: "r2", State: rollout.Committed, Keyspaces: []string{"a", "b"}, By: rollout.Who{Host: "h"}},
		{ID: "r1", State: rollout.RolledBack, Keyspaces: []string{"a"}, By: rollout.Who{User: "u", Host: "h"}, Reason: "h:1 broke", Approvals: []rollout.Approval{
			{By: rollout.Who{User: "u", Host: "h"}}, {By: rollout.Who{User: "bob", Host: "h2"}},
		}},
	}
	want(t, text(t, func(w io.Writer, s Style) error { return History(w, records, s) }), `
ROLLOUT  STATE        KEYSPACES  BEGAN  BY           REASON
r2       committed    a,b        -      h            `+`
r1       rolled_back  a          -      u@h +bob@h2  h:1 broke
`)
	want(t, text(t, func(w io.Writer, s Style) error { return History(w, nil, s) }), "no rollout yet\n")
}

func TestReports(t *testing.T) {
	pull := Pull{Keyspaces: []Pulled{
		{Keyspace: "a", Action: PullWritten, File: "d/a"},
		{Keyspace: "b", Action: PullKept, File: "d/b"},
		{Keyspace: "c", Action: PullEmpty},
		{Keyspace: "e", Action: PullRefused, Reason: "it has an edit", Next: "vtsync pull --force", Changes: added("e", "t")},
		{Keyspace: "f", Action: PullMerged, File: "d/f", Changes: added("f", "t")},
		{Keyspace: "g", Action: PullRefused, Reason: "both changed the same:", Conflicts: []PullConflict{
			{Position: errs.Position{File: "d/g", Line: 3, Column: 1}, Path: []string{"tables", "t"}, Live: "{}"},
		}},
	}, Notes: []string{"d/x: the cluster has no keyspace x"}}
	want(t, text(t, func(w io.Writer, s Style) error { return PullText(w, pull, s) }), `
written d/a
kept    d/b
empty   c: the keyspace has no VSchema
refused e: it has an edit
  keyspace e
    + table t
        table t is added: no vindexes [safe]
  next: vtsync pull --force
merged  d/f
  + table t
      table t is added: no vindexes
refused g: both changed the same:
  d/g:3:1: tables.t
    file: (absent)
    live: {}
note: d/x: the cluster has no keyspace x
`)
	doctor := Doctor{Checks: []Check{
		{Plane: "topo t", What: "read", Result: CheckOK, Detail: "2 keyspaces"},
		{Plane: "vtgate g", What: "SQL", Result: CheckWarning, Next: "name its port"},
	}}
	want(t, text(t, func(w io.Writer, s Style) error { return DoctorText(w, doctor, s) }), `
ok      topo t: read: 2 keyspaces
warning vtgate g: SQL
        next: name its port
`)
	if doctor.Failed() || !pull.Refused() {
		t.Errorf("Failed = %v, Refused = %v", doctor.Failed(), pull.Refused())
	}
}

// TestWriteError shows that an output that cannot be written is not silent.
func TestWriteError(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, err := range map[string]error{
		"plan":    Plan(failing{broken}, &plan.Plan{}, Style{}),
		"status":  Status(failing{broken}, status.Status{}, Style{}),
		"history": History(failing{broken}, []rollout.Record{{ID: "r"}}, Style{}),
		"version": VersionText(failing{broken}, Version{}),
		"json":    JSON(failing{broken}, 1),
	} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
