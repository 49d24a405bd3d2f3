package runner

import (
	"context"
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// baseline gives what is so before the first write. A cell that serves all of
// it already is not written, so its vtgates have no reason to reload.
func (x *run) baseline(snap *planes.Snapshot) *converge.Baseline {
	b := converge.BaselineOf(snap, x.Now(), x.OpaqueVindexes...)
	for _, c := range x.judgeSnapshot(snap, x.rec.Phase, true).Cells {
		if c.Status != converge.Serving {
			continue
		}
		for _, g := range snap.VTGates {
			if g.Cell == c.Name || g.Cell == "" {
				delete(b.Reloads, g.Target)
			}
		}
	}
	return b
}

// baselineBack is the baseline on the way back: a vtgate whose cell was never
// written has seen nothing of ours and has no reason to reload.
func (x *run) baselineBack(snap *planes.Snapshot) *converge.Baseline {
	if x.rec.Baseline == nil {
		return nil
	}
	b := *x.rec.Baseline
	b.Reloads = maps.Clone(b.Reloads)
	for _, g := range snap.VTGates {
		if !x.wrote(g.Cell) {
			delete(b.Reloads, g.Target)
		}
	}
	return &b
}

// wrote tells whether a write of the cell may have been sent; of a cell that
// is not known any may.
func (x *run) wrote(cell string) bool {
	return slices.ContainsFunc(x.rec.Cells, func(c rollout.CellWrite) bool {
		return (c.Cell == cell || cell == "") && !c.Token.IsZero()
	})
}

// reloadsNow gives the reloads of the vtgates of each cell. One whose cell is
// not known keeps those of the baseline: it may have reloaded for any cell.
func (x *run) reloadsNow(ctx context.Context) map[string]map[string]converge.Reloads {
	snap, err := x.Observe.Snapshot(ctx)
	if err != nil {
		return nil // what is kept is older, and still true
	}
	all := converge.ReloadsOf(snap, x.Now())
	out := map[string]map[string]converge.Reloads{}
	for _, g := range snap.VTGates {
		r, told := all[g.Target]
		if !told || g.Cell == "" {
			continue
		}
		if out[g.Cell] == nil {
			out[g.Cell] = map[string]converge.Reloads{}
		}
		out[g.Cell][g.Target] = r
	}
	return out
}
