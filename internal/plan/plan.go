// Package plan turns differences into a Plan: ordered phases of changes with
// the tokens and hashes that they were decided on, what would undo them, and
// what is known to be wrong with them. It is pure: no I/O, no adapter, no
// clock, no logger.
package plan

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/impact"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Format is the version of the plan's JSON. A reader refuses any other.
const Format = 1

// BackendVTCtld checks and then writes through vtctld. It writes a cell by
// Vitess's rebuild, which ships all that the global topo holds.
const BackendVTCtld = "vtctld"

// Plan is an ordered set of changes and everything that they were decided on.
// It is data: the same inputs give the same bytes, so it holds no time.
type Plan struct {
	Format int `json:"format"`
	// ID is the first 12 hex digits of Digest.
	ID string `json:"id"`
	// Digest is the SHA-256, in hex, of the plan's JSON with ID and Digest
	// empty. Decode refuses a plan whose digest does not match.
	Digest string `json:"digest"`
	// Cluster is the id of the cluster that the plan was made for; another
	// cluster refuses it.
	Cluster string `json:"cluster"`
	// Backend is how it will be written: "topo", by compare-and-swap, or
	// BackendVTCtld.
	Backend string `json:"backend"`
	// Undoes is the ID of the plan that this one takes back, if any.
	Undoes string `json:"undoes,omitempty"`
	Base   Base   `json:"base"`
	// Phases are what vtgates see at once, in order. Empty when there is
	// nothing to do.
	Phases []Phase `json:"phases"`
	// Kept lists what others made and the plan keeps, per keyspace.
	Kept []diff.EntryChange `json:"kept,omitempty"`
	// Conflicts lists what changed on both sides; a plan with any is denied.
	Conflicts []diff.EntryChange `json:"conflicts,omitempty"`
	Findings  []lint.Finding     `json:"findings,omitempty"`
	// Suppressed are the findings that somebody knows of, for a reason: they
	// deny nothing.
	Suppressed []lint.Suppressed `json:"suppressed,omitempty"`
	// Desired holds, per managed keyspace, the file's value as canonical
	// protojson; for an undo it is the value that was committed last, with
	// the changes that it takes back taken out of it. It is what is recorded
	// as last committed once the plan is served (not live's state: what others
	// made and we kept stays foreign). Null takes the keyspace back to "never
	// committed".
	Desired map[string]json.RawMessage `json:"desired,omitempty"`
	// Committed holds what is recorded in place of Desired where the two
	// differ: in an entry that the plan keeps as others made it, what was
	// committed last stays so. The file is older there, and must not make
	// what others committed foreign to them.
	Committed map[string]json.RawMessage `json:"committed,omitempty"`
	// Refuted are the errors that only MySQL's tables speak against. Those are
	// not at hand when the plan is checked again, so it finds these then, and
	// they are no new mistakes.
	Refuted []lint.Finding `json:"refuted,omitempty"`
	// Denials say why the plan may not be applied as it is.
	Denials []Denial `json:"denials,omitempty"`
	// Impact is what the plan does to the known queries, as far as it was judged
	// when the plan was made: its numbers, and the worst of them. It is absent
	// where no queries are known.
	Impact *impact.Report `json:"impact,omitempty"`
	// Notes are facts that the reader must see and that deny nothing:
	// ignored cells, keyspaces not managed, sizes near the limit.
	Notes []string `json:"notes,omitempty"`
	// Allowed are the hazards, the codes of changes, the foreign entries and what
	// may become of queries that the user allowed.
	Allowed []string `json:"allowed,omitempty"`
	// Cells are all cells that must serve the change, sorted; IgnoredCells
	// are those that the config names as decommissioned.
	Cells        []string `json:"cells"`
	IgnoredCells []string `json:"ignored_cells,omitempty"`
	// UnreadCells could not be read: whether they agree is not known.
	UnreadCells []string `json:"unread_cells,omitempty"`
}

// Base is what the plan was made from.
type Base struct {
	// Keyspaces holds every keyspace that the plan writes or resolves
	// references in. The plan is stale when the fingerprint of one differs.
	Keyspaces map[string]BaseRecord `json:"keyspaces"`
	// Rules holds the four kinds of rules.
	Rules map[vschema.RuleKind]BaseRecord `json:"rules"`
	// Last holds, per managed keyspace, what its file was derived from, as
	// canonical protojson; a keyspace that it lacks was unknown.
	Last map[string]json.RawMessage `json:"last,omitempty"`
	// Beside holds, per keyspace in Committed, the commits of the entries that
	// are kept there and that Commit does not contain.
	Beside map[string][]string `json:"beside,omitempty"`
	// Commit is the git commit of the files, if any.
	Commit string `json:"commit,omitempty"`
}

// BaseRecord is one record as it was read.
type BaseRecord struct {
	Token       planes.Token `json:"token"`
	Fingerprint string       `json:"fingerprint"` // of the canonical value
	// Value is the record's canonical protojson, kept for the records that
	// the plan writes so that staleness can be shown as a diff.
	Value json.RawMessage `json:"value,omitempty"`
}

// Phase is all its writes of global records, then one write per cell.
type Phase struct {
	// Needs are what MySQL must hold before the phase begins, sorted. Pending
	// migrations that appear later are waited for as well.
	Needs  []ddl.Need    `json:"needs,omitempty"`
	Writes []GlobalWrite `json:"writes,omitempty"`
	// Heals lists what each cell serves that differs from the global records
	// and that the phase brings to them, beside its own changes.
	Heals []CellDrift `json:"heals,omitempty"`
	// Carried lists, per cell, changes of others in a keyspace that the
	// phase writes, saved in global and not yet in the cell: they are
	// shipped with it, as an entry of a cell is a whole keyspace.
	Carried []CellDrift `json:"carried,omitempty"`
}

// GlobalWrite is one CAS of a keyspace's VSchema in the global topo. Its base
// token stands in Plan.Base.
type GlobalWrite struct {
	Keyspace string             `json:"keyspace"`
	Changes  []diff.EntryChange `json:"changes"`
	// Before and After are the whole record's protojson; Before is null for
	// an absent record. After is what is written while the record still has
	// the base's fingerprint.
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// CellDrift is how one entry of a cell (a keyspace or a kind of rules) differs
// from the global record.
type CellDrift struct {
	Cell string `json:"cell"`
	// Keyspace or Rules names the entry of the cell; both are empty when the
	// cell has no SrvVSchema at all and gets a full rebuild.
	Keyspace string           `json:"keyspace,omitempty"`
	Rules    vschema.RuleKind `json:"rules,omitempty"`
	// Changes lead from what the cell serves to what global says.
	Changes []diff.EntryChange `json:"changes,omitempty"`
	Text    string             `json:"text"`
}

// Denial is one reason why a plan may not be applied, and what would change
// that.
type Denial struct {
	Code DenialCode `json:"code"`
	// Codes are those of the changes that are denied: naming them all allows it.
	Codes  []string `json:"codes,omitempty"`
	Text   string   `json:"text"`
	Remedy string   `json:"remedy,omitempty"`
}

// DenialCode names a reason to deny. The set is closed.
type DenialCode string

// The reasons to deny a plan.
const (
	DeniedNoKeyspace    DenialCode = "no_keyspace"    // the keyspace does not exist
	DeniedUnreadable    DenialCode = "unreadable"     // a record cannot be read
	DeniedUnknownField  DenialCode = "unknown_field"  // a record has fields that this build would drop
	DeniedFinding       DenialCode = "finding"        // lint found an error
	DeniedStale         DenialCode = "stale"          // the files are older than what was committed from them
	DeniedConflict      DenialCode = "conflict"       // an entry changed on both sides
	DeniedForeign       DenialCode = "foreign"        // what was allowed of others names more than one entry
	DeniedWorkflow      DenialCode = "workflow"       // a workflow in flight owns what would change
	DeniedSize          DenialCode = "size"           // a cell's SrvVSchema would be too large
	DeniedUnprovable    DenialCode = "unprovable"     // nothing that can be asked would show the change
	DeniedUnmanagedCell DenialCode = "unmanaged_cell" // a cell is outside of what may be written
	DeniedMigration     DenialCode = "migration"      // a migration takes away what is routed by, or nobody can say how far one is
	DeniedImpact        DenialCode = "impact"         // the known queries would fare worse than the policy lets them
	DeniedHazard        DenialCode = "hazard"         // a change could lose rows or cause an outage, and nobody allowed it
)

// denialOrder puts first what makes the rest beside the point: nobody should be
// led to allow a hazard that is only a mistake in a file.
var denialOrder = []DenialCode{
	DeniedNoKeyspace, DeniedUnreadable, DeniedUnknownField, DeniedFinding, DeniedStale, DeniedConflict,
	DeniedForeign, DeniedWorkflow, DeniedSize, DeniedUnprovable, DeniedUnmanagedCell, DeniedMigration, DeniedImpact, DeniedHazard,
}

// compare orders denials by what to look at first.
func (d Denial) compare(o Denial) int {
	return cmp.Compare(slices.Index(denialOrder, d.Code), slices.Index(denialOrder, o.Code))
}

// Hazard gives the worst that applying the plan can do: of its own changes, of
// what it ships along or heals, and of what all that does to other keyspaces.
func (p *Plan) Hazard() diff.Hazard {
	worst := diff.Safe
	for _, ph := range p.Phases {
		for _, h := range ph.hazardous() {
			if h.Hazard.Worse(worst) {
				worst = h.Hazard
			}
		}
	}
	for _, f := range p.Findings {
		if f.Hazard != "" && f.Hazard.Worse(worst) {
			worst = f.Hazard
		}
	}
	return worst
}

// Recorded is what a managed keyspace is recorded as last committed with, once
// the plan is served.
func (p *Plan) Recorded(keyspace string) json.RawMessage {
	if raw, ok := p.Committed[keyspace]; ok {
		return raw
	}
	return p.Desired[keyspace]
}

// Empty tells that there is nothing to do: all planes agree, as far as they
// could be read.
func (p *Plan) Empty() bool { return len(p.Phases) == 0 }
