package runner

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

// readCells reads each cell with its token first, and the global records after
// them: a write decided on that token can then never bring an older global. The
// vtgates' reloads are older than both, so that none caused by a write that is
// decided on them is missed.
func (x *run) readCells(ctx context.Context) rollout.Event {
	reloads := x.reloadsNow(ctx)
	known := x.cellNames()
	cells := x.cellsNow(ctx, known)
	g, err := x.Topo.ReadGlobal(ctx)
	if added := x.added(g, known); len(added) > 0 {
		cells = append(cells, x.cellsNow(ctx, added)...)
		g, err = x.Topo.ReadGlobal(ctx)
	}
	ev := rollout.CellsRead{}
	for _, c := range cells {
		if err == nil && !slices.Contains(g.Cells, c.Name) {
			ev.Gone = append(ev.Gone, c.Name)
			continue
		}
		f := rollout.CellFact{Cell: c.Name, Token: c.Token, Silent: c.Err, Reloads: reloads[c.Name]}
		switch {
		case err != nil:
			f.Silent = "the global topo does not answer: " + err.Error()
		case len(c.Unknown) > 0:
			f.Silent = "it has fields that this build does not know: " + c.Unknown[0]
		case c.Err == "":
			f.Holds = x.holds(c, g)
		}
		x.cells[c.Name] = c
		ev.Cells = append(ev.Cells, f)
	}
	ev.At = x.at()
	return ev
}

// cellNames names the rollout's cells.
func (x *run) cellNames() []string {
	names := make([]string, len(x.rec.Cells))
	for i, c := range x.rec.Cells {
		names[i] = c.Cell
	}
	return names
}

// added names the cells that global lists beside the known ones, and that the
// plan does not ignore.
func (x *run) added(g planes.Global, known []string) []string {
	var names []string
	for _, name := range g.Cells {
		if !slices.Contains(known, name) && !slices.Contains(x.plan.IgnoredCells, name) {
			names = append(names, name)
		}
	}
	return names
}

// cellsNow reads cells at the same time.
func (x *run) cellsNow(ctx context.Context, names []string) []planes.Cell {
	cells := make([]planes.Cell, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { cells[i] = x.Topo.ReadCell(ctx, name) })
	}
	wg.Wait()
	return cells
}

// holds tells whether a cell serves our entries, and all that the plan heals
// in it, as global holds them now.
func (x *run) holds(c planes.Cell, g planes.Global) bool {
	if c.Srv == nil {
		return false
	}
	for ks, entries := range x.touched(x.rec.Phase) {
		served, ok := c.Srv.Keyspaces[ks]
		if !ok {
			return false
		}
		for _, e := range entries {
			if !vschema.EntryEqual(served, g.Keyspaces[ks].VSchema, e) {
				return false
			}
		}
	}
	keyspaces, kinds := x.heals(c.Name)
	for _, ks := range keyspaces {
		if !vschema.Equal(c.Srv.Keyspaces[ks], g.Keyspaces[ks].VSchema) {
			return false
		}
	}
	want := plan.FullSrv(g)
	for _, kind := range kinds {
		if !vschema.EqualRules(kind, vschema.RulesOf(c.Srv, kind), vschema.RulesOf(want, kind)) {
			return false
		}
	}
	return true
}

// touched lists our entries per keyspace, of every phase up to the one given.
func (x *run) touched(phase int) map[string][]vschema.Entry {
	out := map[string][]vschema.Entry{}
	for i := 0; i <= phase && i < len(x.shape.writes); i++ {
		for ks, w := range x.shape.writes[i] {
			for _, ch := range w.changes {
				out[ks] = append(out[ks], ch.Entry)
			}
		}
	}
	return out
}

// heals lists what the plan heals in a cell, up to the phase in hand.
func (x *run) heals(cell string) (keyspaces []string, kinds []vschema.RuleKind) {
	for i := 0; i <= x.rec.Phase && i < len(x.plan.Phases); i++ {
		for _, h := range x.plan.Phases[i].Heals {
			switch {
			case h.Cell != cell:
			case h.Keyspace != "":
				keyspaces = append(keyspaces, h.Keyspace)
			case h.Rules != "":
				kinds = append(kinds, h.Rules)
			}
		}
	}
	return keyspaces, kinds
}

// writeCells does one CAS per cell, at the same time: a dead cell delays no
// other.
func (x *run) writeCells(ctx context.Context, a rollout.WriteCells) rollout.Event {
	results := make([]rollout.CellResult, len(a.Cells))
	g, err := x.Topo.ReadGlobal(ctx)
	var wg sync.WaitGroup
	for i, target := range a.Cells {
		if err != nil {
			results[i] = rollout.CellResult{Cell: target.Cell, Outcome: rollout.NotSent, Text: "the global topo does not answer: " + err.Error()}
			continue
		}
		c := x.cells[target.Cell]
		wg.Go(func() { results[i] = x.writeCell(ctx, target, c, g) })
	}
	wg.Wait()
	return rollout.CellsWrote{At: x.at(), Cells: results}
}

func (x *run) writeCell(ctx context.Context, target rollout.CellTarget, c planes.Cell, g planes.Global) rollout.CellResult {
	res := rollout.CellResult{Cell: target.Cell}
	if c.Token != target.Token {
		// Another process read it; its content is not known here.
		res.Outcome, res.Text = rollout.NotSent, "the cell has to be read again"
		return res
	}
	if more := x.unplanned(ctx, c, g); len(more) > 0 {
		res.Outcome, res.Text = rollout.NotSent, "a rebuild would ship more than the plan says: "+strings.Join(more, "; ")
		return res
	}
	keyspaces, kinds := x.heals(target.Cell)
	for ks := range x.touched(x.rec.Phase) {
		keyspaces = append(keyspaces, ks)
	}
	slices.Sort(keyspaces)
	value, err := vschema.EncodeSrv(plan.MergeCell(c.Srv, g, slices.Compact(keyspaces), kinds))
	if err != nil {
		res.Outcome, res.Text = rollout.WriteFailed, err.Error()
		return res
	}
	tok, err := x.Topo.WriteCell(ctx, target.Cell, value, target.Token)
	res.Outcome, res.Token, res.Text = outcome(err), tok, text(err)
	if errors.Is(err, errs.ErrNotSent) {
		res.Outcome = rollout.NotSent
	}
	return res
}

// unplanned says what a write of a cell would ship, forward or back, that the
// plan does not say: only where it is a rebuild.
func (x *run) unplanned(ctx context.Context, c planes.Cell, g planes.Global) []string {
	if x.plan.Backend != plan.BackendVTCtld {
		return nil
	}
	var found *planes.Physical
	ofRules := func(d plan.CellDrift) bool { return d.Rules != "" }
	if x.Physical != nil && slices.ContainsFunc(plan.CellDrifts(g, c), ofRules) {
		ctx, cancel := context.WithTimeout(ctx, ownersLimit)
		defer cancel()
		all := x.Physical.Physical(ctx, planes.Ask{Workflows: withRecord(g)})
		found = &all
	}
	return plan.Unplanned(x.plan, x.rec.Phase, g, c, found)
}

// inspect looks, twice, for cells that hold a part of a phase that was taken
// back in global before any cell of ours was written: then somebody's rebuild
// has shipped it.
func (x *run) inspect(ctx context.Context) rollout.Event {
	ev := rollout.Inspected{}
	names := x.cellNames()
	if g, err := x.Topo.ReadGlobal(ctx); err == nil {
		names = append(names, x.added(g, names)...)
	}
	var silent []string
	for try := range 2 {
		if try > 0 {
			x.settlePause()
		}
		silent = silent[:0]
		for _, c := range x.cellsNow(ctx, names) {
			switch {
			case c.Err != "":
				silent = append(silent, c.Name+": "+c.Err)
			case x.shipped(c) && !slices.Contains(ev.Shipped, c.Name):
				ev.Shipped = append(ev.Shipped, c.Name)
			}
		}
	}
	ev.Unknown = strings.Join(silent, "; ")
	ev.At = x.at()
	return ev
}

func (x *run) shipped(c planes.Cell) bool {
	if c.Srv == nil {
		return false
	}
	for _, w := range x.rec.Globals {
		if w.Status != rollout.WriteUndone {
			continue
		}
		ours := x.shape.writes[x.rec.Phase][w.Keyspace]
		for _, ch := range ours.changes {
			served := c.Srv.Keyspaces[w.Keyspace]
			if vschema.EntryEqual(served, ours.after, ch.Entry) && !vschema.EntryEqual(served, ours.before, ch.Entry) {
				return true
			}
		}
	}
	return false
}

// settlePause is the time between two equal reads of a cell: Vitess's own
// writers put cells blindly at any time.
func (x *run) settlePause() {
	t := time.NewTimer(x.Limits.Settle)
	defer t.Stop()
	<-t.C
}
