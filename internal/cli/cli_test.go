package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/status"
	"github.com/vtsync/vtsync/internal/view"
)

var (
	finding = plan.Denial{Code: plan.DeniedFinding, Text: "a mistake"}
	hazard  = plan.Denial{Code: plan.DeniedHazard, Text: "rows", Remedy: "--allow write_loss"}
)

func TestPlanExitCodes(t *testing.T) {
	tests := []struct {
		name string
		plan *plan.Plan
		args []string
		want int
	}{
		{"differences", onePlan(t), nil, errs.ExitOK},
		{"differences, asked for", onePlan(t), []string{"--exit-code"}, errs.ExitFindings},
		{"nothing, asked for", emptyPlan(t), []string{"--exit-code"}, errs.ExitOK},
		{"finding", onePlan(t, finding), nil, errs.ExitFindings},
		{"hazard", onePlan(t, hazard), nil, errs.ExitDenied},
		{"both", onePlan(t, finding, hazard), []string{"--exit-code"}, errs.ExitDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &double{plan: tt.plan}
			if got := d.run(t, append([]string{"plan"}, tt.args...)...); got.code != tt.want {
				t.Errorf("exit code %d, want %d\n%s%s", got.code, tt.want, got.stdout, got.stderr)
			}
			if !d.closed || !slices.Equal(d.calls, []string{"plan"}) {
				t.Errorf("calls = %v, closed = %v", d.calls, d.closed)
			}
		})
	}
}

func TestPlanOut(t *testing.T) {
	d := &double{plan: onePlan(t)}
	file := filepath.Join(t.TempDir(), "plan.json")
	if got := d.run(t, "plan", "--out", file, "--format", "json"); got.code != errs.ExitOK {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	} else if saved, err := os.ReadFile(file); err != nil || string(saved) != got.stdout {
		t.Errorf("the saved plan is not the one that was shown: %v", err)
	}
	if !slices.Equal(d.calls, []string{"plan bound"}) {
		t.Errorf("calls = %v: a plan that is kept is bound to its cluster", d.calls)
	}
	d = &double{record: rollout.Record{ID: "r", State: rollout.Committed}}
	if got := d.run(t, "apply", "--yes", file); got.code != errs.ExitOK {
		t.Errorf("applying it: exit code %d\n%s", got.code, got.stderr)
	}
	if want := []string{"paused", "apply"}; !slices.Equal(d.calls, want) {
		t.Errorf("calls = %v, want %v", d.calls, want)
	}
}

func TestApply(t *testing.T) {
	paused := []rollout.Head{{Keyspace: "ks", Paused: &rollout.Pause{Reason: "it rolled back"}}}
	tests := []struct {
		name    string
		d       *double
		args    []string
		code    int
		applied bool
		stderr  string
	}{
		{"committed", &double{plan: onePlan(t), record: rollout.Record{State: rollout.Committed}}, []string{"--yes"}, errs.ExitOK, true, ""},
		{"nothing to do", &double{plan: emptyPlan(t), record: rollout.Record{State: rollout.Skipped}}, nil, errs.ExitOK, true, ""},
		{"rolled back", &double{plan: onePlan(t), record: rollout.Record{State: rollout.RolledBack}}, []string{"--yes"}, errs.ExitRolledBack, true, ""},
		{"no terminal", &double{plan: onePlan(t)}, nil, errs.ExitDenied, false, "next: add --yes"},
		{"denied", &double{plan: onePlan(t, hazard)}, []string{"--yes"}, errs.ExitDenied, false, "next: --allow write_loss"},
		{"a mistake", &double{plan: onePlan(t, finding)}, []string{"--yes"}, errs.ExitDenied, false, "nothing was changed: a mistake"},
		{"paused", &double{plan: onePlan(t), paused: paused}, []string{"--yes"}, errs.ExitDenied, false, "next: vtsync unpause ks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.d.run(t, append([]string{"apply"}, tt.args...)...)
			if got.code != tt.code || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("exit code %d, want %d\n%s", got.code, tt.code, got.stderr)
			}
			if applied := slices.Contains(tt.d.calls, "apply"); applied != tt.applied {
				t.Errorf("calls = %v", tt.d.calls)
			}
		})
	}
}

// TestApplyInJSON: programs get the reasons of a denial, and of nothing to do no
// rollout that there is not.
// TestApproves: apply and resume hand over that somebody approves.
func TestApproves(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"apply", "--yes"}, "apply"},
		{[]string{"apply", "--yes", "--approve"}, "apply and approve"},
		{[]string{"resume", "r1"}, "resume r1"},
		{[]string{"resume", "r1", "--approve"}, "resume r1 and approve"},
	} {
		d := &double{plan: onePlan(t), record: rollout.Record{State: rollout.Committed}}
		if got := d.run(t, tt.args...); got.code != errs.ExitOK || !slices.Contains(d.calls, tt.want) {
			t.Errorf("%q: exit code %d, calls %q", tt.args, got.code, d.calls)
		}
	}
}

// TestOutlook: what would hold a plan up now stands after it for people, and
// never in the JSON that apply takes.
func TestOutlook(t *testing.T) {
	const line = "now: a freeze window is open: weekend"
	d := &double{plan: onePlan(t), outlook: []string{"a freeze window is open: weekend"}}
	for _, args := range [][]string{{"plan"}, {"apply", "--yes"}} {
		if got := d.run(t, args...); !strings.Contains(got.stdout, line+"\n") {
			t.Errorf("%q does not say it:\n%s", args, got.stdout)
		}
	}
	got := d.run(t, "plan", "--format", "json")
	if p, err := plan.Decode([]byte(got.stdout)); err != nil || p.ID != d.plan.ID {
		t.Errorf("as JSON: %v\n%s", err, got.stdout)
	}
}

func TestApplyInJSON(t *testing.T) {
	d := &double{plan: onePlan(t, finding)}
	got := d.run(t, "apply", "--yes", "--format", "json")
	var told view.ErrorsJSON
	decode(t, got.stderr, &told)
	if got.stdout != "" || told.Format != 1 || len(told.Errors) != 1 || len(told.Errors[0].Denials) != 1 || told.Errors[0].Denials[0].Code != plan.DeniedFinding {
		t.Errorf("stdout %q, errors %+v", got.stdout, told)
	}

	d = &double{plan: emptyPlan(t), record: rollout.Record{State: rollout.Skipped, Keyspaces: []string{"ks"}}}
	got = d.run(t, "apply", "--format", "json")
	var skipped map[string]any
	decode(t, got.stdout, &skipped)
	want := map[string]any{"format": 1.0, "state": "skipped", "plan_id": d.plan.ID, "keyspaces": []any{"ks"}}
	if !reflect.DeepEqual(skipped, want) {
		t.Errorf("got %v, want %v", skipped, want)
	}
}

func TestAsk(t *testing.T) {
	for answer, want := range map[string]bool{"yes\n": true, " yes \n": true, "yes": true, "y\n": false, "no\n": false, "": false} {
		var out bytes.Buffer
		err := ask(strings.NewReader(answer), &out, "apply this plan?", nil)
		if (err == nil) != want || errs.ExitCode(err) != map[bool]int{true: errs.ExitOK, false: errs.ExitDenied}[want] {
			t.Errorf("%q: %v", answer, err)
		}
		if !strings.HasPrefix(out.String(), "apply this plan? ") {
			t.Errorf("asked %q", out.String())
		}
	}
}

func TestAskInterrupted(t *testing.T) {
	park := make(chan struct{})
	close(park)
	silent, answer := io.Pipe()
	defer answer.Close()
	if err := ask(silent, io.Discard, "apply this plan?", park); errs.ExitCode(err) != errs.ExitDenied {
		t.Errorf("error = %v", err)
	}
}

// TestInterrupted shows that reading which was cut short is no failure.
func TestInterrupted(t *testing.T) {
	park := make(chan struct{})
	close(park)
	d := &double{err: fmt.Errorf("read the global topo: %w", context.Canceled)}
	if got := d.runIn(t, park, "plan", "--topo", "etcd2://h:1/r"); got.code != errs.ExitDenied {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if got := d.run(t, "plan"); got.code != errs.ExitError {
		t.Errorf("canceled by nobody: exit code %d\n%s", got.code, got.stderr)
	}
}

// TestRecordCode fixes the exit code of every state: a new one must choose.
func TestRecordCode(t *testing.T) {
	want := map[rollout.State]int{
		rollout.Committed: errs.ExitOK, rollout.Skipped: errs.ExitOK,
		rollout.DeniedState: errs.ExitDenied, rollout.Canceled: errs.ExitDenied, rollout.Conflicted: errs.ExitDenied,
		rollout.RolledBack: errs.ExitRolledBack,
		rollout.Pending:    errs.ExitUnknown, rollout.Waiting: errs.ExitUnknown, rollout.Applying: errs.ExitUnknown,
		rollout.Validating: errs.ExitUnknown, rollout.RollingBack: errs.ExitUnknown, rollout.Failed: errs.ExitUnknown,
	}
	for _, s := range rollout.States {
		code, ok := want[s]
		if got := recordCode(rollout.Record{State: s}); !ok || got != code {
			t.Errorf("%s: exit code %d, want %d", s, got, code)
		}
	}
	if got := rollbackCode(rollout.Record{State: rollout.RolledBack}); got != errs.ExitOK {
		t.Errorf("a rollback that rolled back: exit code %d", got)
	}
	if got := rollbackCode(rollout.Record{State: rollout.Canceled, Code: rollout.CodeAsked}); got != errs.ExitOK {
		t.Errorf("a rollback before anything was written: exit code %d", got)
	}
	if got := rollbackCode(rollout.Record{State: rollout.Canceled, Code: rollout.CodeFenced}); got != errs.ExitDenied {
		t.Errorf("a rollback that was given up: exit code %d", got)
	}
	if got := rollbackCode(rollout.Record{State: rollout.Failed}); got != errs.ExitUnknown {
		t.Errorf("a rollback that failed: exit code %d", got)
	}
}

func TestStatusExitCodes(t *testing.T) {
	drifted := status.Keyspace{Name: "a", Changes: diff.Result{Ours: []diff.EntryChange{{}}}}
	silent := []converge.Verdict{{Name: "h:1", Status: converge.Silent}}
	tests := []struct {
		name string
		s    status.Status
		want int
	}{
		{"agree", status.Status{Keyspaces: []status.Keyspace{{Name: "a"}}}, errs.ExitOK},
		{"drift", status.Status{Keyspaces: []status.Keyspace{drifted}}, errs.ExitFindings},
		{"silent", status.Status{Unread: silent}, errs.ExitUnknown},
		{"drift and silent", status.Status{Keyspaces: []status.Keyspace{drifted}, Unread: silent}, errs.ExitUnknown},
		{"unreadable", status.Status{Keyspaces: []status.Keyspace{{Name: "a", Err: "bad bytes"}}}, errs.ExitUnknown},
	}
	for _, tt := range tests {
		d := &double{status: tt.s}
		if got := d.run(t, "status"); got.code != tt.want {
			t.Errorf("%s: exit code %d, want %d", tt.name, got.code, tt.want)
		}
	}
}

func TestOtherExitCodes(t *testing.T) {
	refused := view.Pull{Keyspaces: []view.Pulled{{Keyspace: "a", Action: view.PullRefused}}}
	failed := view.Doctor{Checks: []view.Check{{Result: view.CheckFailed}}}
	tests := []struct {
		name string
		d    *double
		args []string
		want int
		call string
	}{
		{"pull", &double{}, []string{"pull"}, errs.ExitOK, "pull"},
		{"pull refused", &double{pulled: refused}, []string{"pull"}, errs.ExitDenied, "pull"},
		{"doctor", &double{}, []string{"doctor"}, errs.ExitOK, "doctor"},
		{"doctor failed", &double{doctor: failed}, []string{"doctor"}, errs.ExitUnknown, "doctor"},
		{"resume parked", &double{record: rollout.Record{State: rollout.Validating}}, []string{"resume", "r"}, errs.ExitUnknown, "resume r"},
		{"resume of a way back by itself", &double{record: rollout.Record{State: rollout.RolledBack, Auto: true}}, []string{"resume", "r"}, errs.ExitRolledBack, "resume r"},
		{"resume of one that was asked for", &double{record: rollout.Record{State: rollout.RolledBack}}, []string{"resume", "r"}, errs.ExitOK, "resume r"},
		{"rollback", &double{record: rollout.Record{State: rollout.RolledBack}}, []string{"rollback"}, errs.ExitOK, "rollback "},
		{"rollback of one", &double{record: rollout.Record{State: rollout.Committed}}, []string{"rollback", "r"}, errs.ExitOK, "rollback r"},
		{"conflict", &double{err: &errs.Conflict{Msg: "theirs", Diff: "~ table a", Next: "vtsync pull"}}, []string{"rollback"}, errs.ExitDenied, "rollback "},
		{"unknown", &double{err: &errs.Unknown{Msg: "no answer"}}, []string{"unpause", "ks"}, errs.ExitUnknown, "unpause ks"},
		{"internal", &double{err: errors.New("broken")}, []string{"show", "r"}, errs.ExitError, "rollout r"},
	}
	for _, tt := range tests {
		got := tt.d.run(t, tt.args...)
		if got.code != tt.want || !slices.Equal(tt.d.calls, []string{tt.call}) || !tt.d.closed {
			t.Errorf("%s: exit code %d, want %d; calls %q\n%s", tt.name, got.code, tt.want, tt.d.calls, got.stderr)
		}
	}
}

// TestRollbackAsks shows that nothing is taken back before its plan was shown
// and somebody agreed.
func TestRollbackAsks(t *testing.T) {
	d := &double{plan: onePlan(t), record: rollout.Record{State: rollout.Committed}}
	got := d.run(t, "rollback")
	if got.code != errs.ExitDenied || slices.Contains(d.calls, "taken back") || !strings.Contains(got.stderr, "add --yes") || !strings.Contains(got.stdout, "+ table b") {
		t.Errorf("exit code %d, calls %q\n%s%s", got.code, d.calls, got.stdout, got.stderr)
	}
	if got = d.run(t, "rollback", "--yes"); got.code != errs.ExitOK || !slices.Contains(d.calls, "taken back") {
		t.Errorf("with --yes: exit code %d, calls %q\n%s", got.code, d.calls, got.stderr)
	}
}

func TestHistoryShowsWhatItCan(t *testing.T) {
	d := &double{
		history: []rollout.Record{
			{ID: "r3", State: rollout.Committed, Keyspaces: []string{"b"}},
			{ID: "r2", State: rollout.Committed, Keyspaces: []string{"a", "b"}},
			{ID: "r1", State: rollout.Committed, Keyspaces: []string{"a"}},
		},
		err: &errs.Invalid{Msg: "damaged record r0"},
	}
	got := d.run(t, "history", "--keyspace", "a", "--limit", "1", "--format", "json")
	var shown view.Rollouts
	decode(t, got.stdout, &shown)
	if shown.Format != 1 || len(shown.Rollouts) != 1 || shown.Rollouts[0].ID != "r2" {
		t.Errorf("shown = %+v", shown)
	}
	var told view.ErrorsJSON
	decode(t, got.stderr, &told)
	if got.code != errs.ExitError || len(told.Errors) != 1 || told.Errors[0].Message != "damaged record r0" {
		t.Errorf("exit code %d, errors %+v", got.code, told)
	}
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "vtsync.yaml")
	text := "clusters:\n  prod: {path: files, topo: \"etcd2://p:1/r\", vtgates: [\"g:1\"], policy: {timeout: 5s}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &double{}
	d.runIn(t, nil, "status", "--config", file, "--keyspace", "a", "--keyspace", "b")
	s := d.settings
	if s.Dir != filepath.Join(dir, "files") || s.Cluster.Topo.Value != "etcd2://p:1/r" || s.Cluster.VTGates[0].Spec != "g:1" ||
		s.Cluster.Policy.Timeout != 5*time.Second || !slices.Equal(s.Keyspaces, []string{"a", "b"}) {
		t.Errorf("from the config: %+v", s)
	}
	d.runIn(t, nil, "status", "other", "--config", file, "--vtgate", "h:2", "--timeout", "7s")
	s = d.settings
	if s.Dir != "other" || len(s.Cluster.VTGates) != 1 || s.Cluster.VTGates[0].Spec != "h:2" || s.Cluster.Policy.Timeout != 7*time.Second {
		t.Errorf("flags over the config: %+v", s)
	}
	d.runIn(t, nil, "status", "--topo", "etcd2://q:1/r", "--topo-cert", "c", "--topo-key", "k")
	s = d.settings
	if s.Dir != "." || s.Cluster.Topo.Value != "etcd2://q:1/r" || s.Cluster.TopoTLS != (config.TLS{Cert: "c", Key: "k"}) ||
		!reflect.DeepEqual(s.Cluster.Policy, config.DefaultPolicy()) {
		t.Errorf("flags alone: %+v", s)
	}
}

// TestParkDropsReading shows that the first request to stop ends what only
// reads, and not what a rollout may be in the middle of.
func TestParkDropsReading(t *testing.T) {
	for verb, dropped := range map[string]bool{"status": true, "doctor": true, "rollback": false} {
		synctest.Test(t, func(t *testing.T) {
			park := make(chan struct{})
			ended := false
			d := &double{record: rollout.Record{State: rollout.Committed}, during: func(ctx context.Context) {
				close(park)
				synctest.Wait()
				ended = ctx.Err() != nil
			}}
			d.runIn(t, park, verb, "--topo", "etcd2://h:1/r")
			if ended != dropped {
				t.Errorf("%s: its context has ended: %v, want %v", verb, ended, dropped)
			}
		})
	}
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progress{w: &out, width: 20, text: "planning", stop: make(chan struct{}), done: make(chan struct{})}
		go p.run(time.Now())
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		if out.Len() != 0 {
			t.Errorf("a line after less than a second: %q", out.String())
		}
		p.say("something that takes more room")
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if got, want := out.String(), "\r\x1b[Jsomething that tak…"; got != want {
			t.Errorf("line = %q, want %q", got, want)
		}
		p.finish()
		if !strings.HasSuffix(out.String(), "\r\x1b[J") {
			t.Errorf("the line was left behind: %q", out.String())
		}
	})
}
