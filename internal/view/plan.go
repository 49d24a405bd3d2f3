package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/lint"
	"github.com/vtsync/vtsync/internal/plan"
)

// Plan writes a plan for people. In JSON a plan is written by plan.Encode, so
// that what is shown is what `apply` takes.
func Plan(w io.Writer, p *plan.Plan, style Style) error {
	out := page{style: style}
	for i := range p.Phases {
		out.phase(&p.Phases[i], i+1, len(p.Phases))
	}
	out.changes("", "made by others and kept (`vtsync pull` takes them into the files)", p.Kept)
	out.changes("", "changed in the files and by others", p.Conflicts)
	out.findings(p.Findings)
	out.suppressed(p.Suppressed)
	if p.Impact != nil {
		// What of it is denied stands among the denials.
		if err := PlanImpact(&out, p.Impact, nil, style); err != nil {
			return err
		}
	}
	out.denials(p.Denials)
	for _, note := range p.Notes {
		out.line("note: %s", note)
	}
	out.line("%s", planSummary(p))
	return out.writeTo(w)
}

// Outlook writes what would hold a plan up if it were applied now.
func Outlook(w io.Writer, lines []string, style Style) error {
	out := page{style: style}
	for _, line := range lines {
		out.line("%s %s", style.paint(yellow, "now:"), line)
	}
	return out.writeTo(w)
}

func (p *page) phase(ph *plan.Phase, number, of int) {
	if of > 1 {
		p.heading(fmt.Sprintf("phase %d of %d", number, of))
	}
	for _, write := range ph.Writes {
		p.WriteString(p.style.paintDiff(diff.Text(write.Changes)))
	}
	p.needs(ph.Needs)
	p.drifts("", "cells to heal", ph.Heals)
	p.drifts("", "carried along: changes of others, saved and not yet served", ph.Carried)
}

// needs lists what MySQL must hold before a phase begins, and who says so.
func (p *page) needs(needs []ddl.Need) {
	if len(needs) == 0 {
		return
	}
	p.heading("waits for")
	for _, n := range needs {
		switch n.From {
		case ddl.FromPending:
			p.line("  %s, as it is pending", n.Text())
		case ddl.FromColumns:
			p.line("  %s, where the table exists", n.Text())
		case ddl.FromFlag:
			p.line("  %s, as %s says", n.Text(), n.Where)
		case ddl.FromFile:
			p.line("  %s", n.Text()) // it names the file
		}
	}
}

func (p *page) changes(indent, heading string, changes []diff.EntryChange) {
	if len(changes) == 0 {
		return
	}
	p.heading(indent + heading)
	p.block(indent+"  ", p.style.paintDiff(diff.Text(changes)))
}

// drifts writes how entries of cells differ.
func (p *page) drifts(indent, heading string, drifts []plan.CellDrift) {
	if len(drifts) == 0 {
		return
	}
	p.heading(indent + heading)
	for _, d := range drifts {
		p.line("%s  %s", indent, d.Text)
		p.block(indent+"    ", p.style.paintDiff(diff.Text(d.Changes)))
	}
}

func (p *page) findings(findings []lint.Finding) {
	for _, f := range findings {
		code := yellow
		if f.Severity == lint.Error {
			code = red
		}
		where := ""
		switch {
		case f.Pos.String() != "":
			where = f.Pos.String() + ": "
		case f.Keyspace != "":
			where = f.Keyspace + ": "
		}
		near := ""
		if f.Near != "" {
			near = fmt.Sprintf(" (did you mean %q?)", f.Near)
		}
		p.line("%s %s %s%s%s", p.style.paint(code, string(f.Severity)), f.Code, where, f.Message, near)
		if f.Harm != "" {
			p.line("  harm: %s", f.Harm)
		}
		if f.Next != "" {
			p.line("  next: %s", f.Next)
		}
	}
}

func (p *page) suppressed(findings []lint.Suppressed) {
	for _, f := range findings {
		p.line("suppressed %s %s: %s (%s: %s)", f.Code, cmp.Or(f.Pos.String(), f.Keyspace), f.Message, f.By, f.Reason)
	}
}

func (p *page) denials(denials []plan.Denial) {
	for _, d := range denials {
		p.line("%s %s", p.style.paint(red, "denied:"), d.Text)
		if d.Remedy != "" {
			p.line("  next: %s", d.Remedy)
		}
	}
}

// planSummary is the last line: what applying the plan would do.
func planSummary(p *plan.Plan) string {
	if p.Empty() {
		switch {
		case len(p.Denials) > 0:
			return "the plan is denied and changes nothing"
		case len(p.UnreadCells) > 0:
			return "nothing to write, and whether all planes agree is not known: could not read cell " + strings.Join(p.UnreadCells, ", ")
		case len(p.Kept) > 0:
			return "nothing to do: only what others made differs, and it is kept"
		}
		return "nothing to do: files, global topo and cells agree"
	}
	entries, heals := 0, 0
	var keyspaces []string
	for _, ph := range p.Phases {
		heals += len(ph.Heals)
		for _, w := range ph.Writes {
			entries += len(w.Changes)
			keyspaces = append(keyspaces, w.Keyspace)
		}
	}
	slices.Sort(keyspaces)
	keyspaces = slices.Compact(keyspaces)
	text := fmt.Sprintf("plan %s: %s in %s, worst hazard %s; %s", p.ID,
		count(entries, "change"), count(len(keyspaces), "keyspace"), p.Hazard(), count(len(p.Cells), "cell"))
	if heals > 0 {
		text += ", " + count(heals, "heal")
	}
	if len(p.Denials) > 0 {
		text += "; denied"
	}
	return text
}
