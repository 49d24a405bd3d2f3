package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// parallelExplains bounds the queries that vtgates are asked for at once.
const parallelExplains = 8

// judgeByVTGate compares the plans that the vtgates give now with ours after the
// change.
func (r *impactRun) judgeByVTGate(ctx context.Context, before, after compile.Side) ([]impact.Result, error) {
	if len(r.vtgates) == 0 {
		return nil, &errs.Invalid{Msg: "--planner vtgate asks vtgates for plans, and none is named", Next: "add --vtgate HOST:PORT, or `vtgates` to the cluster in the config"}
	}
	results, err := compile.Compare(ctx, before, after, r.queries)
	if err != nil {
		return nil, err
	}
	asked := r.explainers()
	differs := make([]bool, len(results))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelExplains)
	for i, q := range r.queries {
		group.Go(func() error {
			q.TabletType = cmp.Or(q.TabletType, results[i].IfTabletType) // the one that is hit worst
			v := versus{query: q, ours: results[i], before: before.Planner.Plan(gctx, q)}
			v.after = compile.Reached(before.Planner, after.Planner, q, after.Planner.Plan(gctx, q))
			live, err := asked.explain(gctx, i, q)
			if errors.Is(err, vtgate.ErrNotExplained) {
				live = v.before
			} else if err != nil {
				return err
			}
			live = before.Planner.Explained(q, live)
			live.Tables = v.before.Tables // which VEXPLAIN does not say
			differs[i] = !samePlan(live, v.before)
			results[i] = v.judge(live, before.Ground, after.Ground)
			return gctx.Err()
		})
	}
	err = group.Wait()
	r.unread = append(r.unread, asked.left()...)
	if err != nil {
		return nil, err
	}
	r.notes = append(r.notes, r.noteDiffering(differs))
	return results, nil
}

func (r *impactRun) noteDiffering(differs []bool) string {
	var texts []string
	n := 0
	for i, q := range r.queries {
		if differs[i] {
			n++
			texts = append(texts, q.SQL)
		}
	}
	var named string
	if n > 0 {
		named = " (" + strings.Join(texts[:min(n, maxDiffering)], "; ")
		if more := n - maxDiffering; more > 0 {
			named += fmt.Sprintf("; and %d more", more)
		}
		named += ")"
	}
	return fmt.Sprintf("the plans before the change are those of the vtgates: %d of %d differ from those that the planner of %s makes now%s; "+
		"a query that it plans alike before and after counts as the same", n, len(r.queries), vitessRelease(), named)
}

// versus is one query with our plans, of which a vtgate gives the one before the
// change.
type versus struct {
	query         impact.Query
	ours          impact.Result
	before, after impact.Plan
}

// judge takes the vtgate's plan for the one before the change. Where our planner
// makes the same plan on both sides, the query stays the same: what differs is the
// planner and not the routing. Where it makes none on either, nobody knows what
// becomes of the vtgate's. A query that only the vtgate refuses is judged by our
// plans alone: ours after the change would make it look fixed by that.
func (v versus) judge(live impact.Plan, before, after impact.Ground) impact.Result {
	switch {
	case samePlan(live, v.before):
		return v.ours
	case v.before.Err != nil && v.after.Err != nil:
		return v.notKnown(live, before)
	case live.Err != nil && v.before.Err == nil && v.after.Err == nil:
		return v.refused(live)
	case v.ours.Verdict == impact.Same:
		return v.ours
	}
	out := impact.Judge(v.query, live, v.after, before, after)
	out.TabletType, out.IfTabletType = v.ours.TabletType, v.ours.IfTabletType
	return out
}

// notKnown has the vtgate's plan before the change, and no plan after it.
func (v versus) notKnown(live impact.Plan, ground impact.Ground) impact.Result {
	release := vitessRelease()
	unplanned := *v.after.Err
	unplanned.Text = "the planner of " + release + " cannot plan it: " + unplanned.Text
	out := v.ours
	out.Before, out.BeforeTree = impact.Look(live, ground), live.Tree
	out.After.Error = &unplanned
	out.Reasons = []string{"a vtgate plans it, and the planner of " + release + " on neither side: what the change does to it is not known"}
	return out
}

// refused is a query that a vtgate does not plan as things are, and our planner
// does.
func (v versus) refused(live impact.Plan) impact.Result {
	out := v.ours
	why := "a vtgate refuses it as it is now: " + live.Err.String() + "; both plans are those of the planner of " + vitessRelease()
	out.Reasons = append(slices.Clone(out.Reasons), why)
	return out
}

// explainer is a vtgate that can be asked for plans.
type explainer interface {
	Target() string
	Explain(ctx context.Context, q impact.Query) (impact.Plan, error)
}

// explainers are asked for plans, each until it does not answer in time: it would
// keep every other query waiting, too.
type explainers struct {
	vtgates []explainer

	mu     sync.Mutex
	silent map[string]string // why, by target
}

// explainers are the vtgates, without those that were silent already.
func (r *impactRun) explainers() *explainers {
	out := &explainers{silent: map[string]string{}}
	for _, reader := range r.vtgates {
		out.vtgates = append(out.vtgates, reader)
	}
	if r.snap != nil {
		for _, g := range r.snap.VTGates {
			if g.Silent != "" {
				out.silent[g.Target] = g.Silent
			}
		}
	}
	return out
}

// explain asks one vtgate after the other, each query beginning with another one.
func (e *explainers) explain(ctx context.Context, i int, q impact.Query) (impact.Plan, error) {
	var first error
	for n := range e.vtgates {
		g := e.vtgates[(i+n)%len(e.vtgates)]
		if why, silent := e.silence(g.Target()); silent {
			if first == nil {
				first = fmt.Errorf("vtgate %s: %s", g.Target(), why)
			}
			continue
		}
		plan, err := g.Explain(ctx, q)
		if err == nil || errors.Is(err, vtgate.ErrNotExplained) {
			return plan, err
		}
		if ctx.Err() != nil {
			return plan, ctx.Err()
		}
		if vtgate.NoAnswer(err) {
			e.leaveOut(g.Target(), "no answer in time")
		}
		if first == nil {
			first = err
		}
	}
	return impact.Plan{}, &errs.Unknown{
		Msg: "no vtgate says how it plans a query", Err: first,
		Next: "--planner " + cli.PlannerOurs + " asks none; a vtgate needs a MySQL or gRPC port for it (vtsync doctor)",
	}
}

func (e *explainers) silence(target string) (why string, silent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	why, silent = e.silent[target]
	return why, silent
}

func (e *explainers) leaveOut(target, why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.silent[target] = why
}

// left says which vtgates were left out.
func (e *explainers) left() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, target := range sortedKeys(e.silent) {
		out = append(out, "the plans of vtgate "+target+": "+e.silent[target])
	}
	return out
}

// samePlan tells whether two plans are the same, or both there is none.
func samePlan(a, b impact.Plan) bool {
	if a.Tree == nil || b.Tree == nil {
		return (a.Tree == nil) == (b.Tree == nil)
	}
	return a.Tree.Equal(*b.Tree)
}
