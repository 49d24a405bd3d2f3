package cli

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"github.com/vtsync/vtsync/internal/config"
	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/status"
	"github.com/vtsync/vtsync/internal/view"
)

// Settings say which cluster and which files a command works on, after flags
// and config.
type Settings struct {
	Cluster config.Cluster
	// Dir is the folder that holds keyspaces/.
	Dir string
	// Keyspaces restricts the command to some; empty means all.
	Keyspaces []string
	// FilesOnly tells that no cluster may be asked but the vtgates that are named,
	// and none need be.
	FilesOnly bool
	// Ignores are the suppressions of the config, with its file named as Dir is.
	Ignores []lint.Ignore
	Log     *slog.Logger
	Getenv  func(string) string
}

// Engine is what the verbs need of one cluster.
type Engine interface {
	// Pull takes the live VSchemas into files; the mode says what becomes of
	// local edits.
	Pull(ctx context.Context, mode view.PullMode) (view.Pull, error)
	// Plan compares the files with the cluster.
	Plan(ctx context.Context, wish Planning) (*plan.Plan, error)
	// Outlook says what would hold the plan that was made last up if it were
	// applied now: that is no part of the plan, which holds no time.
	Outlook(ctx context.Context, p *plan.Plan) []string
	// Paused gives the heads of those keyspaces that are paused.
	Paused(ctx context.Context, keyspaces []string) ([]rollout.Head, error)
	// Apply runs a plan to its end, or parks it.
	Apply(ctx context.Context, p *plan.Plan, run Running) (rollout.Record, error)
	// Resume goes on with a rollout.
	Resume(ctx context.Context, id string, run Running) (rollout.Record, error)
	// Rollback takes a rollout back; an empty id stands for the last one.
	Rollback(ctx context.Context, id string, run Running) (rollout.Record, error)
	Status(ctx context.Context) (status.Status, error)
	// History gives the latest rollouts, newest first.
	History(ctx context.Context) ([]rollout.Record, error)
	Rollout(ctx context.Context, id string) (view.Rollout, error)
	// Record gives one rollout's record alone; an empty id stands for the one
	// that is open.
	Record(ctx context.Context, id string) (rollout.Record, error)
	// Waits asks how far the migrations are that a rollout waits for; none
	// where no vtctld is named.
	Waits(ctx context.Context, rec rollout.Record) ([]ddl.Answer, error)
	// Live gives what lint wants to know of the cluster.
	Live(ctx context.Context) (Live, error)
	// Unpause lifts a keyspace's pause and gives what it was; nil when it
	// was not paused.
	Unpause(ctx context.Context, keyspace string) (*rollout.Pause, error)
	Doctor(ctx context.Context) (view.Doctor, error)
	// Impact says what a change does to the known queries. Where something did
	// not answer that it can do without, there is a report beside the error.
	Impact(ctx context.Context, ask Impacting) (*impact.Report, error)
	// Collect gathers known queries into a file.
	Collect(ctx context.Context, how Collecting) (view.Collected, error)
	// Close gives back what was opened.
	Close()
}

// Live is what a cluster holds beside the files: see review.Live.
type Live struct {
	review.Live
	// Shards are the serving shards of each keyspace.
	Shards map[string][]string
}

// The names of sides and sources that are no path.
const (
	SideLive = "live" // the cluster as it is
	SideGit  = "git:" // and a revision: the files as that commit has them
)

// The planners of an Impacting.
const (
	PlannerOurs   = "vtsync"
	PlannerVTGate = "vtgate"
)

// Impacting is what an impact report is asked for with.
type Impacting struct {
	// Before and After name the two sides: a folder, a plan file, SideLive or
	// SideGit; an empty After stands for the files.
	Before, After string
	// Queries name the sources of queries: files, folders, - for Stdin, or
	// SideLive. None stands for the folder queries/ of the files.
	Queries []string
	Stdin   io.Reader
	// Shards are the numbers of shards that the user gives.
	Shards map[string]int
	// Planner is who plans the before side.
	Planner string
	// All keeps the queries that stay the same in the report.
	All bool
	// Explain is the number in the report of the query whose plans are wanted,
	// from 1; 0 where none is.
	Explain int
}

// Live tells whether a cluster has to be asked.
func (i Impacting) Live() bool {
	return i.Before == SideLive || i.After == SideLive || i.Planner == PlannerVTGate || slices.Contains(i.Queries, SideLive)
}

// Planning is what a plan is asked for with.
type Planning struct {
	// Allow holds what the user allows this once.
	Allow []string
	// After names the migrations that must be complete first: UUID, or
	// KEYSPACE=UUID.
	After []string
	// Bind ties the plan to the cluster, as apply wants it, by giving the
	// cluster an id if it has none; without it nothing is written anywhere.
	Bind bool
}

// Running is how a rollout is watched and stopped by the one who started it.
type Running struct {
	// Park is closed to make it park after the action in hand.
	Park <-chan struct{}
	// Progress is told where the rollout is, whenever that changes.
	Progress func(rollout.Record)
	// Looked is told how far the migrations are that it waits for, whenever it
	// has looked itself.
	Looked func([]ddl.Answer)
	// Show is told the plan that was made on the way, before it runs.
	Show func(*plan.Plan) error
	// Confirm is asked before anything is taken back; an error is a no.
	Confirm func(question string) error
	// OverPause tells that a person confirmed to change paused keyspaces.
	OverPause bool
	// Approve tells that whoever runs it approves of its plan.
	Approve bool
}
