package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/queries"
	"github.com/vtsync/vtsync/internal/view"
	"github.com/vtsync/vtsync/internal/vtgate"
	"github.com/vtsync/vtsync/internal/worktree"
)

// Collect gathers known queries into a file. What the file has is read first: one
// that is not ours is never written over.
func (a *App) Collect(ctx context.Context, how cli.Collecting) (view.Collected, error) {
	ctx, span := tracer.Start(ctx, "vtsync.collect")
	defer span.End()
	out := view.Collected{Format: view.Format, File: a.queriesPath(how), Sources: how.Sources}
	known, err := queriesIn(out.File)
	if err != nil {
		return out, err
	}
	corpus := queries.NewCorpus()
	if len(how.Sources) == 0 {
		out.VTGates, err = a.collectCached(ctx, corpus)
	} else {
		err = readSources(ctx, corpus, how)
	}
	if err != nil {
		return out, err
	}
	if how.Replace && out.Partial() {
		return out, &errs.Unknown{
			Msg:  fmt.Sprintf("%d of %d vtgates gave their plan caches: to replace %s would lose the queries of the others", out.Answered(), len(out.VTGates), out.File),
			Next: "leave --replace out, or see what vtsync doctor says",
		}
	}
	found := corpus.Queries()
	out.Gathered, out.Notes = countQueries(found), corpus.Notes()
	if len(how.Sources) > 0 {
		out.Unusable = corpus.Unusable()
	}
	if len(found) == 0 && len(how.Sources) > 0 && !corpus.Empty() {
		return out, &errs.Invalid{Msg: "there is no query to gather: " + strings.Join(out.Notes, "; "), Next: "vtsync queries import --help says what is read"}
	}
	if len(found) == 0 {
		out.Total = countQueries(known.list)
		return out, nil
	}
	// Another process may have written since, and waits now until this one has.
	folder := worktree.At(filepath.Dir(out.File))
	err = folder.Alone(ctx, func() error { return mergeInto(folder, known, found, how.Replace, &out) })
	return out, err
}

// mergeInto writes the file, as it is by now with what was found. known is what it
// was when that was asked for.
func mergeInto(folder worktree.Tree, known queriesFile, found []impact.Query, replace bool, out *view.Collected) error {
	known, err := known.again(out.File)
	if err != nil {
		return err
	}
	if replace {
		known.list = nil
	} else {
		out.Notes = append(known.notes, out.Notes...)
	}
	all := queries.Merge(known.list, found)
	if all.Note != "" {
		out.Notes = append(out.Notes, all.Note)
	}
	out.Total, out.New, out.Kept = countQueries(all.Queries), all.New, all.Kept
	data := queries.Encode(all.Queries)
	if bytes.Equal(data, known.text) {
		return nil
	}
	out.Written = true
	return folder.Write(filepath.Base(out.File), data)
}

// queriesPath gives the file that is written.
func (a *App) queriesPath(how cli.Collecting) string {
	switch {
	case how.Out != "":
		return how.Out
	case len(how.Sources) > 0:
		return a.files.Path(worktree.QueriesDir + "/imported.json")
	case a.cluster.Name == "":
		return a.files.Path(worktree.QueriesDir + "/" + cli.SideLive + ".json")
	}
	return a.files.Path(worktree.QueriesDir + "/" + a.cluster.Name + ".json")
}

// queriesFile is what a file of vtsync's holds.
type queriesFile struct {
	list []impact.Query
	text []byte
	// notes say what of it cannot be used, and so is not written again.
	notes []string
}

// queriesIn reads a file of vtsync's, if there is one.
func queriesIn(path string) (queriesFile, error) { return queriesFile{}.again(path) }

// again reads the file anew where it is not as it was.
func (q queriesFile) again(path string) (queriesFile, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return queriesFile{}, nil
	}
	if err != nil {
		return queriesFile{}, fmt.Errorf("read the known queries: %w", err)
	}
	if q.text != nil && bytes.Equal(text, q.text) {
		return q, nil
	}
	var head struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Format == nil {
		return queriesFile{}, &errs.Invalid{
			Pos: errs.Position{File: filepath.ToSlash(path)}, Msg: "it is not a file that vtsync queries wrote, and is not written over",
			Next: "name another by --out",
		}
	}
	corpus := queries.NewCorpus()
	if err := corpus.Read(filepath.ToSlash(path), bytes.NewReader(text)); err != nil {
		return queriesFile{}, err
	}
	return queriesFile{corpus.Queries(), text, corpus.Notes()}, nil
}

// readSources reads files of any form that has queries.
func readSources(ctx context.Context, corpus *queries.Corpus, how cli.Collecting) error {
	for _, source := range how.Sources {
		var err error
		if source == "-" {
			err = readStdin(ctx, corpus, how.Stdin)
		} else {
			err = readQueriesAt(ctx, corpus, source)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// collectCached takes in the plan caches of all vtgates. One that does not give its
// cache is told; where none does it is an error.
func (a *App) collectCached(ctx context.Context, corpus *queries.Corpus) ([]view.CollectedVTGate, error) {
	if len(a.vtgates) == 0 {
		return nil, &errs.Invalid{Msg: "queries are collected from the plan caches of vtgates, and none is named", Next: "add --vtgate HOST:PORT, or `vtgates` to the cluster in the config"}
	}
	plans, problems, err := askCaches(ctx, a.vtgates)
	if err != nil {
		return nil, err
	}
	out := make([]view.CollectedVTGate, len(a.vtgates))
	for i, reader := range a.vtgates {
		out[i].VTGate = reader.Target()
		switch {
		case problems[i] == nil:
		case vtgate.Refused(problems[i]):
			out[i].Unreadable = problems[i].Error()
		default:
			out[i].Silent = problems[i].Error()
		}
		for _, p := range plans[i] {
			q := cachedQuery(p)
			if err := corpus.Add(q); err != nil {
				return nil, fmt.Errorf("take in a plan of vtgate %s: %w", reader.Target(), err)
			}
			out[i].Queries++
			out[i].Executions += q.Executions
		}
	}
	if (view.Collected{VTGates: out}).Answered() == 0 {
		return nil, &errs.Unknown{Msg: "no vtgate gives its plan cache", Err: problems[0], Next: "vtsync doctor says what answers"}
	}
	return out, nil
}

// askCaches reads the plan caches of all vtgates at once: of each its plans, or why
// it does not give them. It is an error to be stopped meanwhile.
func askCaches(ctx context.Context, vtgates []*vtgate.Reader) ([][]vtgate.QueryPlan, []error, error) {
	plans, problems := make([][]vtgate.QueryPlan, len(vtgates)), make([]error, len(vtgates))
	var all sync.WaitGroup
	for i, reader := range vtgates {
		all.Go(func() { plans[i], problems[i] = reader.QueryPlans(ctx) })
	}
	all.Wait()
	return plans, problems, ctx.Err()
}

// cachedQuery is the query of a plan that a vtgate keeps. Its keyspace is a guess at
// the one that the session had chosen, which the cache does not say.
func cachedQuery(p vtgate.QueryPlan) impact.Query {
	return impact.Query{SQL: p.SQL, Keyspace: queries.KeyspaceOf(p.TablesUsed), Executions: max(p.ExecCount, 1)}
}

func countQueries(all []impact.Query) impact.Count {
	n := impact.Count{Queries: len(all)}
	for _, q := range all {
		n.Executions += q.Executions
	}
	return n
}
