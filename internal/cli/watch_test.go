package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/view"
)

// story is a rollout that waits for a migration and then commits.
func story() []rollout.Record {
	began := time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC)
	wait := rollout.Waited{Blocker: rollout.Blocker{Kind: rollout.WaitMigration, Keyspace: "ks", Name: "u1", Text: "running", Total: 1}, Since: began}
	waiting := rollout.Record{
		ID: "r1", State: rollout.Waiting, Updated: began, Reason: "running", Waits: []rollout.Waited{wait},
		Log: []rollout.LogLine{{At: began, Text: "waiting: running"}},
	}
	committed := waiting
	committed.State, committed.Updated, committed.Reason = rollout.Committed, began.Add(time.Minute), ""
	wait.Met = committed.Updated
	committed.Waits = []rollout.Waited{wait}
	committed.Log = append(committed.Log[:1:1], rollout.LogLine{At: committed.Updated, Text: "validating -> committed"})
	return []rollout.Record{waiting, waiting, waiting, waiting, waiting, waiting, committed}
}

// bubble runs a test on a clock of its own: pauses cost nothing.
func bubble(t *testing.T, test func(*testing.T)) { synctest.Test(t, test) }

var running = []ddl.Answer{{
	Need:   ddl.Need{Keyspace: "ks", Migration: "u1"},
	Shards: []ddl.Shard{{Name: "0", Status: ddl.Waiting, Text: "running, 41 % copied", Progress: 41}},
}}

func TestWatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := &double{records: story(), waits: running}
		got := d.run(t, "watch", "r1")
		if got.code != errs.ExitOK || got.stderr != "" || !d.closed {
			t.Errorf("%+v", got)
		}
		lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
		// The migration's line carries the time of the look.
		if len(lines) != 6 || !strings.HasSuffix(lines[2], " migration u1 on ks/0: running, 41 % copied") {
			t.Fatalf("%s", got.stdout)
		}
		lines[2] = "..."
		if text := strings.Join(lines, "\n"); text != `2026-11-22 22:00:00Z waiting: running
2026-11-22 22:00:00Z waits for migration u1 on ks, ready on 0 of 1 shards
...
2026-11-22 22:01:00Z validating -> committed
2026-11-22 22:01:00Z no longer waits for migration u1 on ks, after 1m0s
rollout r1: committed` {
			t.Errorf("%s", text)
		}
	})
}

// TestWatchJSON: each change is an object on a line, and nothing else is there.
func TestWatchJSON(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := &double{records: story(), waits: running}
		got := d.run(t, "watch", "--format", "json")
		var types []string
		var last view.Change
		for line := range strings.Lines(got.stdout) {
			last = view.Change{}
			if err := json.Unmarshal([]byte(line), &last); err != nil || last.Time.IsZero() || last.Rollout != "r1" {
				t.Fatalf("%v: %s", err, line)
			}
			types = append(types, last.Type)
		}
		if text := strings.Join(types, " "); got.code != errs.ExitOK || text != "log wait state progress log wait state" || last.State != rollout.Committed {
			t.Errorf("%d: %s", got.code, text)
		}
	})
}

func TestWatchEnds(t *testing.T) {
	parked := rollout.Record{ID: "r1", State: rollout.Waiting, Parked: &rollout.Park{Code: rollout.CodeBreaker, Text: "1 of 2 shards failed", Next: "vtsync resume r1"}}
	tests := []struct {
		name   string
		record rollout.Record
		code   int
		text   string
	}{
		{"parked", parked, errs.ExitUnknown, "parked: 1 of 2 shards failed\nnext: vtsync resume r1\n"},
		{"taken back by itself", rollout.Record{ID: "r1", State: rollout.RolledBack, Auto: true}, errs.ExitRolledBack, "rollout r1: rolled_back\n"},
		{"taken back by a person", rollout.Record{ID: "r1", State: rollout.RolledBack}, errs.ExitOK, "rollout r1: rolled_back\n"},
		{"denied", rollout.Record{ID: "r1", State: rollout.DeniedState, Reason: "stale"}, errs.ExitDenied, "rollout r1: denied\n  stale\n"},
	}
	for _, tt := range tests {
		d := &double{record: tt.record}
		if got := d.run(t, "watch", "r1"); got.code != tt.code || !strings.HasSuffix(got.stdout, tt.text) {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

// TestWatchStops: Ctrl-C ends the watching and says that the rollout goes on.
func TestWatchStops(t *testing.T) {
	bubble(t, func(t *testing.T) {
		park := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(park) })
		d := &double{record: story()[0]}
		got := d.runIn(t, park, "watch", "--topo", "etcd2://h:1/r")
		if got.code != errs.ExitUnknown || !strings.Contains(got.stderr, "stopped watching rollout r1 (waiting)") || !strings.Contains(got.stderr, "next: vtsync watch r1") {
			t.Errorf("%+v", got)
		}
	})
}

// silent makes the engine answer nothing for a while.
func (d *double) silent(from, until time.Duration) {
	began := time.Now()
	d.during = func(context.Context) {
		d.err = nil
		if at := time.Since(began); at > from && at < until {
			d.err = &errs.Unknown{Msg: "read record: no answer"}
		}
	}
}

// TestWatchBearsSilence: a topo that does not answer for a while ends nothing;
// one that never does, and any other error, do.
func TestWatchBearsSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := &double{records: story()}
		d.silent(time.Second, time.Minute)
		if got := d.run(t, "watch"); got.code != errs.ExitOK || strings.Count(got.stderr, "topo does not answer") != 1 {
			t.Errorf("%+v", got)
		}
	})
	bubble(t, func(t *testing.T) {
		d := &double{record: story()[0]}
		d.silent(time.Second, time.Hour)
		if got := d.run(t, "watch"); got.code != errs.ExitUnknown || !strings.Contains(got.stderr, "read record: no answer") {
			t.Errorf("%+v", got)
		}
	})
	d := &double{err: &errs.Invalid{Msg: "no rollout is open"}}
	if got := d.run(t, "watch"); got.code != errs.ExitError || !strings.Contains(got.stderr, "no rollout is open") {
		t.Errorf("%+v", got)
	}
}

// TestWaitsBesideApply: where there is no terminal, a rollout that runs in this
// process tells on stderr what it waits for, and programs all of it; stdout stays
// what it is. Nobody is asked for it.
func TestWaitsBesideApply(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		for _, verb := range []string{"resume", "rollback"} {
			d := &double{record: rollout.Record{ID: "r1", State: rollout.Committed}}
			d.running = func(run Running) {
				run.Progress(story()[0])
				run.Looked(running)
				run.Looked(running)
				run.Progress(story()[6])
			}
			got := d.run(t, verb, "r1", "--format", format)
			if got.code != errs.ExitOK || strings.Contains(got.stdout, "u1") {
				t.Errorf("%s %s: %+v", verb, format, got)
			}
			if format == "text" {
				if strings.Count(got.stderr, "waits for migration u1 on ks") != 2 || strings.Count(got.stderr, "ks/0: running, 41 % copied") != 1 {
					t.Errorf("%s: %s", verb, got.stderr)
				}
				continue
			}
			decode(t, got.stdout, &rollout.Record{})
			var types []string
			for line := range strings.Lines(got.stderr) {
				var ch view.Change
				if err := json.Unmarshal([]byte(line), &ch); err != nil || ch.Rollout != "r1" {
					t.Fatalf("%v: %s", err, line)
				}
				types = append(types, ch.Type)
			}
			if text := strings.Join(types, " "); text != "log wait state progress log wait state" {
				t.Errorf("%s: %s", verb, text)
			}
		}
	}
}

// TestWatchOfTheDead: a rollout that no process runs is not shown as if one did.
func TestWatchOfTheDead(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		bubble(t, func(t *testing.T) {
			dead := story()[0]
			dead.Updated = time.Now()
			d := &double{record: dead}
			park := make(chan struct{})
			time.AfterFunc(10*time.Minute, func() { close(park) })
			got := d.runIn(t, park, "watch", "r1", "--format", format, "--topo", "etcd2://h:1/r")
			if strings.Count(got.stdout, "no process has touched it for 3 min; to go on with it: vtsync resume r1") != 1 {
				t.Errorf("%s", got.stdout)
			}
		})
	}
	d := &double{record: story()[0]}
	d.record.Updated = time.Now().Add(-time.Hour)
	if got := d.run(t, "show", "r1"); !strings.Contains(got.stdout, "no process has touched it for 60 min") {
		t.Errorf("%+v", got)
	}
}

// TestLinesBelow: what is written below the line is clipped, written over and
// taken away.
func TestLinesBelow(t *testing.T) {
	p := &progress{text: "waiting", width: 20}
	p.below([]string{"migration u1", "  -80 [####----] and so on"})
	if got, want := p.drawn(3*time.Second), "\r\x1b[J"+"waiting (3s)\nmigration u1\n  -80 [####----] a…\x1b[2A"; got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
	var out strings.Builder
	s := screen{w: &out, width: 10}
	s.draw([]string{"one", "two"})
	s.keep("kept")
	s.draw([]string{"three"})
	s.draw(nil)
	s.draw(nil)
	if got, want := out.String(), "one\ntwo\n\x1b[2A\r\x1b[Jkept\nthree\n\x1b[1A\r\x1b[J"; got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}
