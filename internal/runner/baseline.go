package runner

import (
	"context"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
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
