package compile

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"vitess.io/vitess/go/vt/sqlparser"

	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Side is one side of a change.
type Side struct {
	Planner *Planner
	Ground  impact.Ground
}

// Compare plans every query on both sides, over all cores, and judges it. The
// results are in the order of the queries, and come without their trees. The error
// is that of the context.
func Compare(ctx context.Context, before, after Side, queries []impact.Query) ([]impact.Result, error) {
	pair := comparison{before: before, after: after, types: typesWithRules(before.Planner.srv, after.Planner.srv)}
	results := make([]impact.Result, len(queries))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), len(queries)) {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(queries) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return fmt.Errorf("compare the plans of %d queries: %w", len(queries), context.Cause(ctx))
				}
				results[i] = pair.judge(ctx, queries[i])
			}
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return results, nil
}

type comparison struct {
	before, after Side
	types         []string
}

// judge judges one query. Where nobody knows the type of tablet that a read asks, it
// is judged for each type that rules tell apart, and the worst counts: where no
// other is worse than the primary's that one, whose type stays unsaid. A write asks
// no other.
func (c comparison) judge(ctx context.Context, q impact.Query) impact.Result {
	s, failed := c.before.Planner.parse(q.SQL)
	known := q.TabletType
	types := []string{known}
	if known == "" && !writes(s.ast) {
		types = append(types, c.types...)
	}
	var worst impact.Result
	for i, t := range types {
		q.TabletType = t
		before, after := impact.Plan{Err: failed}, impact.Plan{Err: failed}
		if failed == nil {
			before = c.before.Planner.describe(ctx, q, s.clone())
			after = c.after.Planner.describe(ctx, q, s.clone())
			if before.Tree == nil || after.Tree == nil || !before.Tree.Equal(*after.Tree) {
				after = Reached(c.before.Planner, c.after.Planner, q, after)
			}
		}
		r := impact.Judge(q, before, after, c.before.Ground, c.after.Ground)
		r.BeforeTree, r.AfterTree = nil, nil // of many queries they are large
		if r.TabletType = known; known == "" {
			r.IfTabletType = t
		}
		if i == 0 || r.Worse(worst) {
			worst = r
		}
	}
	return worst
}

func writes(ast sqlparser.Statement) bool {
	switch ast.(type) {
	case *sqlparser.Insert, *sqlparser.Update, *sqlparser.Delete:
		return true
	}
	return false
}

// typesWithRules are the types of tablets, other than primary, for which a rule of
// either side says something of its own.
func typesWithRules(sides ...*vschema.SrvVSchema) []string {
	var from []string
	for _, srv := range sides {
		for _, r := range srv.GetRoutingRules().GetRules() {
			from = append(from, r.GetFromTable())
		}
		for _, r := range srv.GetKeyspaceRoutingRules().GetRules() {
			from = append(from, r.GetFromKeyspace())
		}
		for _, r := range srv.GetMirrorRules().GetRules() {
			from = append(from, r.GetFromTable())
		}
	}
	var out []string
	for _, t := range []string{"replica", "rdonly"} {
		if slices.ContainsFunc(from, func(name string) bool { return strings.HasSuffix(name, "@"+t) }) {
			out = append(out, t)
		}
	}
	return out
}
