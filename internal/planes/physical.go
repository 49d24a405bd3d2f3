package planes

import "time"

// Physical is the plane below routing: what MySQL holds on each shard, the
// migrations that change it, and the workflows that move it.
type Physical struct {
	// Keyspaces holds those that were asked for.
	Keyspaces map[string]PhysicalKeyspace `json:"keyspaces,omitempty"`
	// Workflows are those of every keyspace that answered, sorted by target
	// keyspace and name; those of a keyspace that did not are in Unread.
	Workflows []Workflow `json:"workflows,omitempty"`
	// Unread says, per keyspace, why its workflows could not be listed: there
	// may be any.
	Unread map[string]string `json:"unread,omitempty"`
	// Err says why nothing could be read: no vtctld answers.
	Err string `json:"error,omitempty"`
}

// PhysicalKeyspace is what was asked of one keyspace.
type PhysicalKeyspace struct {
	// Migrations are the rows found, sorted by UUID and shard, one per
	// migration and shard: those that were named, those that are pending, what
	// pending reverts take back and, where one was named, what was requested
	// since, its reverts among them, as far back as is looked. A shard whose
	// primary vtctld does not find has none, and Vitess does not say so: see
	// Listed.
	Migrations []Migration `json:"migrations,omitempty"`
	// Listed are the aliases of the primaries that vtctld finds in topo, and so
	// asks for migrations, sorted. It does not find those of a cell that does
	// not answer.
	Listed []string `json:"listed,omitempty"`
	// Unread says, by UUID, why the rows of a migration cannot be read.
	Unread map[string]string `json:"unread,omitempty"`
	// MigrationsErr says why they could not be read.
	MigrationsErr string `json:"migrations_error,omitempty"`
	// Shards holds the schema of each shard's primary, where it was asked for.
	Shards map[string]ShardSchema `json:"shards,omitempty"`
}

// ShardSchema is the schema of one shard's primary.
type ShardSchema struct {
	// Tables maps a table's name to its CREATE TABLE.
	Tables map[string]string `json:"tables,omitempty"`
	// Views maps a view's name to its CREATE VIEW, without the name of its
	// database, where they were asked for.
	Views map[string]string `json:"views,omitempty"`
	// Err says why it could not be read: it may hold anything.
	Err string `json:"error,omitempty"`
}

// MigrationStatus is where a migration is on one shard. It is a closed set: a
// status of a newer Vitess reads as MigrationUnknown.
type MigrationStatus string

// The statuses of a migration.
const (
	MigrationUnknown   MigrationStatus = "unknown"
	MigrationRequested MigrationStatus = "requested"
	MigrationQueued    MigrationStatus = "queued"
	MigrationReady     MigrationStatus = "ready"
	MigrationRunning   MigrationStatus = "running"
	MigrationComplete  MigrationStatus = "complete"
	MigrationFailed    MigrationStatus = "failed"
	MigrationCancelled MigrationStatus = "cancelled"
)

// Ended tells whether the migration will not go on by itself.
func (s MigrationStatus) Ended() bool {
	return s == MigrationComplete || s == MigrationFailed || s == MigrationCancelled
}

// Migration is one Vitess online DDL on one shard.
type Migration struct {
	UUID      string          `json:"uuid"`
	Context   string          `json:"context,omitempty"`
	Keyspace  string          `json:"keyspace"`
	Shard     string          `json:"shard"`
	Tablet    string          `json:"tablet,omitempty"` // alias
	Table     string          `json:"table,omitempty"`
	Statement string          `json:"statement,omitempty"`
	Action    string          `json:"action,omitempty"` // alter, create, drop, revert
	Strategy  string          `json:"strategy,omitempty"`
	Status    MigrationStatus `json:"status"`
	// Reverted is the UUID of the migration that this one takes back.
	Reverted         string    `json:"reverted_uuid,omitempty"`
	PostponeLaunch   bool      `json:"postpone_launch,omitempty"`
	PostponeComplete bool      `json:"postpone_completion,omitempty"`
	ReadyToComplete  bool      `json:"ready_to_complete,omitempty"`
	RowsCopied       int64     `json:"rows_copied,omitempty"`
	TableRows        int64     `json:"table_rows,omitempty"`
	Progress         float64   `json:"progress,omitempty"`    // percent, as Vitess estimates it
	ETA              int64     `json:"eta_seconds,omitempty"` // negative or zero where not known
	Stage            string    `json:"stage,omitempty"`
	Throttled        string    `json:"throttled,omitempty"` // what throttles it, and how much
	Message          string    `json:"message,omitempty"`
	Requested        time.Time `json:"requested,omitzero"`
	Started          time.Time `json:"started,omitzero"`
	Completed        time.Time `json:"completed,omitzero"`
}

// Workflow is one VReplication workflow. A workflow is listed by the keyspace
// that it writes to, its target.
type Workflow struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // MoveTables, Reshard, CreateLookupIndex, Materialize, Migrate, OnlineDDL
	SubType string `json:"sub_type,omitempty"`
	Source  string `json:"source"` // keyspace; CLUSTER/KEYSPACE of another cluster
	Target  string `json:"target"` // keyspace
	// SourceShards and TargetShards are sorted.
	SourceShards []string `json:"source_shards,omitempty"`
	TargetShards []string `json:"target_shards,omitempty"`
	// State is that of its streams: the one state, or several joined by a
	// comma, sorted; Message is the first that one of them carries.
	State   string `json:"state"`
	Message string `json:"message,omitempty"`
	// Frozen tells that every stream carries the message FROZEN: switched, or
	// externalized.
	Frozen bool `json:"frozen,omitempty"`
	// AnyFrozen tells that one at least does: commands freeze shard by shard.
	AnyFrozen bool `json:"any_frozen,omitempty"`
	// Tables are those of the target that its streams fill, sorted; empty
	// where the streams do not name them. Views are not among them.
	Tables []string `json:"tables,omitempty"`
	// SourceTables are those that its streams read, sorted; empty where the
	// streams do not name them.
	SourceTables []string `json:"source_tables,omitempty"`
	// LookupVindexes are those that it fills, as its options name them; of a
	// workflow of Vitess 22, its own name.
	LookupVindexes []string `json:"lookup_vindexes,omitempty"`
	// Partial and MultiTenant tell of workflows that set shard routing rules
	// or keyspace routing rules.
	Partial     bool `json:"partial,omitempty"`
	MultiTenant bool `json:"multi_tenant,omitempty"`
	// Reverse tells that it is the way back of another (NAME_reverse).
	Reverse bool `json:"reverse,omitempty"`
}

// Ask says what to read of the physical plane.
type Ask struct {
	// Migrations holds, per keyspace, the UUIDs to look for beside the pending
	// and recent ones; a keyspace without any has an empty list.
	Migrations map[string][]string
	// Schemas holds, per keyspace, the tables whose definition is wanted from
	// each serving shard; an empty list means all of them.
	Schemas map[string][]string
	// Views asks for the views too, of those that Schemas asks for.
	Views bool
	// Shards are the serving shards, from topo, of each keyspace in Schemas.
	Shards map[string][]Shard
	// Workflows holds the keyspaces whose workflows are wanted: those whose
	// target they are. A plan asks for every keyspace.
	Workflows []string
}
