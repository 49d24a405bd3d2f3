package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/worktree"
)

// withQueries is an app whose files are only queries.
func withQueries(t *testing.T, text string) *App {
	t.Helper()
	a := &App{files: worktree.At(t.TempDir())}
	if text != "" {
		file := a.files.Path("queries/live.json")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

const oneQuery = `{"format":1,"queries":[{"sql":"select id from person where id = :id","keyspace":"ks","executions":7}]}`

// routed is a keyspace of two shards that finds a person by a column.
func routed(column string) *vschema.SrvVSchema {
	return &vschema.SrvVSchema{Keyspaces: map[string]*vschema.Keyspace{"ks": {
		Sharded:  true,
		Vindexes: map[string]*vschema.Vindex{"xxhash": {Type: "xxhash"}},
		Tables:   map[string]*vschema.Table{"person": {ColumnVindexes: []*vschema.ColumnVindex{{Column: column, Name: "xxhash"}}}},
	}}}
}

var twoShards = &planes.Snapshot{Global: planes.Global{Keyspaces: map[string]planes.Keyspace{"ks": {
	HasRecord: true, Shards: []planes.Shard{{Name: "-80", Serving: true}, {Name: "80-", Serving: true}, {Name: "-"}},
}}}}

func TestJudgeKnown(t *testing.T) {
	a := withQueries(t, oneQuery)
	known, err := a.knownQueries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := a.judgeKnown(t.Context(), known, twoShards, nil)(routed("id"), routed("email"))
	if err != nil {
		t.Fatal(err)
	}
	if s := report.Summary; s.NewScatter != (impact.Count{Queries: 1, Executions: 7}) || *report.Queries[0].After.Shards != 2 {
		t.Errorf("report %+v", report)
	}
	if report.Untracked {
		t.Error("no vtgate says that it tracks no schema")
	}
	untracked := *twoShards
	untracked.VTGates = []planes.VTGate{{Target: "g:1", Untracked: true}}
	if report, err = a.judgeKnown(t.Context(), known, &untracked, nil)(routed("id"), routed("email")); err != nil || !report.Untracked {
		t.Errorf("report %+v, error %v where the vtgates track no schema", report, err)
	}
	if none, err := withQueries(t, "").knownQueries(t.Context()); err != nil || a.judgeKnown(t.Context(), none, twoShards, nil) != nil {
		t.Errorf("without queries there is something to judge: %+v, %v", none, err)
	}
}

// TestManyQueries: whoever waits for a plan learns what for.
func TestManyQueries(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{"format":1,"queries":[`)
	for i := range manyQueries + 1 {
		fmt.Fprintf(&text, "%s{\"sql\":\"select a%d from person\",\"executions\":1}", strings.Repeat(",", min(i, 1)), i)
	}
	known, err := withQueries(t, text.String()+"]}").knownQueries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(known.notes, "\n"); !strings.Contains(notes, "holds 20001 queries, and a plan takes longer for them") {
		t.Errorf("notes %q", notes)
	}
}

// TestJudgeUndo: nothing that is wrong with the queries stops a way back, nor holds
// it up for long; whoever ends it is heard.
func TestJudgeUndo(t *testing.T) {
	damaged := withQueries(t, "{\n\"format\":1,\"quries\":[]}")
	var invalid *errs.Invalid
	if _, err := damaged.knownQueries(t.Context()); !errors.As(err, &invalid) || invalid.Pos.Line != 2 {
		t.Errorf("error %v of damaged queries", err)
	}
	if _, err := damaged.judgeUndo(t.Context(), twoShards, time.Hour)(routed("id"), routed("email")); !errors.As(err, &invalid) || invalid.Pos.Line != 2 {
		t.Errorf("error %v of damaged queries", err)
	}
	if report, err := withQueries(t, "").judgeUndo(t.Context(), twoShards, time.Hour)(routed("id"), routed("email")); report != nil || err != nil {
		t.Errorf("report %+v, error %v without queries", report, err)
	}
	a := withQueries(t, oneQuery)
	if report, err := a.judgeUndo(t.Context(), twoShards, time.Hour)(routed("id"), routed("email")); err != nil || report.Summary.Queries != 1 {
		t.Errorf("report %+v, error %v", report, err)
	}
	const tooLong = "looking at them takes more than 1ns"
	if _, err := a.judgeUndo(t.Context(), twoShards, time.Nanosecond)(routed("id"), routed("email")); err == nil || err.Error() != tooLong {
		t.Errorf("error %v where it takes too long", err)
	}
	if _, err := damaged.judgeUndo(t.Context(), twoShards, time.Nanosecond)(routed("id"), routed("email")); err == nil || err.Error() != tooLong {
		t.Errorf("error %v where they are not read in time", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := a.judgeUndo(ended, twoShards, time.Hour)(routed("id"), routed("email")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v where somebody ends it", err)
	}
}

// TestUnlooked: a plan from where no query is known passes every policy about them,
// and whoever has some is told.
func TestUnlooked(t *testing.T) {
	p := &plan.Plan{Phases: []plan.Phase{{}}}
	a := withQueries(t, oneQuery)
	if got := a.Outlook(t.Context(), p); len(got) != 1 || !strings.Contains(got[0], "the plan was made where no query is known") || !strings.Contains(got[0], "vtsync impact --after PLAN") {
		t.Errorf("outlook %q", got)
	}
	looked, made := *p, *a
	looked.Impact, made.planned = &impact.Report{}, &look{}
	for name, got := range map[string][]string{
		"a plan with its impact":         a.unlooked(t.Context(), &looked),
		"a plan that changes nothing":    a.unlooked(t.Context(), &plan.Plan{}),
		"a plan of this process":         made.unlooked(t.Context(), p),
		"no queries":                     withQueries(t, "").unlooked(t.Context(), p),
		"queries that cannot be read":    withQueries(t, "{\"format\":2}").unlooked(t.Context(), p),
		"a file that holds none of them": withQueries(t, `{"format":1,"queries":[]}`).unlooked(t.Context(), p),
	} {
		if got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}
