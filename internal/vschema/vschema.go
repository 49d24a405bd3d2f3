// Package vschema holds the nouns of Vitess routing over Vitess's own protos:
// what a keyspace, a vindex, a table and a set of rules are, when two of them
// mean the same (Canonical, Fingerprint), and how their bytes are read without
// losing anything. It does no I/O and must import no adapter, no clock and no
// logger.
package vschema

import (
	"slices"
	"strings"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"
)

// The protos of vitess.io/vitess/go/vt/proto/vschema, under the names that the
// field uses. Values handed between packages are never modified in place: who
// changes one clones it first.
type (
	// Keyspace is one keyspace's VSchema; nil stands for an absent record.
	Keyspace = vschemapb.Keyspace
	// Vindex is a vindex definition in a keyspace.
	Vindex = vschemapb.Vindex
	// Table is a table's routing entry in a keyspace.
	Table = vschemapb.Table
	// ColumnVindex binds columns of a table to a vindex.
	ColumnVindex = vschemapb.ColumnVindex
	// SrvVSchema is what a cell serves: all keyspaces and all rules.
	SrvVSchema = vschemapb.SrvVSchema
	// RoutingRules are the table routing rules.
	RoutingRules = vschemapb.RoutingRules
	// ShardRoutingRules are the shard routing rules.
	ShardRoutingRules = vschemapb.ShardRoutingRules
	// KeyspaceRoutingRules are the keyspace routing rules.
	KeyspaceRoutingRules = vschemapb.KeyspaceRoutingRules
	// MirrorRules are the mirror rules.
	MirrorRules = vschemapb.MirrorRules
)

// RuleKind names one of the four kinds of rules. Each kind is one record in
// the global topo and one entry of a cell.
type RuleKind string

// The kinds of rules, in the order in which they are shown.
const (
	TableRules    RuleKind = "routing_rules"
	ShardRules    RuleKind = "shard_routing_rules"
	KeyspaceRules RuleKind = "keyspace_routing_rules"
	MirrorKind    RuleKind = "mirror_rules"
)

// RuleKinds lists every kind, in the order in which they are shown.
var RuleKinds = []RuleKind{TableRules, ShardRules, KeyspaceRules, MirrorKind}

// EntryKind is what an Entry names inside a keyspace.
type EntryKind string

// The kinds of entries of a keyspace.
const (
	SettingEntry EntryKind = "setting" // Name is the proto's field name: sharded, require_explicit_routing, foreign_key_mode, multi_tenant_spec
	VindexEntry  EntryKind = "vindex"
	TableEntry   EntryKind = "table"
)

// entryKinds are the kinds in the order in which entries are shown.
var entryKinds = []EntryKind{SettingEntry, VindexEntry, TableEntry}

// Entry addresses the smallest piece of a keyspace's VSchema that has one
// owner: ownership (ours, foreign, conflict), undo and proof are per entry.
type Entry struct {
	Keyspace string    `json:"keyspace"`
	Kind     EntryKind `json:"kind"`
	Name     string    `json:"name"`
}

// String gives the entry as people name it: "customer: table orders".
func (e Entry) String() string { return e.Keyspace + ": " + string(e.Kind) + " " + e.Name }

// Compare orders entries by keyspace, then settings, vindexes, tables, then name.
func (e Entry) Compare(o Entry) int {
	switch {
	case e.Keyspace != o.Keyspace:
		return strings.Compare(e.Keyspace, o.Keyspace)
	case e.Kind != o.Kind:
		return e.Kind.rank() - o.Kind.rank()
	default:
		return strings.Compare(e.Name, o.Name)
	}
}

func (k EntryKind) rank() int { return slices.Index(entryKinds, k) }
