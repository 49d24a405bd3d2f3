package converge

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// proof is what one vtgate's view says of the expected entries.
type proof struct {
	broken   string   // evidence against the change
	missing  []string // what it does not show, or shows otherwise
	inferred []string // what no view shows
}

// judgeVTGate compares what a vtgate shows with the expected view. cells are
// the verdicts of all cells.
func (e *expected) judgeVTGate(g planes.VTGate, snap *planes.Snapshot, cells []Verdict) Verdict {
	v := Verdict{Name: g.Target, Cell: g.Cell}
	switch {
	case g.Silent != "":
		v.Status, v.Detail = Silent, g.Silent
		return v
	case g.Unreadable != "":
		v.Status, v.Detail = Unreadable, g.Unreadable
		return v
	case g.View == nil:
		v.Status, v.Detail = Unreadable, "it does not show its VSchema"
		return v
	}
	source, behind := servingCell(g.Cell, snap, cells)
	if behind != "" {
		// It can serve no more than its cell does, and what it shows is no
		// evidence against a change that it was not given yet.
		v.Status, v.Detail = Stale, behind
		return v
	}
	var p proof
	built := e.build(source)
	e.errors(g, built, &p)
	unwatched := ""
	for _, ks := range e.keyspaces {
		shown, ok := g.View.Keyspaces[ks]
		_, wanted := e.want.Keyspaces[ks]
		switch {
		case !ok && len(g.Watches) > 0 && !slices.Contains(g.Watches, ks):
			unwatched = fmt.Sprintf("it does not watch keyspace %s", ks)
		case !ok && wanted:
			p.missing = append(p.missing, fmt.Sprintf("it does not show keyspace %s", ks))
		default:
			e.prove(ks, shown, built, g.SQL, &p)
		}
	}
	v.Status, v.Detail = e.conclude(p, g)
	if v.Status == Serving {
		v.Detail, v.Inferred = unwatched, p.inferred
	}
	return v
}

// servingCell gives the SrvVSchema that a vtgate reads, or says why it cannot
// serve the want yet. A vtgate whose cell is not known is judged against any
// cell that does.
func servingCell(cell string, snap *planes.Snapshot, verdicts []Verdict) (srv *vschema.SrvVSchema, behind string) {
	behind = "its cell is not known, and no cell serves the change yet"
	if cell != "" {
		behind = fmt.Sprintf("its cell %s is not among the cells", cell)
	}
	for _, v := range verdicts {
		if cell != "" && v.Name != cell {
			continue
		}
		if v.Status == Serving {
			c, _ := snap.Cell(v.Name)
			return c.Srv, ""
		}
		if cell != "" {
			return nil, fmt.Sprintf("its cell %s is %s: %s", cell, v.Status, v.Detail)
		}
	}
	return nil, behind
}

// prove compares one keyspace as a vtgate shows it with the expected entries
// of it.
func (e *expected) prove(keyspace string, shown planes.ViewKeyspace, built *build, sql bool, p *proof) {
	c := comparison{
		want: e.want.Keyspaces[keyspace], expected: built.view.Keyspaces[keyspace],
		shown: shown, sql: sql, standIns: built.standIns[keyspace],
	}
	for _, entry := range e.entriesOf(keyspace) {
		problem, inferred := c.entry(entry)
		switch {
		case problem != "":
			p.missing = append(p.missing, fmt.Sprintf("%s: %s", name(entry), problem))
		case inferred != "":
			p.inferred = append(p.inferred, fmt.Sprintf("%s: %s", name(entry), inferred))
		}
	}
	if e.whole {
		p.missing = append(p.missing, c.extra(keyspace)...)
	}
}

// conclude turns a proof into the vtgate's status.
func (e *expected) conclude(p proof, g planes.VTGate) (Status, string) {
	if p.broken != "" {
		return Broken, p.broken
	}
	if len(p.missing) > 0 {
		return Stale, details(p.missing)
	}
	if e.want.NeedSQL && !g.SQL {
		if g.SQLErr != "" {
			return Unreadable, "SHOW VSCHEMA VINDEXES: " + g.SQLErr
		}
		return Unreadable, "it has no SQL port, and only SQL shows what a vindex is"
	}
	if e.want.Baseline == nil || len(p.inferred) == 0 {
		return Serving, ""
	}
	if before, asked := e.want.Baseline.Reloads[g.Target]; asked {
		if g.VarsErr != "" {
			return Stale, "whether it has reloaded since the change is not known: " + g.VarsErr
		}
		if !before.since(g) {
			return Stale, "it has not reloaded since the change, and does not show " + details(p.inferred)
		}
	}
	return Serving, ""
}

// extra lists what a vtgate shows beyond the expected: tables with routing of
// their own, and vindexes. Plain tables may come from the schema tracker.
func (c comparison) extra(keyspace string) []string {
	var out []string
	for _, v := range slices.Sorted(maps.Keys(c.shown.Vindexes)) {
		if _, ok := c.expected.Vindexes[v]; !ok {
			out = append(out, fmt.Sprintf("it still shows vindex %s.%s", keyspace, v))
		}
	}
	for _, t := range slices.Sorted(maps.Keys(c.shown.Tables)) {
		if _, ok := c.want.GetTables()[t]; !ok && !plain(c.shown.Tables[t]) {
			out = append(out, fmt.Sprintf("it still shows table %s.%s", keyspace, t))
		}
	}
	return out
}
