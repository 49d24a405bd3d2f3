// Package runner is the only room that acts: it observes, hands the event to
// the rollout machine, saves the record, does the action that came back, and
// reports what happened as the next event. It decides nothing itself. It
// declares the small interfaces that it needs and must not import an adapter,
// cli or app.
package runner

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/vtsync/vtsync/internal/admit"
	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Store keeps records, heads and blobs. Every save is a CAS that the store
// settles itself, and gives up by itself: a returned token means saved,
// *errs.Conflict that another process saved first.
type Store interface {
	Head(ctx context.Context, keyspace string) (rollout.Head, planes.Token, error)
	SaveHead(ctx context.Context, h rollout.Head, tok planes.Token) (planes.Token, error)
	Rollout(ctx context.Context, id string) (rollout.Record, planes.Token, error)
	SaveRollout(ctx context.Context, r *rollout.Record, tok planes.Token) (planes.Token, error)
	// BlobHash gives the hash that PutBlob keeps the bytes under.
	BlobHash(plain []byte) string
	PutBlob(ctx context.Context, plain []byte) (hash string, err error)
	Blob(ctx context.Context, hash string) ([]byte, error)
	Prune(ctx context.Context, keyspace string, keep int) error
}

// Topo reads and writes the records of Vitess. A write's error is
// *errs.Conflict (another wrote first), *errs.Unknown (no answer: it may have
// landed or may still land), or anything else (refused for good).
type Topo interface {
	ReadGlobal(ctx context.Context) (planes.Global, error)
	ReadKeyspace(ctx context.Context, keyspace string) (planes.Keyspace, error)
	ReadCell(ctx context.Context, cell string) planes.Cell
	WriteKeyspace(ctx context.Context, keyspace string, value []byte, tok planes.Token) (planes.Token, error)
	WriteCell(ctx context.Context, cell string, value []byte, tok planes.Token) (planes.Token, error)
	// SettleKeyspace tells what became of a write of exactly these bytes that
	// was decided on tok, and the record's token now.
	SettleKeyspace(ctx context.Context, keyspace string, tok planes.Token, value []byte) (planes.Landing, planes.Token, error)
	// FenceKeyspace writes base over itself on tok, so that any write in
	// flight on tok is dead; errors are those of a write.
	FenceKeyspace(ctx context.Context, keyspace string, tok planes.Token, base []byte) (planes.Token, error)
	// LockKeyspace takes Vitess's lock without waiting; an error says who
	// holds it.
	LockKeyspace(ctx context.Context, keyspace, action string) (unlock func(context.Context) error, err error)
}

// Observer reads all planes.
type Observer interface {
	Snapshot(ctx context.Context) (*planes.Snapshot, error)
}

// Physical reads what MySQL and the workflows hold. What cannot be read says so
// in its place.
type Physical interface {
	Physical(ctx context.Context, ask planes.Ask) planes.Physical
}

// Limits bound every wait of a rollout.
type Limits struct {
	Validate time.Duration // for every cell and vtgate to serve
	Wait     time.Duration // for the admission checks to allow
	Write    time.Duration // for a write without an answer, a read
	Lock     time.Duration // for a lock that another holds: longer than that of a process that died lives
	Settle   time.Duration // between two equal reads of a cell
	Poll     time.Duration // the longest pause between two looks
	WaitPoll time.Duration // the same in the first minute that a phase waits for MySQL, workflows or a window; later more
}

// DefaultLimits are used where a limit is zero.
var DefaultLimits = Limits{
	Validate: 60 * time.Second,
	Wait:     10 * time.Minute,
	Write:    15 * time.Second,
	Lock:     30 * time.Second, // etcd gives each lease its time anew when it elects a leader
	Settle:   50 * time.Millisecond,
	Poll:     500 * time.Millisecond,
	WaitPoll: 2 * time.Second,
}

const (
	// keepRollouts is how many ended rollouts are kept per keyspace, at least.
	keepRollouts = 50
	// savesPerRollout is how often a rollout saves a head: taken and settled.
	savesPerRollout = 2
	// pruneEvery is after how many saves of its head a keyspace's old rollouts
	// are forgotten. That reads every record and each value that none names:
	// done at every end, rollouts would take longer the more of them there are.
	pruneEvery = 8 * savesPerRollout
)

// Deps are what a Runner is made of. All but Physical, Policy,
// Progress and Looked are required.
type Deps struct {
	Store   Store
	Topo    Topo
	Observe Observer
	// Physical is nil where no vtctld is named: nothing of MySQL and of
	// workflows is checked then.
	Physical Physical
	// Policy says when the cluster may be changed.
	Policy admit.Policy
	Now    func() time.Time
	NewID  func() string
	Limits Limits
	Log    *slog.Logger
	// OpaqueVindexes are vindex types that stand in as opaque ones.
	OpaqueVindexes []string
	// Progress is called after every save of a record, and while waiting.
	Progress func(rollout.Record)
	// Looked is told how far the migrations are that a phase waits for, at
	// each look of the admission checks.
	Looked func([]ddl.Answer)
}

// Runner runs rollouts. Its methods may be called from several goroutines,
// for different rollouts.
type Runner struct {
	Deps
	writer string // names this process in what it saves
}

// New gives a runner with a random name of its own.
func New(d Deps) *Runner {
	d.Limits = withDefaults(d.Limits)
	if d.Progress == nil {
		d.Progress = func(rollout.Record) {}
	}
	if d.Looked == nil {
		d.Looked = func([]ddl.Answer) {}
	}
	b := make([]byte, 8)
	_, _ = rand.Read(b) // crypto/rand never fails
	return &Runner{Deps: d, writer: hex.EncodeToString(b)}
}

func withDefaults(l Limits) Limits {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&l.Validate, DefaultLimits.Validate)
	set(&l.Wait, DefaultLimits.Wait)
	set(&l.Write, DefaultLimits.Write)
	set(&l.Lock, DefaultLimits.Lock)
	set(&l.Settle, DefaultLimits.Settle)
	set(&l.Poll, DefaultLimits.Poll)
	set(&l.WaitPoll, DefaultLimits.WaitPoll)
	return l
}
