// Package planes holds what each plane was seen to hold: plain data, printable
// and comparable, that observe fills and that plan, converge, rollout and the
// views read. It does no I/O and must import no adapter, clock or logger.
package planes

import (
	"regexp"
	"time"

	"github.com/vtsync/vtsync/internal/vschema"
)

// AbsentVersion is the version of a record that does not exist.
const AbsentVersion = "absent"

// Token is the opaque proof of what was read from one record of topo. Only a
// read gives one, and every write needs one. It survives a process: it is
// stored in plans and records.
type Token struct {
	// Version is the topo server's version of the record, as text, or
	// AbsentVersion.
	Version string `json:"version"`
	// Hash is the SHA-256 of the record's bytes, in hex; empty when absent.
	Hash string `json:"hash,omitempty"`
}

// Absent is the token of a record that was read and does not exist.
func Absent() Token { return Token{Version: AbsentVersion} }

// IsAbsent tells whether the record did not exist when it was read.
func (t Token) IsAbsent() bool { return t.Version == AbsentVersion }

// IsZero tells that nothing was read: no write may be decided on it.
func (t Token) IsZero() bool { return t == Token{} }

// Global is the global topo: what Vitess was told.
type Global struct {
	// ClusterID is the random id kept at vtsync/id; empty where it was not
	// made yet.
	ClusterID string `json:"cluster_id,omitempty"`
	// Keyspaces holds every keyspace that has a Keyspace record or a VSchema.
	Keyspaces map[string]Keyspace `json:"keyspaces"`
	// Rules holds all four kinds, always.
	Rules Rules `json:"rules"`
	// Cells are the names of all known cells, sorted.
	Cells []string `json:"cells"`
}

var clusterID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// IsClusterID tells whether a text can be a cluster's id. One that is damaged
// must not be taken for another cluster's.
func IsClusterID(s string) bool { return clusterID.MatchString(s) }

// Keyspace is one keyspace in the global topo.
type Keyspace struct {
	// Token is that of the VSchema record.
	Token Token `json:"token"`
	// VSchema is nil when the record is absent or cannot be read.
	VSchema *vschema.Keyspace `json:"vschema,omitempty"`
	// HasRecord tells whether the Keyspace record exists.
	HasRecord bool `json:"has_record"`
	// Shards are the shards in topo, sorted by name.
	Shards []Shard `json:"shards,omitempty"`
	// Unknown lists fields of the record that this build does not know; it
	// must then not be written.
	Unknown []string `json:"unknown,omitempty"`
	// Err says why the record could not be read or decoded.
	Err string `json:"error,omitempty"`
}

// Shard is one shard of a keyspace in topo.
type Shard struct {
	Name    string `json:"name"`
	Serving bool   `json:"serving"` // is_primary_serving
	// Primary is the alias of its primary tablet; empty where it has none.
	Primary string `json:"primary,omitempty"`
}

// Rules holds the four kinds of rules with their tokens. Values are never nil;
// an absent record is an empty value with an absent token.
type Rules struct {
	Table    *vschema.RoutingRules         `json:"routing_rules"`
	Shard    *vschema.ShardRoutingRules    `json:"shard_routing_rules"`
	Keyspace *vschema.KeyspaceRoutingRules `json:"keyspace_routing_rules"`
	Mirror   *vschema.MirrorRules          `json:"mirror_rules"`
	Tokens   map[vschema.RuleKind]Token    `json:"tokens"`
	Unknown  map[vschema.RuleKind][]string `json:"unknown,omitempty"`
}

// Cell is one cell's SrvVSchema: what the cell serves.
type Cell struct {
	Name  string `json:"name"`
	Token Token  `json:"token"`
	// Srv is nil when the record is absent or could not be read.
	Srv *vschema.SrvVSchema `json:"srv,omitempty"`
	// Unknown lists fields that this build does not know.
	Unknown []string `json:"unknown,omitempty"`
	// Size is the record's size in bytes.
	Size int `json:"size"`
	// Err says why the cell could not be read; it has then not agreed and
	// has not refused either.
	Err string `json:"error,omitempty"`
}

// VTGate is one vtgate as far as it could be asked.
type VTGate struct {
	// Target is its HTTP address, host:port.
	Target string `json:"target"`
	Cell   string `json:"cell,omitempty"`
	// Version is its BuildVersion, such as "24.0.1".
	Version string `json:"version,omitempty"`
	// Reloads counts its VSchema reloads (VtgateVSchemaCounts.Reload) since
	// it started.
	Reloads int64 `json:"reloads"`
	// Started is when its process started, by our clock; zero where it does
	// not say.
	Started time.Time `json:"started,omitzero"`
	// VarsErr says why Version, Reloads, Started, Untracked, Flags and Watches could not be read.
	VarsErr string `json:"vars_error,omitempty"`
	// Untracked tells that its schema tracker is off
	// (--schema-change-signal=false): it shows only what the VSchema names.
	Untracked bool `json:"untracked,omitempty"`
	// Flags are those of its command line that decide how it plans, by their names
	// with hyphens; a flag that stands alone is "true".
	Flags map[string]string `json:"flags,omitempty"`
	// Watches are the keyspaces that it was told to watch
	// (--keyspaces-to-watch); empty means all.
	Watches []string `json:"watches,omitempty"`
	// Health is grpc.health.v1's answer for the vtgate service: SERVING,
	// NOT_SERVING, UNREACHABLE, or empty where it was not asked.
	Health string `json:"health,omitempty"`
	// View is what it says it serves; nil when it did not say.
	View *View `json:"view,omitempty"`
	// SQL tells that the vindexes' types, params and owners were read with
	// SHOW VSCHEMA; without it they are not in the View.
	SQL bool `json:"sql"`
	// SQLErr says why SQL could not be asked, if it was configured.
	SQLErr string `json:"sql_error,omitempty"`
	// Silent says why it did not answer at all.
	Silent string `json:"silent,omitempty"`
	// Unreadable says why it answered and would not show its VSchema (a
	// denied /debug, a form that this build cannot read).
	Unreadable string `json:"unreadable,omitempty"`
}

// View is the projection of a vtgate's VSchema that routing depends on and
// that the vtgate shows: from /debug/vschema, and from SHOW VSCHEMA where it
// says more. The schema tracker's additions are in it too, so what is expected
// is a part of it, not equal to it.
type View struct {
	Keyspaces map[string]ViewKeyspace `json:"keyspaces"`
	// Rules maps "routing_rules/FROM" and so on, per kind, to what vtgate
	// shows as the target, as compact JSON.
	Rules map[string]string `json:"rules,omitempty"`
}

// ViewKeyspace is a keyspace as a vtgate shows it.
type ViewKeyspace struct {
	Sharded         bool                  `json:"sharded"`
	ForeignKeyMode  string                `json:"foreign_key_mode,omitempty"`
	MultiTenantSpec string                `json:"multi_tenant_spec,omitempty"`
	Error           string                `json:"error,omitempty"`
	Tables          map[string]ViewTable  `json:"tables,omitempty"`
	Vindexes        map[string]ViewVindex `json:"vindexes,omitempty"`
}

// ViewTable is a table as a vtgate shows it. Names of columns are in lower
// case where Vitess only compares them, which it does without case.
type ViewTable struct {
	Type           string             `json:"type,omitempty"`
	Pinned         string             `json:"pinned,omitempty"` // hex
	Source         string             `json:"source,omitempty"`
	ColumnVindexes []ViewColumnVindex `json:"column_vindexes,omitempty"`
	AutoColumn     string             `json:"auto_column,omitempty"`
	AutoSequence   string             `json:"auto_sequence,omitempty"` // unqualified
	// Columns holds "name TYPE" and what else is shown of each column; a
	// collation is not.
	Columns       []string `json:"columns,omitempty"`
	Authoritative bool     `json:"authoritative,omitempty"`
}

// ViewColumnVindex is a column vindex as a vtgate shows it.
type ViewColumnVindex struct {
	Vindex  string   `json:"vindex"`
	Type    string   `json:"type,omitempty"`
	Columns []string `json:"columns"`
	Owned   bool     `json:"owned,omitempty"`
}

// ViewVindex is a vindex as a vtgate shows it: the built one of /debug/vschema
// and, with SQL, the declared one of SHOW VSCHEMA VINDEXES.
type ViewVindex struct {
	// Loaded tells that /debug/vschema lists it.
	Loaded bool `json:"loaded,omitempty"`
	// Lookup is "table(from) to" of a lookup vindex as it was built.
	Lookup string `json:"lookup,omitempty"`
	// Declared tells that SHOW VSCHEMA VINDEXES lists it, with the fields
	// below.
	Declared bool   `json:"declared,omitempty"`
	Type     string `json:"type,omitempty"`
	// Params is "k=v; k=v" sorted, as vtgate prints it. It is never parsed,
	// as values may hold the separators.
	Params string `json:"params,omitempty"`
	Owner  string `json:"owner,omitempty"`
}

// Snapshot is all live planes, read as close together as can be.
type Snapshot struct {
	Global  Global   `json:"global"`
	Cells   []Cell   `json:"cells"`   // sorted by name
	VTGates []VTGate `json:"vtgates"` // sorted by target
}

// Cell gives a cell of the snapshot by name.
func (s *Snapshot) Cell(name string) (Cell, bool) {
	for _, c := range s.Cells {
		if c.Name == name {
			return c, true
		}
	}
	return Cell{}, false
}

// Landing is what became of a write whose answer was lost or refused.
type Landing string

// The landings.
const (
	// LandingHere: it landed and the record still holds it.
	LandingHere Landing = "landed"
	// LandingLost: it landed and another wrote since.
	LandingLost Landing = "overwritten"
	// LandingNever: the record moved on without it, so it never will.
	LandingNever Landing = "never"
	// LandingFenced: it never will, as the next write left the record as it
	// was, which is how a write is given up.
	LandingFenced Landing = "fenced"
	// LandingOpen: the record has not moved: it may still land.
	LandingOpen Landing = "open"
	// LandingUnclear: the topo server cannot tell (no history, compacted).
	LandingUnclear Landing = "unclear"
)
