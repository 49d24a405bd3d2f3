package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

const (
	// manyQueries is where a plan begins to say that they take their time.
	manyQueries = 20_000
	// undoJudged bounds how long a way back looks at queries: it may be urgent.
	undoJudged = 10 * time.Second
)

// knownQueries are the queries beside the files, and what is to say of them.
type knownQueries struct {
	list  []impact.Query
	notes []string
}

func (a *App) knownQueries(ctx context.Context) (knownQueries, error) {
	corpus := queries.NewCorpus()
	if err := readQueriesOf(ctx, corpus, a.files.Files); err != nil {
		return knownQueries{}, err
	}
	known := knownQueries{list: corpus.Queries(), notes: corpus.Notes()}
	if n := len(known.list); n > manyQueries {
		known.notes = append(known.notes, fmt.Sprintf("%s holds %d queries, and a plan takes longer for them", a.files.Path(worktree.QueriesDir), n))
	}
	return known, nil
}

// judgeQueries is what a change of routing is held against the known queries by;
// nil where there are none.
type judgeQueries = func(before, after *vschema.SrvVSchema) (*impact.Report, error)

// judgeKnown gives what judges the known queries on a cluster.
func (a *App) judgeKnown(ctx context.Context, known knownQueries, snap *planes.Snapshot, tables map[string]*physical.Schema) judgeQueries {
	if len(known.list) == 0 {
		return nil
	}
	return func(before, after *vschema.SrvVSchema) (*impact.Report, error) {
		ctx, span := tracer.Start(ctx, "impact.Compare")
		defer span.End()
		span.SetAttributes(attribute.Int("queries", len(known.list)))
		r := &impactRun{App: a, snap: snap, before: before, after: after, queries: known.list}
		r.noteSkew()
		r.notes = append(r.notes, known.notes...)
		if err := r.findColumns(ctx, tables, tables); err != nil {
			return nil, err
		}
		if len(r.unread) > 0 {
			r.notes = append(r.notes, "columns may be missing, since this could not be read: "+strings.Join(r.unread, "; "))
		}
		return r.compare(ctx)
	}
}

// unlooked says of a saved plan that was made where no query is known that some are
// known here.
func (a *App) unlooked(ctx context.Context, p *plan.Plan) []string {
	if a.planned != nil || p.Impact != nil || p.Empty() {
		return nil
	}
	known, err := a.knownQueries(ctx)
	if err != nil || len(known.list) == 0 {
		return nil // what cannot be read ends a plan, and no apply
	}
	return []string{"the plan was made where no query is known, and " + a.files.Path(worktree.QueriesDir) +
		" has some: vtsync impact --after PLAN says what it does to them"}
}

// judgeUndo judges the known queries for a way back, where that is quickly done,
// reading them and all cells together: nothing of it stops one.
func (a *App) judgeUndo(ctx context.Context, snap *planes.Snapshot, within time.Duration) judgeQueries {
	var end time.Time
	var known *knownQueries
	judge := func(ctx context.Context, before, after *vschema.SrvVSchema) (*impact.Report, error) {
		if known == nil {
			read, err := a.knownQueries(ctx)
			if err != nil {
				return nil, err
			}
			known = &read
		}
		if len(known.list) == 0 {
			return nil, nil
		}
		return a.judgeKnown(ctx, *known, snap, a.tablesOfFiles(nil))(before, after)
	}
	return func(before, after *vschema.SrvVSchema) (*impact.Report, error) {
		if end.IsZero() {
			end = time.Now().Add(within)
		}
		bounded, done := context.WithDeadline(ctx, end)
		defer done()
		report, err := judge(bounded, before, after)
		if err != nil && ctx.Err() == nil && errors.Is(bounded.Err(), context.DeadlineExceeded) {
			return nil, fmt.Errorf("looking at them takes more than %s", within)
		}
		return report, err
	}
}

// tablesOfFiles gives what the files say of MySQL's tables: of every keyspace, also where
// only some were asked for, as queries know no such bounds.
func (a *App) tablesOfFiles(asked *desired.Tree) map[string]*physical.Schema {
	tree, err := a.files.LoadIfAny()
	if err != nil {
		tree = asked
	}
	if tree == nil {
		return nil
	}
	known, _, err := a.files.Schemas(tree) // what cannot be read is not known
	if err != nil {
		return nil
	}
	return known
}
