package rollout

import (
	"fmt"
	"time"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
)

// Format is the version of the stored records. A reader refuses any other.
const Format = 1

// MaxRecordBytes bounds an encoded Record: plans and values are blobs of their
// own, so that a record stays small enough for any topo server.
const MaxRecordBytes = 64 << 10

// Record is one rollout: one execution of one plan. It is saved before each
// action with what the action intends, and after it with what came of it, so
// that any host can go on from it.
type Record struct {
	Format int    `json:"format"`
	ID     string `json:"id"` // sorts by time of creation
	// Seq grows by one with every save and Writer is a random name of the
	// process that saved, so that no two saves have equal bytes: a save whose
	// answer was lost is recognised by reading it back.
	Seq    int64  `json:"seq"`
	Writer string `json:"writer"`

	PlanID string `json:"plan_id"`
	Plan   string `json:"plan"` // hash of the plan's blob
	// Undoes is the rollout that this one takes back, if any.
	Undoes    string   `json:"undoes,omitempty"`
	Keyspaces []string `json:"keyspaces"` // sorted: those whose heads it holds
	By        Who      `json:"by"`

	State State `json:"state"`
	// Phase is the index of the phase in hand; on the way back that of the
	// last one of which anything may stand in global or in a cell.
	Phase int `json:"phase"`
	// Phases holds the keyspaces that each phase of the plan writes.
	Phases [][]string `json:"phases"`
	Step   Step       `json:"step,omitempty"`
	// Then is the state that an unwound phase goes to once it is unlocked.
	Then State `json:"then,omitempty"`
	// UndoHazard is the worst that taking the plan back could do; see
	// package diff. AutoUndo tells whether vtsync may do so by itself.
	UndoHazard string `json:"undo_hazard,omitempty"`
	AutoUndo   bool   `json:"auto_undo"`
	Parked     *Park  `json:"parked,omitempty"`
	Reason     string `json:"reason,omitempty"` // why it is where it is, for people
	// Code is the kind of Reason. Both say why a rollout goes where it goes;
	// why it rests is in Parked.
	Code Code `json:"code,omitempty"`
	// Diff shows, in the words of the plan, what was found instead of what
	// was expected (conflict, stale).
	Diff string `json:"diff,omitempty"`
	// Kept names, sorted, the keyspaces in which others changed entries of
	// ours before they were taken back: theirs stay.
	Kept []string `json:"kept,omitempty"`
	// Held tells that a workflow, or not knowing which run, keeps a write or the
	// way back waiting. The time for that runs on over every lock that is taken
	// meanwhile.
	Held bool `json:"held,omitempty"`

	// Globals are the writes of the phase in hand, in the plan's order.
	Globals []Write `json:"globals,omitempty"`
	// Cells are the cells of the plan, in the plan's order, then those that
	// appeared later; without those that were decommissioned meanwhile.
	Cells []CellWrite `json:"cells,omitempty"`
	// ForeignRebuild tells that somebody else's rebuild shipped a part of a
	// phase before all of it was saved: half may have been served.
	ForeignRebuild bool `json:"foreign_rebuild,omitempty"`
	// Heals counts how often a cell that already had our entries lost them
	// to another writer and was written again.
	Heals int `json:"heals,omitempty"`
	// Auto tells that the way back was decided by vtsync on evidence, not
	// asked for by a person: the keyspaces are paused when it ends.
	Auto bool `json:"auto,omitempty"`
	// Asked tells that a person asked for the way back, perhaps while vtsync
	// was unwinding a phase by itself: what follows of it is not automatic.
	Asked bool `json:"asked,omitempty"`

	// Waits are what the admission checks of the phase in hand wait for, and
	// what those of all phases have waited for.
	Waits []Waited `json:"waits,omitempty"`
	// Needs names, sorted and by keyspace, the migrations that the phase in
	// hand has begun to wait for and that Waits has no room for; see AllWaits.
	Needs map[string][]string `json:"needs,omitempty"`
	// Approvals are who approved of it, in order; each user once, see Approved.
	Approvals []Approval `json:"approvals,omitempty"`
	// HalfOpen tells that a person has resumed it after the circuit breaker
	// opened: the next look decides whether it opens again.
	HalfOpen bool `json:"half_open,omitempty"`
	// Retries is what is used of RetryBudget: how often something had to be
	// asked again, as topo or vtctld did not answer, since the rollout began or
	// was last resumed, but for when it waited to begin.
	Retries int `json:"retries,omitempty"`
	// Attempts are the latest of all that were made again, whenever that was;
	// AttemptsDropped counts those before them.
	Attempts        []Attempt `json:"attempts,omitempty"`
	AttemptsDropped int       `json:"attempts_dropped,omitempty"`

	// Baseline is what was so before the first write: it is no evidence
	// against the change. Its reloads are as they were before each cell was
	// written last.
	Baseline *converge.Baseline `json:"baseline,omitempty"`

	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	// Began is when the state or the writes in hand began; deadlines count
	// from it.
	Began time.Time `json:"began,omitzero"`
	// Entered is Began as it was before the first write of the phase was asked
	// for: where nothing was sent after all, the time to wait goes on from it.
	Entered time.Time `json:"entered,omitzero"`
	// Log is what happened, for people; the oldest lines go first when the
	// record would grow too large.
	Log []LogLine `json:"log,omitempty"`
}

// Who started a rollout.
type Who struct {
	User   string `json:"user,omitempty"`
	Host   string `json:"host,omitempty"`
	Commit string `json:"commit,omitempty"` // git commit of the files
	CI     string `json:"ci,omitempty"`     // URL of the CI run
	// OverPause tells that they confirmed to change paused keyspaces.
	OverPause bool `json:"over_pause,omitempty"`
	// Approves tells that they approve of the plan; it is kept as an Approval.
	Approves bool `json:"-"`
}

// String gives USER@HOST, as far as they are known.
func (w Who) String() string {
	if w.User == "" || w.Host == "" {
		return w.User + w.Host
	}
	return w.User + "@" + w.Host
}

// Approval is one person's.
type Approval struct {
	By Who       `json:"by"`
	At time.Time `json:"at"`
}

// Park says why a rollout stopped where it is and waits for a person.
type Park struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
	Next string `json:"next"` // the command to run
}

// LogLine is one thing that happened.
type LogLine struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Write is one CAS of a global record and how far it is.
type Write struct {
	Keyspace string `json:"keyspace"`
	// Token is what the write is or was decided on; it is saved before the
	// write is sent.
	Token  planes.Token `json:"token,omitzero"`
	Status WriteStatus  `json:"status"`
	// Result is the token of the record after our write landed.
	Result   planes.Token `json:"result,omitzero"`
	Attempts int          `json:"attempts,omitempty"`
	// Back tells that the write in hand takes the change back.
	Back bool `json:"back,omitempty"`
}

// toGoBack tells whether it still has to be taken back.
func (w Write) toGoBack() bool {
	return w.Back && (w.Status == WritePlanned || w.Status == WriteIntended)
}

// WriteStatus is how far one write is.
type WriteStatus string

// The statuses of a write.
const (
	WritePlanned  WriteStatus = "planned"
	WriteIntended WriteStatus = "intended" // sent, or about to be: its outcome is not known yet
	WriteLanded   WriteStatus = "landed"
	WriteUndone   WriteStatus = "undone" // it had landed and was taken back
	WriteRefused  WriteStatus = "refused"
	WriteFenced   WriteStatus = "fenced" // given up: it can no longer land
)

// UnmarshalText refuses unknown statuses: a write of unknown standing must
// not be taken for one that is done.
func (s *WriteStatus) UnmarshalText(b []byte) error {
	switch st := WriteStatus(b); st {
	case WritePlanned, WriteIntended, WriteLanded, WriteUndone, WriteRefused, WriteFenced:
		*s = st
		return nil
	default:
		return fmt.Errorf("unknown status of a write %q", b)
	}
}

// CellWrite is one cell's SrvVSchema and how far it is.
type CellWrite struct {
	Cell   string       `json:"cell"`
	Token  planes.Token `json:"token,omitzero"` // of the write in flight, saved before it is sent
	Status WriteStatus  `json:"status"`
	Result planes.Token `json:"result,omitzero"`
	Detail string       `json:"detail,omitempty"`
	// Doubt tells that an earlier try on Token may have been sent, and has no
	// known outcome.
	Doubt bool `json:"doubt,omitempty"`
}

// Head is the one record per keyspace that serialises rollouts: it is only
// ever changed by CAS.
type Head struct {
	Format   int    `json:"format"`
	Keyspace string `json:"keyspace"`
	// Seq and Writer make every save's bytes unique, as in Record.
	Seq    int64  `json:"seq"`
	Writer string `json:"writer"`
	// Open is the rollout that holds the keyspace; empty when none does.
	Open string `json:"open,omitempty"`
	// Paused stops automatic and unattended changes until a person lifts it.
	Paused *Pause `json:"paused,omitempty"`
	// Committed is the hash of the blob of the VSchema (canonical protojson)
	// that vtsync last committed; empty before the first.
	Committed string `json:"committed,omitempty"`
	// CommittedBy is the rollout that committed it; empty when an apply with
	// nothing to do recorded it. Commit is the git commit of its files; see
	// Uncommitted for files that were in none.
	CommittedBy string `json:"committed_by,omitempty"`
	Commit      string `json:"commit,omitempty"`
	// Beside are commits that Commit does not contain and that Committed
	// still holds entries of, as it kept what others had committed.
	Beside []string `json:"beside,omitempty"`
}

// Pause is why a keyspace is paused.
type Pause struct {
	Reason  string    `json:"reason"`
	Rollout string    `json:"rollout,omitempty"`
	Since   time.Time `json:"since"`
}
