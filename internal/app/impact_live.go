package app

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
)

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
