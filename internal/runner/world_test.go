package runner_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/runner/runnertest"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/vschema"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

const (
	commerceJSON = `{"tables":{"product":{},"customer_seq":{"type":"sequence"}}}`
	customerJSON = `{"sharded":true,"vindexes":{"hash":{"type":"hash"}},
		"tables":{"customer":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`
	cluster = "c1"
)

var me = rollout.Who{User: "eve", Host: "h1", Commit: "abc"}

// tester is what *testing.T and *rapid.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// world is a cluster with the commerce and customer keyspaces, served by two
// cells with a vtgate each, and the files that they were pulled into.
type world struct {
	tester
	*runnertest.Cluster
	files map[string]*vschema.Keyspace // desired
	last  map[string]*vschema.Keyspace // what the files were derived from
	ids   int
}

func newWorld(t tester) *world {
	t.Helper()
	w := &world{
		tester: t,
		Cluster: runnertest.New(map[string][]string{
			"commerce": {"0"}, "customer": {"-80", "80-"}, "archive": {"0"},
		}, "zone1", "zone2"),
		files: map[string]*vschema.Keyspace{},
		last:  map[string]*vschema.Keyspace{},
	}
	w.SetID(cluster)
	for ks, text := range map[string]string{"commerce": commerceJSON, "customer": customerJSON} {
		w.Edit(ks, func(vs *vschema.Keyspace) {
			if err := protojson.Unmarshal([]byte(text), vs); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		})
		w.files[ks], w.last[ks] = w.VSchema(ks), w.VSchema(ks)
	}
	w.Rebuild()
	return w
}

// process is one vtsync process.
type process struct {
	*runner.Runner
	*runnertest.Process
	store *store.Store
}

func (w *world) process(name string) *process {
	p := w.Process(name)
	s := store.New(p, store.Options{})
	return &process{Process: p, store: s, Runner: runner.New(runner.Deps{
		Store: s, Topo: p, Observe: p, Now: time.Now,
		NewID: func() string { w.ids++; return fmt.Sprintf("r%d", w.ids) },
		Log:   slog.New(slog.DiscardHandler),
	})}
}

// plan plans from what is live to the files.
func (w *world) plan(ignoredCells ...string) *plan.Plan {
	w.Helper()
	return w.planBy("topo", ignoredCells...)
}

// planBy plans for one of the backends.
func (w *world) planBy(backend string, ignoredCells ...string) *plan.Plan {
	w.Helper()
	p, err := plan.Build(plan.Input{
		Snapshot: w.Snapshot(), Desired: w.files, Last: w.last, Cluster: cluster, Backend: backend,
		Allow: []string{"write_loss", "outage"}, Commit: "abc", IgnoredCells: ignoredCells,
	})
	if err != nil {
		w.Fatalf("plan: %v", err)
	}
	if len(p.Denials) > 0 {
		w.Fatalf("plan is denied: %+v", p.Denials)
	}
	return p
}

// addTable puts a table into a file.
func (w *world) addTable(ks, table string) { addTable(w.files[ks], ks, table) }

func addTable(vs *vschema.Keyspace, ks, table string) {
	t := &vschema.Table{}
	if ks == "customer" {
		t.ColumnVindexes = []*vschema.ColumnVindex{{Column: "id", Name: "hash"}}
	}
	if vs.Tables == nil {
		vs.Tables = map[string]*vschema.Table{}
	}
	vs.Tables[table] = t
}

// foreign adds a table as somebody else would.
func (w *world) foreign(ks, table string) {
	w.Edit(ks, func(vs *vschema.Keyspace) { addTable(vs, ks, table) })
}

// has tells whether global holds a table.
func (w *world) has(ks, table string) bool {
	_, ok := w.VSchema(ks).GetTables()[table]
	return ok
}

// served tells whether a cell holds a table.
func (w *world) served(cell, ks, table string) bool {
	_, ok := w.Served(cell).GetKeyspaces()[ks].GetTables()[table]
	return ok
}

// everywhere refuses a table that does not stand, or not, in all planes.
func (w *world) everywhere(ks, table string, want bool) {
	w.Helper()
	if got := w.has(ks, table); got != want {
		w.Fatalf("table %s.%s in global: %v, want %v", ks, table, got, want)
	}
	for _, cell := range []string{"zone1", "zone2"} {
		if got := w.served(cell, ks, table); got != want {
			w.Fatalf("table %s.%s in cell %s: %v, want %v", ks, table, cell, got, want)
		}
	}
}

// gained counts how often somebody wrote a table into global that it lacked.
func (w *world) gained(ks, table string) int {
	w.Helper()
	n, had := 0, false
	for _, r := range w.History(runnertest.KeyspacePath(ks)) {
		vs, _, err := vschema.DecodeTopo(r.Value)
		if err != nil {
			w.Fatalf("history of %s: %v", ks, err)
		}
		_, has := vs.GetTables()[table]
		if has && !had {
			n++
		}
		had = has
	}
	return n
}

// head gives a keyspace's head.
func (w *world) head(ctx testing.TB, ks string) rollout.Head {
	w.Helper()
	h, _, err := w.process("reader").store.Head(ctx.Context(), ks)
	if err != nil {
		w.Fatalf("head of %s: %v", ks, err)
	}
	return h
}

func (w *world) free(t testing.TB) {
	w.Helper()
	for _, ks := range []string{"archive", "commerce", "customer"} {
		if h := w.head(t, ks); h.Open != "" {
			w.Fatalf("keyspace %s is still held by %s", ks, h.Open)
		}
	}
}

// state refuses a record that is not in the state, for that reason, or whose
// saved form says something else.
func (w *world) state(t testing.TB, rec rollout.Record, want rollout.State, code rollout.Code) {
	w.Helper()
	if rec.State != want || rec.Code != code || rec.Parked != nil {
		w.Fatalf("rollout is %s (%s: %s), parked %+v; want %s (%s)\n%s", rec.State, rec.Code, rec.Reason, rec.Parked, want, code, logOf(rec))
	}
	w.saved(t, rec)
}

func (w *world) parked(t testing.TB, rec rollout.Record, in rollout.State, code rollout.Code) {
	w.Helper()
	if rec.State != in || rec.Parked == nil || rec.Parked.Code != code {
		w.Fatalf("rollout is %s (%s: %s), parked %+v; want %s, parked for %s\n%s", rec.State, rec.Code, rec.Reason, rec.Parked, in, code, logOf(rec))
	}
	if !strings.Contains(rec.Parked.Next, "vtsync resume "+rec.ID) {
		w.Fatalf("parked without a way on: %q", rec.Parked.Next)
	}
	w.saved(t, rec)
}

func (w *world) saved(t testing.TB, rec rollout.Record) {
	w.Helper()
	got, _, err := w.process("reader").store.Rollout(t.Context(), rec.ID)
	if err != nil || got.State != rec.State || got.Seq != rec.Seq || (got.Parked == nil) != (rec.Parked == nil) {
		w.Fatalf("the record was returned as %s %d and saved as %s %d (%v)", rec.State, rec.Seq, got.State, got.Seq, err)
	}
}

func logOf(rec rollout.Record) string {
	var b strings.Builder
	for _, l := range rec.Log {
		fmt.Fprintf(&b, "  %s %s\n", l.At.Format("05.000"), l.Text)
	}
	return b.String()
}

// bubble runs a test on a clock of its own, which moves only while everything
// waits: pauses cost nothing and deadlines come when they say.
func bubble(t *testing.T, name string, test func(*testing.T, *world)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
	})
}

// onFirst gives a fault to the first so many writes of a path.
func onFirst(n int, path string, f runnertest.Fault) func(runnertest.Write) runnertest.Fault {
	return func(x runnertest.Write) runnertest.Fault {
		if x.Path == path && x.Nth <= n {
			return f
		}
		return runnertest.Fault{}
	}
}

// before does something once, just before the first write of a path.
func before(path string, do func()) func(runnertest.Write) runnertest.Fault {
	return func(x runnertest.Write) runnertest.Fault {
		if x.Path == path && x.Nth == 1 {
			do()
		}
		return runnertest.Fault{}
	}
}

func isUnknown(err error) bool {
	_, ok := errors.AsType[*errs.Unknown](err)
	return ok
}
