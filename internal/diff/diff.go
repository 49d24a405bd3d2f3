// Package diff compares a keyspace's live VSchema with the desired one and
// with what vtsync last committed, and gives typed changes, each with a
// hazard. It is pure: no I/O, no adapter, no clock, no logger.
package diff

import (
	"encoding/json"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Hazard is what a change can do to traffic.
type Hazard string

// The hazards, mildest first.
const (
	Safe      Hazard = "safe"       // no plan of an existing query changes
	Replan    Hazard = "replan"     // plans change, results don't
	Scatter   Hazard = "scatter"    // queries may go to all shards
	WriteLoss Hazard = "write_loss" // rows may become unreachable or invisible
	Outage    Hazard = "outage"     // queries may fail
)

// Hazards lists them, mildest first.
var Hazards = []Hazard{Safe, Replan, Scatter, WriteLoss, Outage}

// Change is one typed difference inside an entry.
type Change struct {
	Type   ChangeType `json:"type"`
	Hazard Hazard     `json:"hazard"`
	// Code is that of the lint rule which explains the hazard; whatever has to
	// be allowed has one.
	Code string `json:"code,omitempty"`
	// Table, Vindex, Param and Column name what changes, as far as they apply.
	Table  string `json:"table,omitempty"`
	Vindex string `json:"vindex,omitempty"`
	Param  string `json:"param,omitempty"`
	Column string `json:"column,omitempty"`
	// Before and After are short texts of the changed value.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Text is the change as a sentence about tables and columns.
	Text string `json:"text"`
	// Why says what the hazard is; empty when it is safe.
	Why string `json:"why,omitempty"`
}

// EntryChange is all that changes in one entry. Before and After are the
// entry's canonical protojson; nil where the entry does not exist (a setting
// always exists).
type EntryChange struct {
	Entry   vschema.Entry   `json:"entry"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Changes []Change        `json:"changes"`
}

// Path leads to the entry inside its keyspace's VSchema, as lint.Finding.Path
// does; it is empty where the change is about the whole keyspace.
func (ec EntryChange) Path() []string {
	switch ec.Entry.Kind {
	case vschema.TableEntry:
		return []string{"tables", ec.Entry.Name}
	case vschema.VindexEntry:
		return []string{"vindexes", ec.Entry.Name}
	case vschema.SettingEntry:
		return []string{ec.Entry.Name}
	default:
		return nil
	}
}

// Result is the outcome of a three-way comparison of one keyspace. Each list
// is sorted by entry; an entry stands in at most one of them.
type Result struct {
	// Ours are differences that the file wants and nobody else made.
	Ours []EntryChange `json:"ours,omitempty"`
	// Foreign are differences that others made: Before is the file's state
	// (nil where the file does not have it), After is the live one. They are
	// shown and kept.
	Foreign []EntryChange `json:"foreign,omitempty"`
	// Conflicts are entries that changed on both sides: Before is live,
	// After is the file's.
	Conflicts []EntryChange `json:"conflicts,omitempty"`
}

// ChangeType names a typed change; the closed set stands in hazard.go.
type ChangeType string
