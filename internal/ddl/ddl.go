// Package ddl judges whether MySQL is ready for a phase of a plan: whether every
// migration that the phase waits for is complete on every serving shard, was not
// taken back since, and shows in each shard's schema and in what each vtgate
// tracks. It also says when so many shards have failed that the rollout must
// stop (the circuit breaker). It is pure: no I/O, no adapter, no clock, no
// logger, no context.
package ddl

import "time"

// Origin says why a phase has a need.
type Origin string

// The origins of a need.
const (
	// FromFlag: --after-migration named it.
	FromFlag Origin = "after-migration"
	// FromFile: requires.yaml beside the VSchema names it.
	FromFile Origin = "requires"
	// FromPending: it was found pending on a table that the phase touches.
	FromPending Origin = "pending"
	// FromColumns: the phase routes by columns of a table that exists.
	FromColumns Origin = "columns"
)

// Need is one thing that a phase of a plan waits for in MySQL. It is part of
// the plan, so it holds no time and no progress.
type Need struct {
	Keyspace string `json:"keyspace"`
	// Migration is the UUID of a migration that must be complete; empty for
	// FromColumns.
	Migration string `json:"migration,omitempty"`
	// Table and Columns are what must exist on every serving shard where there
	// is no migration to ask.
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	From    Origin   `json:"from"`
	// Where says where it was written: FILE:LINE, or the flag.
	Where string `json:"where,omitempty"`
}

// Status is how far a need is met. It is ordered: a need is as far as the shard
// that is worst.
type Status string

// The statuses, from the best to the worst.
const (
	Done    Status = "done"
	Waiting Status = "waiting" // it is under way, or has not begun
	Unknown Status = "unknown" // a shard or vtgate does not say: wait
	Failed  Status = "failed"  // it will not be done by itself
)

// Answer is how far one need is met.
type Answer struct {
	Need   Need   `json:"need"`
	Status Status `json:"status"`
	// Text says in one line what is missing and where. Brief is Text without
	// what changes from one moment to the next, such as the rows copied.
	Text  string `json:"text"`
	Brief string `json:"-"`
	// Requested and Started are the first of any shard; zero where no migration
	// says.
	Requested time.Time `json:"requested,omitzero"`
	Started   time.Time `json:"started,omitzero"`
	// Remedy is the command that helps, where it has failed or cannot be known.
	Remedy string `json:"remedy,omitempty"`
	// Shards are all serving shards of the keyspace, as topo lists them, sorted.
	Shards []Shard `json:"shards,omitempty"`
	// VTGates are those whose schema tracker does not show it yet, or that
	// cannot be asked.
	VTGates []VTGate `json:"vtgates,omitempty"`
	// Skipped says which vtgates were not looked at, and why.
	Skipped string `json:"-"`
}

// Shard is how far one shard is.
type Shard struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Text   string `json:"text,omitempty"`
	brief  string // as Answer.Brief; empty where Text is the same
	// reverted tells that the migration was taken back there, lacks that it is
	// complete and the schema does not show it.
	reverted, lacks bool
	// The rest is what Vitess says of the migration's progress there.
	Stage      string  `json:"stage,omitempty"`
	Progress   float64 `json:"progress,omitempty"` // percent
	RowsCopied int64   `json:"rows_copied,omitempty"`
	TableRows  int64   `json:"table_rows,omitempty"`
	ETA        int64   `json:"eta_seconds,omitempty"` // zero where not known
	Throttled  string  `json:"throttled,omitempty"`
	Ready      bool    `json:"ready_to_complete,omitempty"` // it waits for a person to complete it
}

// VTGate is one vtgate whose schema tracker was looked at.
type VTGate struct {
	Target string `json:"target"`
	Status Status `json:"status"`
	Text   string `json:"text"`
}
