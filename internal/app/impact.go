package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"vitess.io/vitess/go/vt/servenv"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// impactRun is one making of an impact report.
type impactRun struct {
	*App
	ask  cli.Impacting
	snap *planes.Snapshot // nil where no cluster is asked
	// before and after are the whole routing, and known what MySQL holds then.
	before, after           *vschema.SrvVSchema
	knownBefore, knownAfter schemas
	queries                 []impact.Query
	cached                  []cachedPlan
	// served is what the vtgate servedBy knows of MySQL's tables, where it was asked.
	served   map[string]vtgate.Schema
	servedBy string
	// untracked tells that the vtgates know none of that.
	untracked bool
	// notes are what the reader must see, and unread what did not answer.
	notes, unread []string
}

// Impact says what a change does to the known queries. Where something did not
// answer that it can do without, there is a report beside the error.
func (a *App) Impact(ctx context.Context, ask cli.Impacting) (*impact.Report, error) {
	ctx, span := tracer.Start(ctx, "vtsync.impact")
	defer span.End()
	r := &impactRun{App: a, ask: ask}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	span.SetAttributes(attribute.Int("queries", len(r.queries)))
	report, err := r.compare(ctx)
	if err != nil {
		return nil, err
	}
	if len(r.unread) > 0 {
		return report, &errs.Unknown{
			Msg:  "the report is not whole, since this could not be read: " + strings.Join(r.unread, "; "),
			Next: "vtsync doctor says what answers",
		}
	}
	return report, nil
}

// read reads all that the report is made of.
func (r *impactRun) read(ctx context.Context) error {
	if r.ask.Live() {
		if err := r.connect(ctx); err != nil {
			return err
		}
		snap, err := r.observe.Snapshot(ctx)
		if err != nil {
			return err
		}
		r.snap = snap
		r.noteSkew()
	}
	before, err := r.impactSide(ctx, r.ask.Before, false, r.snap)
	if err != nil {
		return err
	}
	after, err := r.impactSide(ctx, r.ask.After, true, r.snap)
	if err != nil {
		return err
	}
	if err := r.readQueries(ctx); err != nil {
		return err
	}
	return r.join(ctx, before, after)
}

// join makes the routing of each side whole, and finds the columns of its tables.
func (r *impactRun) join(ctx context.Context, before, after impactSide) error {
	var taken [2]string
	r.before, taken[0] = before.completed(after)
	r.after, taken[1] = after.completed(before)
	if err := r.narrow(r.before, r.after); err != nil {
		return err
	}
	names := slices.Concat(sortedKeys(r.before.Keyspaces), sortedKeys(r.after.Keyspaces))
	for _, name := range sortedKeys(r.ask.Shards) {
		if !slices.Contains(names, name) {
			return &errs.Invalid{Msg: "--shards: keyspace " + name + " is on neither side", Near: near.Name(name, names)}
		}
	}
	notes := slices.Concat(before.notes, after.notes, taken[:], r.unapplied(before, after), moved(r.before, r.after))
	slices.Sort(notes)
	r.notes = append(r.notes, slices.DeleteFunc(slices.Compact(notes), func(note string) bool { return note == "" })...)
	return r.findColumns(ctx, before.schemas, after.schemas)
}

// unapplied says which rules of the files are part of the report, and of no plan.
func (r *impactRun) unapplied(before, after impactSide) []string {
	if r.ask.Before != cli.SideLive || r.ask.After != "" {
		return nil
	}
	var out []string
	for _, kind := range vschema.RuleKinds {
		if after.rules[kind] != nil && !vschema.EqualRules(kind, before.rules[kind], after.rules[kind]) {
			out = append(out, "the "+string(kind)+" of the files differ from the live ones and count here: this version of vtsync does not apply them")
		}
	}
	return out
}

// shards are the numbers of shards: what the user says, and then what is live.
func (r *impactRun) shards() map[string]int {
	out := map[string]int{}
	if r.snap != nil {
		out = servingShards(r.snap.Global)
	}
	maps.Copy(out, r.ask.Shards)
	return out
}

// compare plans every query on both sides.
func (r *impactRun) compare(ctx context.Context) (*impact.Report, error) {
	shards := r.shards()
	flags := r.planFlags()
	before, err := r.plannerSide(r.before, r.knownBefore, shards, flags)
	if err != nil {
		return nil, err
	}
	after, err := r.plannerSide(r.after, r.knownAfter, shards, flags)
	if err != nil {
		return nil, err
	}
	results, err := r.judge(ctx, before, after)
	if err != nil {
		return nil, err
	}
	r.notes = append(r.notes, plannerNotes(before.Planner, after.Planner)...)
	if note := missingColumns(results); note != "" {
		r.notes = append(r.notes, note)
	}
	r.notes = append(r.notes, cheapYet(results, r.after, shards)...)
	report := impact.NewReport(vitessRelease(), results, r.notes)
	if r.ask.All {
		report = impact.NewFullReport(vitessRelease(), results, r.notes)
	}
	report.Untracked = r.untracked
	if n := r.ask.Explain; n > 0 && n <= len(report.Queries) {
		addTrees(ctx, &report.Queries[n-1], before.Planner, after.Planner)
	}
	return report, nil
}

// addTrees plans a query again, as the plans of many are not kept.
func addTrees(ctx context.Context, res *impact.Result, before, after *compile.Planner) {
	if res.BeforeTree != nil || res.AfterTree != nil {
		return
	}
	q := impact.Query{SQL: res.SQL, Keyspace: res.Keyspace, TabletType: cmp.Or(res.TabletType, res.IfTabletType), Executions: res.Weight}
	res.BeforeTree, res.AfterTree = before.Plan(ctx, q).Tree, after.Plan(ctx, q).Tree
}

// judge compares the plans, those of the vtgates where they were asked for.
func (r *impactRun) judge(ctx context.Context, before, after compile.Side) ([]impact.Result, error) {
	if r.ask.Planner == cli.PlannerVTGate {
		return r.judgeByVTGate(ctx, before, after)
	}
	if r.ask.Before == cli.SideLive && len(r.cached) > 0 {
		if err := r.checkCached(ctx, before.Planner); err != nil {
			return nil, err
		}
	}
	return compile.Compare(ctx, before, after, r.queries)
}

// plannerSide makes one side of a comparison of the whole routing.
func (r *impactRun) plannerSide(srv *vschema.SrvVSchema, known schemas, shards map[string]int, flags compile.Flags) (compile.Side, error) {
	planner, err := compile.New(compile.Input{Routing: srv, Schemas: known, Opaque: r.cluster.VindexTypes, Flags: flags})
	if err != nil {
		return compile.Side{}, fmt.Errorf("build the routing for the planner: %w", err)
	}
	return compile.Side{Planner: planner, Ground: impact.GroundOf(srv, shards)}, nil
}

// plannerNotes are what the two planners say of their routing, each with its side
// where they differ.
func plannerNotes(before, after *compile.Planner) []string {
	var out []string
	for _, note := range before.Notes() {
		if slices.Contains(after.Notes(), note) {
			out = append(out, note)
		} else {
			out = append(out, "before the change: "+note)
		}
	}
	for _, note := range after.Notes() {
		if !slices.Contains(before.Notes(), note) {
			out = append(out, "after the change: "+note)
		}
	}
	return out
}

// vitessRelease is the version of the Vitess that is linked, as vtgates give theirs:
// a module's version is another number, and tests are built without it.
func vitessRelease() string { return servenv.AppVersion.ToStringMap()["version"] }

// minor is the part of a version that planners differ by: 24.0 of 24.0.1.
func minor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// noteSkew says of vtgates that are another minor version than the planner's. It
// is what a report begins with.
func (r *impactRun) noteSkew() {
	ours := vitessRelease()
	var others []string
	for _, g := range r.snap.VTGates {
		if g.Version != "" && minor(g.Version) != minor(ours) {
			others = append(others, g.Version)
		}
	}
	if len(others) == 0 {
		return
	}
	slices.Sort(others)
	note := fmt.Sprintf("the vtgates run Vitess %s, and these plans are made by the planner of %s", strings.Join(slices.Compact(others), ", "), ours)
	if r.ask.Planner != cli.PlannerVTGate && r.ask.Before == cli.SideLive {
		note += ": --planner vtgate asks them for the plans before the change"
	}
	r.notes = append(r.notes, note)
}
