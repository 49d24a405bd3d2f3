package app

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// parallelExplains bounds the queries that vtgates are asked for at once.
const parallelExplains = 8

// cachedPlan is a plan that a vtgate has now.
type cachedPlan struct {
	vtgate string
	query  impact.Query
	tree   *impact.Node
}

// readCached takes in the queries of the vtgates' plan caches. One that does not
// answer is told; where none does there is nothing to report on.
func (r *impactRun) readCached(ctx context.Context, corpus *queries.Corpus) error {
	if len(r.vtgates) == 0 {
		return &errs.Invalid{Msg: "--queries live reads the plan caches of vtgates, and none is named", Next: "add --vtgate HOST:PORT, or `vtgates` to the cluster in the config"}
	}
	plans, problems, err := askCaches(ctx, r.vtgates)
	if err != nil {
		return err
	}
	var silent []string
	for i, reader := range r.vtgates {
		if problems[i] != nil {
			silent = append(silent, fmt.Sprintf("the plan cache of vtgate %s: %v", reader.Target(), problems[i]))
		}
		for _, p := range plans[i] {
			q := cachedQuery(p)
			if err := corpus.Add(q); err != nil {
				return fmt.Errorf("take in a plan of vtgate %s: %w", reader.Target(), err)
			}
			if p.Instructions != nil {
				r.cached = append(r.cached, cachedPlan{reader.Target(), q, p.Instructions})
			}
		}
	}
	if len(silent) == len(r.vtgates) {
		return &errs.Unknown{Msg: "no vtgate gives its plan cache: " + strings.Join(silent, "; "), Next: "vtsync doctor says what answers"}
	}
	r.unread = append(r.unread, silent...)
	return nil
}

// maxDiffering is how many queries a note names.
const maxDiffering = 3

// checkCached holds our plans for the live routing against those that the vtgates
// have of it, and notes how many are equal.
func (r *impactRun) checkCached(ctx context.Context, planner *compile.Planner) error {
	equal := make([]bool, len(r.cached))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range r.cached {
		group.Go(func() error {
			plan := planner.Plan(gctx, c.query)
			equal[i] = plan.Tree != nil && plan.Tree.Equal(*c.tree)
			return gctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var differing []string
	for i, c := range r.cached {
		if !equal[i] {
			differing = append(differing, withoutLiterals(c.query)+" on vtgate "+c.vtgate)
		}
	}
	slices.Sort(differing)
	note := fmt.Sprintf("%d of %d plans for the cluster as it is equal those that the vtgates have", len(r.cached)-len(differing), len(r.cached))
	if len(differing) > 0 {
		note += "; others have columns that are not known here, another session keyspace, another version or an older VSchema: " +
			strings.Join(differing[:min(maxDiffering, len(differing))], "; ")
	}
	r.notes = append(r.notes, note)
	return nil
}

// withoutLiterals is the text of a query to show: a vtgate that does not normalise
// (--normalize-queries=false) has the literals in its cache.
func withoutLiterals(q impact.Query) string {
	one := queries.NewCorpus()
	if err := one.Add(q); err != nil || len(one.Queries()) != 1 {
		return "a query that cannot be shown"
	}
	return one.Queries()[0].SQL
}

// judgeByVTGate compares the plans that the vtgates give now with ours after the
// change. A query whose plans by our planner are equal on both sides stays the
// same: what differs then is the planner and not the routing.
func (r *impactRun) judgeByVTGate(ctx context.Context, before, after compile.Side) ([]impact.Result, error) {
	if len(r.vtgates) == 0 {
		return nil, &errs.Invalid{Msg: "--planner vtgate asks vtgates for plans, and none is named", Next: "add --vtgate HOST:PORT, or `vtgates` to the cluster in the config"}
	}
	results, err := compile.Compare(ctx, before, after, r.queries)
	if err != nil {
		return nil, err
	}
	theirs := make([]bool, len(results))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelExplains)
	for i, q := range r.queries {
		group.Go(func() error {
			q.TabletType = results[i].TabletType // the one that is hit worst
			ours := before.Planner.Plan(gctx, q)
			live, err := r.explain(gctx, i, q)
			if errors.Is(err, vtgate.ErrNotExplained) {
				live = ours
			} else if err != nil {
				return err
			}
			live.Tables = ours.Tables // which VEXPLAIN does not say
			theirs[i] = !samePlan(live, ours)
			if theirs[i] && results[i].Verdict != impact.Same {
				results[i] = impact.Judge(q, live, after.Planner.Plan(gctx, q), before.Ground, after.Ground)
			}
			return gctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	differ := 0
	for _, other := range theirs {
		if other {
			differ++
		}
	}
	r.notes = append(r.notes, fmt.Sprintf("the plans before the change are those of the vtgates: %d of %d differ from those that the planner of %s makes now; "+
		"a query that it plans alike before and after counts as the same", differ, len(r.queries), vitessRelease()))
	return results, nil
}

// explain asks one vtgate after the other, each query beginning with another one.
func (r *impactRun) explain(ctx context.Context, i int, q impact.Query) (impact.Plan, error) {
	var first error
	for n := range r.vtgates {
		plan, err := r.vtgates[(i+n)%len(r.vtgates)].Explain(ctx, q)
		if err == nil || errors.Is(err, vtgate.ErrNotExplained) {
			return plan, err
		}
		if ctx.Err() != nil {
			return plan, ctx.Err()
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

// samePlan tells whether two plans are the same, or both there is none.
func samePlan(a, b impact.Plan) bool {
	if a.Tree == nil || b.Tree == nil {
		return (a.Tree == nil) == (b.Tree == nil)
	}
	return a.Tree.Equal(*b.Tree)
}
