package converge

import (
	"maps"
	"slices"
	"time"

	"github.com/vtsync/vtsync/internal/planes"
)

// Baseline is what the planes showed before a change: it is no evidence
// against the change. It is stored with the rollout.
type Baseline struct {
	// VTGates holds the keyspaces that were in error, per target of each
	// vtgate that showed its VSchema. Of one that is missing here it is not
	// known what it showed.
	VTGates map[string][]string `json:"vtgates,omitempty"`
	// Cells holds, per cell that could be read, the keyspaces that this build
	// of Vitess finds in error there.
	Cells map[string][]string `json:"cells,omitempty"`
	// Reloads holds the reloads of each vtgate, by target, as they were just
	// before its cell was written. What no view shows counts once a vtgate
	// has reloaded since; one that is missing here is not asked for that.
	Reloads map[string]Reloads `json:"reloads,omitempty"`
}

// Reloads is how often a vtgate had reloaded its VSchema when it was asked.
type Reloads struct {
	Count int64     `json:"count"`
	At    time.Time `json:"at"`
}

// BaselineOf gives what a snapshot shows that was taken before a change.
func BaselineOf(snap *planes.Snapshot, at time.Time, opaque ...string) *Baseline {
	b := &Baseline{VTGates: map[string][]string{}, Cells: map[string][]string{}, Reloads: ReloadsOf(snap, at)}
	e := expect(Want{OpaqueVindexes: opaque})
	for _, c := range snap.Cells {
		if c.Srv != nil {
			b.Cells[c.Name] = inError(e.build(c.Srv).view)
		}
	}
	for _, g := range snap.VTGates {
		if g.View != nil {
			b.VTGates[g.Target] = inError(g.View)
		}
	}
	return b
}

// ReloadsOf gives the reloads of each vtgate of a snapshot that told them.
func ReloadsOf(snap *planes.Snapshot, at time.Time) map[string]Reloads {
	out := map[string]Reloads{}
	for _, g := range snap.VTGates {
		if g.Silent == "" && g.VarsErr == "" {
			out[g.Target] = Reloads{Count: g.Reloads, At: at}
		}
	}
	return out
}

// since tells whether a vtgate has read its cell again since it was asked. A
// process that was started since counts from zero and has read its cell anew:
// its count may be any, and where it says when it started it may be equal.
func (r Reloads) since(g planes.VTGate) bool {
	return g.Reloads != r.Count || g.Started.After(r.At)
}

// inError names the keyspaces in error in a view, sorted.
func inError(view *planes.View) []string {
	return slices.Sorted(maps.Keys(KeyspaceErrors(view)))
}

// had tells whether a keyspace was in error on a vtgate before the change, and
// whether that is known: of a vtgate that did not answer then, what its cell
// held is all there is, and that it built there proves nothing.
func (b *Baseline) had(g planes.VTGate, keyspace string) (had, known bool) {
	if errors, ok := b.VTGates[g.Target]; ok {
		return slices.Contains(errors, keyspace), true
	}
	had = slices.Contains(b.Cells[g.Cell], keyspace)
	return had, had
}
