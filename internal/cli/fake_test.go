package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/status"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/internal/vschema"
)

// double is an Engine that answers what the test put into it and notes what it
// was asked.
type double struct {
	settings Settings
	plan     *plan.Plan
	outlook  []string
	planned  Planning // what Plan was asked for with last
	paused   []rollout.Head
	record   rollout.Record
	records  []rollout.Record // what Record gives, one after the other
	waits    []ddl.Answer
	running  func(Running) // what a rollout that is resumed or taken back does
	status   status.Status
	pulled   view.Pull
	doctor   view.Doctor
	live     Live
	history  []rollout.Record
	impact   *impact.Report
	asked    Impacting // what Impact was asked for with last
	err      error

	collected  view.Collected
	collecting Collecting // what Collect was asked for with last

	during func(context.Context) // what happens while it is asked, if anything

	calls  []string
	closed bool
}

func (d *double) called(ctx context.Context, name string) {
	d.calls = append(d.calls, name)
	if d.during != nil {
		d.during(ctx)
	}
}

func (d *double) Pull(ctx context.Context, mode view.PullMode) (view.Pull, error) {
	d.called(ctx, strings.TrimSpace("pull "+string(mode)))
	return d.pulled, d.err
}

func (d *double) Plan(ctx context.Context, wish Planning) (*plan.Plan, error) {
	name := "plan"
	d.planned = wish
	if wish.Bind {
		name = "plan bound"
	}
	d.called(ctx, name)
	return d.plan, d.err
}

func (d *double) Outlook(context.Context, *plan.Plan) []string { return d.outlook }

func (d *double) Paused(ctx context.Context, _ []string) ([]rollout.Head, error) {
	d.called(ctx, "paused")
	return d.paused, d.err
}

func (d *double) Apply(ctx context.Context, _ *plan.Plan, run Running) (rollout.Record, error) {
	d.called(ctx, "apply"+approving(run))
	return d.record, d.err
}

func (d *double) Resume(ctx context.Context, id string, run Running) (rollout.Record, error) {
	d.called(ctx, "resume "+id+approving(run))
	if d.running != nil {
		d.running(run)
	}
	return d.record, d.err
}

func approving(run Running) string {
	if run.Approve {
		return " and approve"
	}
	return ""
}

func (d *double) Rollback(ctx context.Context, id string, run Running) (rollout.Record, error) {
	d.called(ctx, "rollback "+id)
	if d.running != nil {
		d.running(run)
	}
	if d.plan != nil { // one to take it back by
		if err := errors.Join(run.Show(d.plan), run.Confirm("back?")); err != nil {
			return d.record, err
		}
		d.calls = append(d.calls, "taken back")
	}
	return d.record, d.err
}

func (d *double) Status(ctx context.Context) (status.Status, error) {
	d.called(ctx, "status")
	return d.status, d.err
}

func (d *double) History(ctx context.Context) ([]rollout.Record, error) {
	d.called(ctx, "history")
	return d.history, d.err
}

func (d *double) Rollout(ctx context.Context, id string) (view.Rollout, error) {
	d.called(ctx, "rollout "+id)
	return view.NewRollout(d.record, d.plan), d.err
}

func (d *double) Record(ctx context.Context, id string) (rollout.Record, error) {
	d.called(ctx, "record "+id)
	if len(d.records) > 0 && d.err == nil {
		d.record, d.records = d.records[0], d.records[1:]
	}
	return d.record, d.err
}

func (d *double) Waits(context.Context, rollout.Record) ([]ddl.Answer, error) {
	return d.waits, nil
}

func (d *double) Live(ctx context.Context) (Live, error) {
	d.called(ctx, "live")
	return d.live, d.err
}

func (d *double) Unpause(ctx context.Context, keyspace string) (*rollout.Pause, error) {
	d.called(ctx, "unpause "+keyspace)
	return nil, d.err
}

func (d *double) Doctor(ctx context.Context) (view.Doctor, error) {
	d.called(ctx, "doctor")
	return d.doctor, d.err
}

func (d *double) Impact(ctx context.Context, ask Impacting) (*impact.Report, error) {
	d.called(ctx, "impact")
	d.asked = ask
	return d.impact, d.err
}

func (d *double) Collect(ctx context.Context, how Collecting) (view.Collected, error) {
	d.called(ctx, "collect")
	d.collecting = how
	return d.collected, d.err
}

func (d *double) Close() { d.closed = true }

// ran is what one command line did.
type ran struct {
	code           int
	stdout, stderr string
}

// run runs a command line against the double, with a cluster named by flags.
func (d *double) run(t *testing.T, args ...string) ran {
	t.Helper()
	return d.runIn(t, nil, append(args, "--topo", "etcd2://h:1/r")...)
}

func (d *double) runIn(t *testing.T, park <-chan struct{}, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Run(t.Context(), Env{
		Args: args, Stdin: strings.NewReader("yes\n"), Stdout: &stdout, Stderr: &stderr, Park: park,
		Getenv:  func(string) string { return "" },
		Open:    func(s Settings) (Engine, error) { d.settings = s; return d, nil },
		Version: view.Version{Version: "v1", Vitess: "v0.24.1", Go: "go1"},
	})
	return ran{code, stdout.String(), stderr.String()}
}

// onePlan is a plan that adds a table, with the denials given.
func onePlan(t *testing.T, denials ...plan.Denial) *plan.Plan {
	t.Helper()
	return built(t, map[string]*vschema.Table{"a": {}, "b": {}}, denials...)
}

// emptyPlan is a plan with nothing to do.
func emptyPlan(t *testing.T) *plan.Plan {
	t.Helper()
	return built(t, map[string]*vschema.Table{"a": {}})
}

func built(t *testing.T, tables map[string]*vschema.Table, denials ...plan.Denial) *plan.Plan {
	t.Helper()
	live := &vschema.Keyspace{Tables: map[string]*vschema.Table{"a": {}}}
	rules := planes.Rules{Tokens: map[vschema.RuleKind]planes.Token{}}
	rules.Table, rules.Shard = &vschema.RoutingRules{}, &vschema.ShardRoutingRules{}
	rules.Keyspace, rules.Mirror = &vschema.KeyspaceRoutingRules{}, &vschema.MirrorRules{}
	p, err := plan.Build(plan.Input{
		Snapshot: &planes.Snapshot{Global: planes.Global{
			Keyspaces: map[string]planes.Keyspace{
				"ks": {Token: planes.Token{Version: "1", Hash: "x"}, VSchema: live, HasRecord: true, Shards: []planes.Shard{{Name: "0", Serving: true}}},
			},
			Rules: rules,
		}},
		Desired: map[string]*vschema.Keyspace{"ks": {Tables: tables}},
		Last:    map[string]*vschema.Keyspace{"ks": live},
		Denials: denials, Cluster: "c", Backend: "topo",
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Empty() != (len(tables) == 1) || diff.MaxHazard(nil) != diff.Safe {
		t.Fatalf("the plan of the test is not what it is meant to be: %+v", p)
	}
	return p
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
}
