package rollout_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
)

// The limits of the simulated runner, in its own seconds; every action takes
// one.
const (
	writeLimit    = 6 * time.Second
	waitLimit     = 20 * time.Second
	validateLimit = 15 * time.Second
)

// driver does to a world what the runner does to a cluster: it answers each
// action of the machine with an event.
type driver struct {
	*world
	rec    rollout.Record // as last saved
	action rollout.Action // to do next; nil when the rollout rests
	now    time.Time
}

func (d *driver) at() rollout.At { return rollout.At{Time: d.now} }

func (d *driver) expired(limit time.Duration) bool { return d.now.Sub(d.rec.Began) > limit }

func (d *driver) perform(a rollout.Action) rollout.Event {
	d.now = d.now.Add(time.Second)
	switch a := a.(type) {
	case rollout.Admit:
		return d.admit(a.Phase)
	case rollout.Lock:
		if d.chance(15, "lock held") {
			return rollout.LockHeld{At: d.at(), By: "held by somebody", Silent: d.chance(30, "lock silent"), Expired: d.expired(writeLimit)}
		}
		return rollout.Locked{At: d.at()}
	case rollout.Unlock:
		return rollout.Unlocked{At: d.at()}
	case rollout.SaveGlobal:
		return d.saveGlobal(a)
	case rollout.Fence:
		return d.fence(a.Index)
	case rollout.ReadGlobals:
		return d.readGlobals(a.Keyspaces)
	case rollout.Inspect:
		return d.inspect()
	case rollout.ReadCells:
		return d.readCells()
	case rollout.WriteCells:
		return d.writeCells(a.Cells)
	case rollout.Judge:
		return d.judge()
	case rollout.PauseFor:
		limit := writeLimit
		if d.rec.State == rollout.Waiting {
			limit = waitLimit
		}
		return rollout.Tick{At: d.at(), Expired: d.expired(limit)}
	default:
		panic(fmt.Sprintf("no answer to action %T", a))
	}
}

func (d *driver) admit(phase int) rollout.Event {
	ev := rollout.Admitted{At: d.at(), Verdict: rollout.Allow, Tokens: map[string]planes.Token{}}
	if d.chance(10, "wait") {
		ev.Verdict, ev.Code, ev.Reason = rollout.Wait, rollout.CodeWait, "a workflow is in flight"
		ev.Transient = d.chance(30, "vtctld silent")
		ev.Waits = []rollout.Blocker{{Kind: rollout.WaitMigration, Keyspace: "customer", Name: d.migration(), Text: "running"}}
		if d.chance(30, "breaker") {
			ev.Code, ev.Person = rollout.CodeBreaker, true
		}
		return ev
	}
	if phase == 0 && len(d.changes(len(d.phases))) > 0 && d.serves(len(d.phases)-1, true).All() && d.overwritten(len(d.phases)-1) == "" {
		ev.Nothing = true
		return ev
	}
	for _, c := range d.phases[phase] {
		rec := d.globals[c.keyspace]
		if rec.values()[c.entry] != c.before {
			ev.Verdict, ev.Code, ev.Reason = rollout.Deny, rollout.CodeStale, "the plan is stale"
			return ev
		}
		ev.Tokens[c.keyspace] = rec.token()
	}
	return ev
}

// migration names one of a few.
func (d *driver) migration() string { return fmt.Sprint("u", d.roll("migration")%3) }

// forward is the write of one keyspace in a phase: always the same bytes on
// the same token.
func (d *driver) forward(w rollout.Write) write {
	rec, at := d.globals[w.Keyspace], versionOf(w.Token)
	values := maps.Clone(rec.revisions[at].values)
	for _, c := range d.phases[d.rec.Phase] {
		if c.keyspace == w.Keyspace {
			values[c.entry] = c.after
		}
	}
	return write{rec, at, values, fmt.Sprint(byForward, d.rec.Phase)}
}

func (d *driver) saveGlobal(a rollout.SaveGlobal) rollout.Event {
	w := d.rec.Globals[a.Index]
	ev := rollout.Wrote{At: d.at(), Index: a.Index, Expired: d.expired(writeLimit)}
	x := d.forward(w)
	if a.Back {
		values, _ := d.reverted(w.Keyspace)
		if versionOf(w.Token) != x.rec.version() {
			ev.Outcome, ev.Token = rollout.Refused, x.rec.token()
			if maps.Equal(values, x.rec.values()) {
				ev.Outcome = rollout.Landed
			}
			return ev
		}
		x.values, x.by = values, byBack
	}
	if !a.Back && d.chance(6, "a workflow has begun") {
		ev.Outcome, ev.Text, ev.Silent = rollout.NotSent, "a workflow owns it", d.chance(50, "nobody can tell which workflows run")
		return ev
	}
	if d.chance(4, "refused for good") {
		ev.Outcome, ev.Text = rollout.WriteFailed, "permission denied"
		return ev
	}
	ev.Outcome, ev.Text = d.outcome(x), "an answer"
	ev.Token = x.rec.token()
	return ev
}

// outcome sends a write and tells its outcome as far as it can be told.
func (d *driver) outcome(x write) rollout.Outcome {
	landed, answered := d.send(x)
	switch {
	case !answered:
		return rollout.OutcomeUnknown
	case landed:
		return rollout.Landed
	case x.by != byCells && d.chance(20, "history not readable"):
		return rollout.OutcomeUnknown
	case strings.HasPrefix(x.by, byForward) && d.chance(10, "history compacted"):
		return d.compacted(x)
	case x.rec.revisions[x.at+1].by == byFence:
		return rollout.FencedOff
	case x.rec.revisions[x.at+1].by != x.by:
		return rollout.Refused
	case x.rec.version() == x.at+1:
		return rollout.Landed
	default:
		return rollout.LandedThenLost
	}
}

// compacted is the outcome of a write on a dead token where topo has forgotten
// what came after it: all that can be seen is what stands.
func (d *driver) compacted(x write) rollout.Outcome {
	for _, c := range d.phases[d.rec.Phase] {
		if c.keyspace == x.rec.name && x.rec.values()[c.entry] != c.after {
			return rollout.Unclear
		}
	}
	return rollout.Landed
}

func (d *driver) fence(index int) rollout.Event {
	w := d.rec.Globals[index]
	ours := d.forward(w)
	ev := rollout.Fenced{At: d.at(), Index: index, Outcome: rollout.OutcomeUnknown}
	landed, answered := d.send(write{ours.rec, ours.at, ours.rec.revisions[ours.at].values, byFence})
	switch {
	case !answered:
		return ev
	case landed:
		ev.Outcome = rollout.FencedOff
	case d.chance(10, "history compacted"):
		ev.Outcome = d.compacted(ours)
	case ours.rec.revisions[ours.at+1].by != ours.by:
		ev.Outcome = rollout.FencedOff
	case ours.rec.version() == ours.at+1:
		ev.Outcome = rollout.Landed
	default:
		ev.Outcome = rollout.LandedThenLost
	}
	ev.Token = ours.rec.token()
	return ev
}

// reverted takes our changes out of a live record; kept tells that others
// changed one of them since.
func (d *driver) reverted(keyspace string) (values map[string]string, kept bool) {
	values = maps.Clone(d.globals[keyspace].values())
	first := 0
	if d.rec.State != rollout.RollingBack {
		first = d.rec.Phase
	}
	for _, cs := range d.phases[first : d.rec.Phase+1] {
		for _, c := range cs {
			switch {
			case c.keyspace != keyspace || values[c.entry] == c.before:
			case values[c.entry] == c.after:
				values[c.entry] = c.before
			default:
				kept = true
			}
		}
	}
	return values, kept
}

func (d *driver) readGlobals(keyspaces []string) rollout.Event {
	ev := rollout.GlobalsRead{At: d.at(), Expired: d.expired(writeLimit)}
	if d.chance(10, "global not readable") {
		ev.Unknown = "no answer"
		return ev
	}
	for _, ks := range keyspaces {
		rec := d.globals[ks]
		values, kept := d.reverted(ks)
		f := rollout.GlobalFact{Keyspace: ks, Token: rec.token(), Undone: maps.Equal(values, rec.values())}
		if kept {
			f.Conflict = ks + ": changed by others\n"
		}
		ev.Facts = append(ev.Facts, f)
	}
	return ev
}

func (d *driver) inspect() rollout.Event {
	ev := rollout.Inspected{At: d.at()}
	for _, cell := range cellNames {
		if d.silent[cell] {
			ev.Unknown = cell
			continue
		}
		for _, c := range d.phases[d.rec.Phase] {
			if d.cells[cell].values()[cellKey(c.keyspace, c.entry)] == c.after {
				ev.Shipped = append(ev.Shipped, cell)
				break
			}
		}
	}
	return ev
}

// holds tells whether a cell serves our entries as global holds them.
func (d *driver) holds(cell string, phase int) bool {
	for _, c := range d.changes(phase) {
		if d.cells[cell].values()[cellKey(c.keyspace, c.entry)] != d.globals[c.keyspace].values()[c.entry] {
			return false
		}
	}
	return true
}

func (d *driver) readCells() rollout.Event {
	ev := rollout.CellsRead{At: d.at()}
	for _, cell := range cellNames {
		f := rollout.CellFact{Cell: cell, Token: d.cells[cell].token(), Holds: d.holds(cell, d.rec.Phase)}
		if d.silent[cell] {
			f = rollout.CellFact{Cell: cell, Silent: "no answer"}
		}
		ev.Cells = append(ev.Cells, f)
	}
	return ev
}

func (d *driver) writeCells(targets []rollout.CellTarget) rollout.Event {
	ev := rollout.CellsWrote{At: d.at()}
	for _, target := range targets {
		rec := d.cells[target.Cell]
		values := maps.Clone(rec.revisions[versionOf(target.Token)].values)
		for _, c := range d.changes(d.rec.Phase) {
			for entry, value := range d.globals[c.keyspace].values() {
				values[cellKey(c.keyspace, entry)] = value
			}
		}
		res := rollout.CellResult{Cell: target.Cell}
		switch {
		case d.silent[target.Cell]:
			res.Outcome, res.Text = rollout.OutcomeUnknown, "no answer"
		case d.chance(4, "not sent"):
			res.Outcome, res.Text = rollout.NotSent, "not reached"
		case d.chance(4, "refused for good"):
			res.Outcome, res.Text = rollout.WriteFailed, "permission denied"
		default:
			res.Outcome = d.outcome(write{rec, versionOf(target.Token), values, byCells})
			if res.Outcome == rollout.LandedThenLost {
				res.Outcome = rollout.Refused
			}
			res.Token = rec.token()
		}
		ev.Cells = append(ev.Cells, res)
	}
	return ev
}

// serves judges the cells and one vtgate in each: forward against the plan,
// back against global.
func (d *driver) serves(phase int, forward bool) converge.Report {
	var r converge.Report
	for _, cell := range cellNames {
		v := converge.Verdict{Name: cell, Cell: cell, Status: converge.Serving}
		ours := true
		for _, c := range d.changes(phase) {
			ours = ours && d.cells[cell].values()[cellKey(c.keyspace, c.entry)] == c.after
		}
		switch {
		case d.silent[cell]:
			v.Status, v.Detail = converge.Silent, "no answer"
		case forward && !ours, !forward && !d.holds(cell, phase):
			v.Status, v.Detail = converge.Stale, "entries differ"
		}
		r.Cells = append(r.Cells, v)
		v.Name = "vtgate-" + cell
		if d.broken && ours && v.Status == converge.Serving {
			v.Status, v.Detail = converge.Broken, "keyspace in error"
		}
		r.VTGates = append(r.VTGates, v)
	}
	return r
}

// overwritten names an entry of ours that global does not hold any more.
func (d *driver) overwritten(phase int) string {
	for _, c := range d.changes(phase) {
		if d.globals[c.keyspace].values()[c.entry] != c.after {
			return cellKey(c.keyspace, c.entry)
		}
	}
	return ""
}

func (d *driver) judge() rollout.Event {
	ev := rollout.Judged{At: d.at(), Expired: d.expired(validateLimit)}
	if d.chance(5, "planes not readable") {
		ev.Unknown = "no answer"
		return ev
	}
	forward := d.rec.State == rollout.Validating
	if forward {
		ev.Overwritten = d.overwritten(d.rec.Phase)
	}
	ev.Report = d.serves(d.rec.Phase, forward)
	return ev
}
