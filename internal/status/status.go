// Package status judges how far the planes of a cluster agree: files, global
// topo, cells and vtgates, each against its neighbour. It is pure: no I/O, no
// adapter, no clock, no logger.
package status

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
)

// Format is the version of the status's JSON.
const Format = 1

// Status is how far the planes agree, per keyspace. Every list is sorted.
type Status struct {
	Format int `json:"format"`
	// Backend is how the cluster is written: topo, or, weaker, vtctld.
	Backend string `json:"backend,omitempty"`
	// Cluster is the cluster's id; empty before the first apply.
	Cluster   string     `json:"cluster,omitempty"`
	Keyspaces []Keyspace `json:"keyspaces"`
	// Unmanaged are live keyspaces without a file; they are never touched.
	Unmanaged []string `json:"unmanaged,omitempty"`
	// Removed are keyspaces that vtsync committed once and that have no file
	// any more.
	Removed []string `json:"removed,omitempty"`
	// Held are keyspaces without a file in which a rollout is open or which
	// are paused.
	Held []Held `json:"held,omitempty"`
	// Rules lists, per cell, kinds of rules that differ from the global ones.
	Rules []plan.CellDrift `json:"rules,omitempty"`
	// Others lists how cells differ from the global topo in keyspaces without
	// a file. They are told and not counted.
	Others []plan.CellDrift `json:"others,omitempty"`
	// Unread lists the cells and vtgates that did not say what they serve.
	Unread []converge.Verdict `json:"unread,omitempty"`
	// IgnoredCells are those that the config names as decommissioned.
	IgnoredCells []string `json:"ignored_cells,omitempty"`
}

// Keyspace is one managed keyspace, plane by plane.
type Keyspace struct {
	Name string `json:"keyspace"`
	File string `json:"file"`
	// Changes compares the file with the global topo.
	Changes diff.Result `json:"changes"`
	// Cells lists how cells differ from the global topo.
	Cells []plan.CellDrift `json:"cells,omitempty"`
	// VTGates lists those that do not serve what the global topo says.
	VTGates []converge.Verdict `json:"vtgates,omitempty"`
	// Rollout is the open rollout that explains the differences.
	Rollout *Rollout       `json:"rollout,omitempty"`
	Paused  *rollout.Pause `json:"paused,omitempty"`
	// Missing tells that the cluster has no such keyspace.
	Missing bool `json:"missing,omitempty"`
	// Err says why the live record cannot be judged.
	Err string `json:"error,omitempty"`
}

// Held is a keyspace that is not judged, and what holds it.
type Held struct {
	Name    string         `json:"keyspace"`
	Rollout *Rollout       `json:"rollout,omitempty"`
	Paused  *rollout.Pause `json:"paused,omitempty"`
}

// Rollout is an open rollout, in short.
type Rollout struct {
	ID     string        `json:"id"`
	State  rollout.State `json:"state"`
	Parked *rollout.Park `json:"parked,omitempty"`
}

// InSync tells that all planes of the keyspace agree.
func (k Keyspace) InSync() bool {
	c := k.Changes
	return k.Err == "" && !k.Missing && len(c.Ours) == 0 && len(c.Foreign) == 0 && len(c.Conflicts) == 0 &&
		len(k.Cells) == 0 && len(k.VTGates) == 0
}

// Drifted tells that two planes differ. An open rollout may be the reason, but
// it may also have parked, so it excuses nothing.
func (s Status) Drifted() bool {
	for _, k := range s.Keyspaces {
		if !k.InSync() && k.Err == "" {
			return true
		}
	}
	return len(s.Rules) > 0
}

// Open tells that a rollout has not come to its end: its change may yet be
// served or taken back, so nothing that agrees now is settled.
func (s Status) Open() bool {
	return slices.ContainsFunc(s.Keyspaces, func(k Keyspace) bool { return k.Rollout != nil }) ||
		slices.ContainsFunc(s.Held, func(h Held) bool { return h.Rollout != nil })
}

// Unserved says what speaks against "nothing to do" where files and global topo
// leave nothing to write: an open rollout, a plane that did not answer, or a
// vtgate that lags behind its cell. It is "" where nothing does. A cell that
// lacks only what others have not rebuilt yet is theirs to bring up to date.
func (s Status) Unserved() string {
	for _, v := range s.Unread {
		return fmt.Sprintf("%s is %s: %s", v.Name, v.Status, v.Detail)
	}
	for _, k := range s.Keyspaces {
		switch {
		case k.Rollout != nil && k.Rollout.Parked != nil:
			return fmt.Sprintf("rollout %s of keyspace %s is parked: %s", k.Rollout.ID, k.Name, k.Rollout.Parked.Text)
		case k.Rollout != nil:
			return fmt.Sprintf("rollout %s of keyspace %s is %s", k.Rollout.ID, k.Name, k.Rollout.State)
		case len(k.Cells) == 0 && len(k.VTGates) > 0:
			v := k.VTGates[0]
			return fmt.Sprintf("vtgate %s is %s: %s", v.Name, v.Status, v.Detail)
		}
	}
	return ""
}

// Unreadable tells that a plane did not say what it holds.
func (s Status) Unreadable() bool {
	for _, k := range s.Keyspaces {
		if k.Err != "" {
			return true
		}
	}
	return len(s.Unread) > 0
}
