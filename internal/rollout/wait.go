package rollout

import "time"

// WaitKind is what kind of thing a rollout waits for.
type WaitKind string

// The kinds of what is waited for.
const (
	WaitMigration WaitKind = "migration" // Name is its UUID
	WaitColumns   WaitKind = "columns"   // Name is the table
	WaitWorkflow  WaitKind = "workflow"  // Name is the workflow's
	WaitFreeze    WaitKind = "freeze"    // Name is the window's reason
	WaitApproval  WaitKind = "approval"
	WaitOther     WaitKind = "other"
)

// Blocker is one thing that keeps a phase from running, as an admission check found
// it. It holds no progress: it is saved in the record whenever it changes.
type Blocker struct {
	Kind     WaitKind `json:"kind"`
	Keyspace string   `json:"keyspace,omitempty"`
	Name     string   `json:"name,omitempty"`
	// Text says in one line what is missing, and where.
	Text string `json:"text"`
	// Done of Total serving shards are ready; both zero where that means
	// nothing.
	Done  int `json:"done,omitempty"`
	Total int `json:"total,omitempty"`
	// Until is when it ends by itself, where that is known.
	Until time.Time `json:"until,omitzero"`
}

// Waited is a Blocker with its times.
type Waited struct {
	Blocker
	Phase int       `json:"phase"`
	Since time.Time `json:"since"`
	// Met is when it was not waited for any more; zero while it is.
	Met time.Time `json:"met,omitzero"`
}
