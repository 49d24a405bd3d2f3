package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/converge"
)

func (m *machine) toCells() {
	m.rec.Step = StepCells
	m.do(ReadCells{})
}

func (m *machine) prove() {
	m.rec.Step = StepProve
	m.do(Judge{})
}

// validate enters validating on the way forward; on the way back, and when
// healing, the state stays.
func (m *machine) validate() {
	if m.rec.State == Applying {
		m.to(Validating)
	}
	m.prove()
}

func (m *machine) cell(name string) *CellWrite {
	i := slices.IndexFunc(m.rec.Cells, func(c CellWrite) bool { return c.Cell == name })
	if i < 0 {
		return nil
	}
	return &m.rec.Cells[i]
}

// addCell takes in a cell that has appeared since the plan was made: its
// vtgates serve the change as well.
func (m *machine) addCell(name string) *CellWrite {
	m.log("cell %s has appeared since the plan was made: it gets the change as well", name)
	m.rec.Cells = append(m.rec.Cells, CellWrite{Cell: name, Status: WritePlanned})
	return &m.rec.Cells[len(m.rec.Cells)-1]
}

// dropCell goes on without a cell that was decommissioned meanwhile. What
// became of a write in flight there concerns nobody any more.
func (m *machine) dropCell(name string) {
	if m.cell(name) == nil {
		return
	}
	m.log("cell %s is not listed in the global topo any more: going on without it", name)
	m.rec.Cells = slices.DeleteFunc(m.rec.Cells, func(c CellWrite) bool { return c.Cell == name })
}

func (m *machine) cellsRead(e CellsRead) {
	for _, name := range e.Gone {
		m.dropCell(name)
	}
	if why := silentCell(e); why != "" && !m.retry("reading the cells", why) {
		m.spent(why)
		return
	}
	var targets []CellTarget
	for _, f := range e.Cells {
		c := m.cell(f.Cell)
		if c == nil {
			c = m.addCell(f.Cell)
		}
		if f.Silent != "" {
			c.Detail = clip(f.Silent, maxDetail)
			continue
		}
		// A write sent on this very token may still land: only another CAS
		// on the token kills it, even where the cell looks right already.
		inFlight := c.Status == WriteIntended && c.Token == f.Token
		if f.Holds && !inFlight {
			c.Status, c.Result, c.Detail = WriteLanded, f.Token, ""
			continue
		}
		if m.leaving() && !inFlight {
			c.Status = WritePlanned
			continue
		}
		if !inFlight {
			m.reloadsBefore(f.Reloads)
		}
		c.Status, c.Token, c.Doubt = WriteIntended, f.Token, inFlight
		targets = append(targets, CellTarget{Cell: f.Cell, Token: f.Token})
	}
	if len(targets) == 0 {
		m.validate()
		return
	}
	m.do(WriteCells{Cells: targets})
}

// silentCell names the first cell that could not be read.
func silentCell(e CellsRead) string {
	for _, f := range e.Cells {
		if f.Silent != "" {
			return fmt.Sprintf("cell %s: %s", f.Cell, f.Silent)
		}
	}
	return ""
}

// reloadsBefore keeps how often a cell's vtgates had reloaded before it is
// written. Where a write is in flight already they may have reloaded for it, so
// what was kept before that one stays.
func (m *machine) reloadsBefore(reloads map[string]converge.Reloads) {
	if len(reloads) == 0 {
		return
	}
	b := converge.Baseline{}
	if m.rec.Baseline != nil {
		b = *m.rec.Baseline
	}
	all := map[string]converge.Reloads{}
	maps.Copy(all, b.Reloads)
	maps.Copy(all, reloads)
	b.Reloads = all
	m.rec.Baseline = &b
}

func (m *machine) cellsWrote(e CellsWrote) {
	for _, r := range e.Cells {
		c := m.cell(r.Cell)
		if c == nil {
			continue
		}
		text := clip(r.Text, maxDetail)
		switch r.Outcome {
		case Landed:
			c.Status, c.Result = WriteLanded, r.Token
			m.log("cell %s written", r.Cell)
		case Refused:
			// Another writer was faster, so the token is dead: the next look
			// at the planes decides.
			c.Status = WriteRefused
			m.log("cell %s: another wrote first: %s", r.Cell, r.Text)
		default:
			// It may still land; and where this try was refused for good, or
			// never left, an earlier one on the same token may.
			if !c.Doubt && (r.Outcome == NotSent || r.Outcome == WriteFailed) {
				c.Status = WritePlanned
			}
			if c.Detail != text {
				m.log("cell %s: the write's outcome is %s: %s", r.Cell, r.Outcome, r.Text)
			}
		}
		c.Detail = text
	}
	m.validate()
}

func (m *machine) judged(e Judged) {
	open := m.unsettled()
	switch {
	case m.leaving() && open != "":
		m.settle(e, open)
		return
	case m.leaving():
		m.end(Failed, m.rec.Code, m.rec.Reason)
		return
	}
	if e.Unknown != "" {
		if !m.retry("reading the planes", e.Unknown) {
			m.spent(e.Unknown)
			return
		}
		m.unproved(e, "the planes could not be read: "+e.Unknown)
		return
	}
	forward := m.rec.State == Validating
	if forward && e.Overwritten != "" {
		m.park(CodeOverwritten, "our change was overwritten in global after it landed: "+e.Overwritten)
		return
	}
	if bad := e.Report.FirstBroken(); forward && bad != nil {
		m.goBack(CodeBroken, fmt.Sprintf("%s is broken: %s", bad.Name, bad.Detail), true)
		return
	}
	switch {
	case e.Report.All() && open != "":
		m.settle(e, open)
	case e.Report.All() && len(e.Report.VTGates) == 0:
		// Saved in every cell is less than served.
		m.unproved(e, "no vtgate is known that could show what is served")
	case e.Report.All():
		m.proved()
	case !m.heal(e):
		m.unproved(e, m.laggards(e.Report))
	}
}

// unsettled names a cell whose last write has no known outcome. What the cell
// shows proves nothing about it: it could land after the rollout has ended.
func (m *machine) unsettled() string {
	for _, c := range m.rec.Cells {
		if c.Status == WriteIntended {
			return c.Cell
		}
	}
	return ""
}

// settle looks at the cells again, a moment later: one whose token has moved
// on can no longer be reached by a write in flight, the others are written
// once more on the same token.
func (m *machine) settle(e Judged, cell string) {
	why := fmt.Sprintf("cell %s: the outcome of the last write is not known", cell)
	if e.Expired {
		m.park(CodeUnknown, why)
		return
	}
	m.rec.Step = StepCells
	m.do(PauseFor{Why: why})
}

func (m *machine) proved() {
	switch {
	case m.rec.State == RollingBack && len(m.rec.Kept) > 0:
		m.end(Failed, CodeUndo, fmt.Sprintf("%s; keyspace %s: %s", m.rec.Reason, strings.Join(m.rec.Kept, ", "), stays))
	case m.rec.State == RollingBack:
		m.end(RolledBack, m.rec.Code, m.rec.Reason)
	case m.rec.Phase+1 < len(m.rec.Phases):
		m.log("phase %d of %d is served everywhere", m.rec.Phase+1, len(m.rec.Phases))
		m.rec.Phase++
		m.rec.Needs = nil
		m.to(Waiting)
		m.because("", "")
		m.rec.Step = StepNone
		m.rec.Globals = nil
		m.do(Admit{Phase: m.rec.Phase})
	default:
		m.end(Committed, "", "")
	}
}

// heal writes cells that do not hold our entries. A cell that had them and
// lost them was overwritten by someone: that is done a bounded number of
// times. It is done at once where another's write has just come between; what
// was tried and did not help, or could not be tried, waits for a moment.
func (m *machine) heal(e Judged) bool {
	var stale []string
	pause := false
	for _, v := range e.Report.Cells {
		if v.Status != converge.Stale {
			continue
		}
		stale = append(stale, v.Name)
		switch c := m.cell(v.Name); {
		case c == nil:
			pause = true // reading the cells brings it into the record
		case c.Status == WriteLanded:
			c.Status = WritePlanned
			m.rec.Heals++
			m.log("cell %s lost our entries to another writer (%s): healing it", v.Name, v.Detail)
		case c.Status == WriteRefused:
			c.Status = WritePlanned
		default:
			pause = true
		}
	}
	switch {
	case len(stale) == 0 || e.Expired:
		return false
	case m.rec.Heals > maxHeals:
		m.park(CodeFight, fmt.Sprintf("another writer keeps overwriting cell %s: healed %d times", strings.Join(stale, ", "), maxHeals))
	case pause:
		m.rec.Step = StepCells
		m.do(PauseFor{Why: m.laggards(e.Report)})
	default:
		m.toCells()
	}
	return true
}

func (m *machine) unproved(e Judged, text string) {
	if e.Expired {
		m.park(CodeUnproved, text)
		return
	}
	if m.rec.State == Validating {
		// On the way back the reason says why it is taken back.
		m.because("", text)
	}
	m.do(PauseFor{Why: text})
}

// laggards names everything that does not serve the change, worst first.
func (m *machine) laggards(r converge.Report) string {
	var out []string
	for _, v := range r.Cells {
		if v.Status == converge.Serving {
			continue
		}
		text := fmt.Sprintf("cell %s is %s: %s", v.Name, v.Status, v.Detail)
		if c := m.cell(v.Name); c != nil && v.Status == converge.Stale && c.Detail != "" {
			text += " (writing it: " + c.Detail + ")"
		}
		out = append(out, text)
	}
	for _, v := range r.VTGates {
		if v.Status != converge.Serving {
			out = append(out, fmt.Sprintf("vtgate %s is %s: %s", v.Name, v.Status, v.Detail))
		}
	}
	return strings.Join(out, "; ")
}
