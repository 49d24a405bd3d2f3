// Package app wires the rooms together for one cluster: it connects the
// adapters, hands their values to the pure rooms, and gives the command line
// its Engine. Nothing but cmd imports it.
package app

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	vtlog "vitess.io/vitess/go/vt/log"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/observe"
	"github.com/vtsync/vtsync/internal/runner"
	"github.com/vtsync/vtsync/internal/store"
	"github.com/vtsync/vtsync/internal/vtctld"
	"github.com/vtsync/vtsync/internal/vtgate"
	"github.com/vtsync/vtsync/internal/worktree"
)

var tracer = otel.Tracer("github.com/vtsync/vtsync/internal/app")

// App is one cluster and the files that it follows.
type App struct {
	cluster   config.Cluster
	keyspaces []string
	ignores   []lint.Ignore
	files     worktree.Tree
	log       *slog.Logger
	getenv    func(string) string

	backend backend
	vtgates []*vtgate.Reader
	vtctld  *vtctld.Client // nil where none is named

	// Set by connect.
	topo    runner.Topo
	kv      store.KV // below store
	store   *store.Store
	observe *observe.Observer

	planned *look    // what Plan saw last, for the Apply that follows it
	holdups []string // what the plan that Plan made last waits for

	closers []func() // run in reverse order
}

var _ cli.Engine = (*App)(nil)

// Open is New as the command line wants it.
func Open(s cli.Settings) (cli.Engine, error) { return New(s) }

// New checks the settings. It connects nothing: each verb does.
func New(s cli.Settings) (*App, error) {
	a := &App{
		cluster:   s.Cluster,
		keyspaces: s.Keyspaces,
		ignores:   s.Ignores,
		files:     worktree.At(s.Dir),
		log:       slog.New(traceHandler{s.Log.Handler()}),
		getenv:    s.Getenv,
	}
	quietVitess(a.log)
	if err := a.reach(s); err != nil {
		a.Close()
		return nil, err
	}
	stop, err := startTelemetry(s.Getenv)
	if err != nil {
		a.Close()
		return nil, err
	}
	a.closers = append(a.closers, stop)
	return a, nil
}

// reach checks how the cluster is reached, as far as it is. Nothing is dialled.
func (a *App) reach(s cli.Settings) (err error) {
	if a.vtgates, err = vtgateReaders(s.Cluster.VTGates, s.Getenv); err != nil {
		return err
	}
	for _, r := range a.vtgates {
		a.closers = append(a.closers, func() {
			if err := r.Close(); err != nil {
				a.log.Debug("vtgate not closed", "vtgate", r.Target(), "err", err)
			}
		})
	}
	if a.vtctld, err = vtctldClient(s.Cluster.VTCtld, s.Getenv); err != nil {
		return err
	}
	if a.vtctld != nil {
		a.closers = append(a.closers, func() {
			if err := a.vtctld.Close(); err != nil {
				a.log.Debug("vtctld not closed", "vtctld", a.vtctld.Address(), "err", err)
			}
		})
	}
	if !s.FilesOnly {
		a.backend, err = a.newBackend()
	}
	return err
}

// quietVitess keeps the log lines of Vitess's packages, which go to stderr by
// themselves, for those who ask for each step. What matters of them comes back
// as errors.
func quietVitess(log *slog.Logger) {
	if !log.Enabled(context.Background(), slog.LevelDebug) {
		log = slog.New(slog.DiscardHandler)
	}
	vtlog.SwapLogger(log.With("from", "vitess"))
}

// Close gives back what was opened, the last first.
func (a *App) Close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
	a.closers = nil
}

// connect opens the backend; cells are connected as they are read.
func (a *App) connect(ctx context.Context) error {
	if a.topo != nil {
		return nil
	}
	live, kv, closeAll, err := a.backend.open(ctx)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, closeAll)
	a.topo, a.kv = live, kv
	a.store = store.New(kv, store.Options{SaveTimeout: limits(a.cluster.Policy).Write})
	vtgates := make([]observe.VTGate, len(a.vtgates))
	for i, r := range a.vtgates {
		vtgates[i] = r
	}
	a.observe = observe.New(live, vtgates, a.cluster.IgnoredCells)
	return nil
}

// begin connects, and opens the span of one verb.
func (a *App) begin(ctx context.Context, verb string) (context.Context, trace.Span, error) {
	ctx, span := tracer.Start(ctx, "vtsync."+verb)
	if err := a.connect(ctx); err != nil {
		span.End()
		return ctx, span, err
	}
	return ctx, span, nil
}

// runner gives a runner that reports to the one who watches.
func (a *App) runner(run cli.Running) *runner.Runner {
	return runner.New(runner.Deps{
		Store:    a.store,
		Topo:     a.topo,
		Observe:  a.observe,
		Physical: a.physical(),
		Policy:   a.policy(),
		Now:      time.Now,
		NewID:    newID,
		Limits:   limits(a.cluster.Policy),
		Log:      a.log,
		Progress: run.Progress,
		Looked:   run.Looked,

		OpaqueVindexes: a.cluster.VindexTypes,
	})
}

// physical gives what reads MySQL and the workflows; nil where no vtctld is
// named.
func (a *App) physical() runner.Physical {
	if a.vtctld == nil {
		return nil
	}
	return a.vtctld
}

// limits bounds a rollout's waits by how long the user allows a change to take:
// nothing that one write needs may take longer than all of it. The wait for a
// lock keeps its own limit, as a process that was killed holds its locks on.
func limits(p config.Policy) runner.Limits {
	return runner.Limits{
		Validate: p.Timeout,
		Wait:     p.Wait,
		Write:    min(p.Timeout, runner.DefaultLimits.Write),
	}
}

func newID() string {
	id, err := store.NewID(time.Now(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return id
}

// untilParked gives the context that makes a rollout park when it ends.
func untilParked(ctx context.Context, park <-chan struct{}) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-park:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { cancel(); watcher.Wait() }
}
