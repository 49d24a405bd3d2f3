package view

import (
	"fmt"
	"io"

	"github.com/vtsync/vtsync/internal/impact"
)

// Collected is what became of known queries that were gathered.
type Collected struct {
	Format int    `json:"format"`
	File   string `json:"file"`
	// Written is false where the file holds just this already, and where there
	// was nothing to write.
	Written bool `json:"written"`
	// VTGates are those that were asked, or Sources the files that were read.
	VTGates []CollectedVTGate `json:"vtgates,omitempty"`
	Sources []string          `json:"sources,omitempty"`
	// Gathered counts what was found now, Total what is in the file.
	Gathered impact.Count `json:"gathered"`
	Total    impact.Count `json:"total"`
	// New were not in the file before, Kept are in it and were not found now.
	New   int      `json:"new"`
	Kept  int      `json:"kept"`
	Notes []string `json:"notes,omitempty"`
	// Unusable names the sources of which more than half cannot be used.
	Unusable []string `json:"unusable,omitempty"`
}

// CollectedVTGate is what one vtgate's plan cache had.
type CollectedVTGate struct {
	VTGate string `json:"vtgate"`
	impact.Count
	// Silent says why it did not answer, Unreadable why it would not tell.
	Silent     string `json:"silent,omitempty"`
	Unreadable string `json:"unreadable,omitempty"`
}

func (v CollectedVTGate) answered() bool { return v.Silent+v.Unreadable == "" }

// Answered counts the vtgates that gave their plan cache.
func (c Collected) Answered() int {
	n := 0
	for _, v := range c.VTGates {
		if v.answered() {
			n++
		}
	}
	return n
}

// Partial tells whether a vtgate did not give its plan cache.
func (c Collected) Partial() bool { return c.Answered() < len(c.VTGates) }

// CollectedText writes what was gathered.
func CollectedText(w io.Writer, c Collected, style Style) error {
	p := page{style: style}
	for _, v := range c.VTGates {
		switch {
		case v.Silent != "":
			p.line("vtgate %s: %s: %s", v.VTGate, style.paint(red, "silent"), v.Silent)
		case v.Unreadable != "":
			p.line("vtgate %s: %s: %s", v.VTGate, style.paint(red, "unreadable"), v.Unreadable)
		default:
			p.line("vtgate %s: %s", v.VTGate, ran(v.Count))
		}
	}
	for _, s := range c.Sources {
		p.line("read %s", s)
	}
	for _, note := range c.Notes {
		p.line("note: %s", note)
	}
	for _, source := range c.Unusable {
		p.line("%s: %s", style.paint(red, "unusable"), source)
	}
	switch {
	case c.Gathered.Queries == 0:
		p.line("nothing gathered, nothing written")
	case c.Written:
		p.line("%s %s: %s; %d new, %d kept that were not seen now", style.paint(green, "written"), c.File, ran(c.Total), c.New, c.Kept)
	default:
		p.line("kept %s, which has all of it: %s", c.File, ran(c.Total))
	}
	p.line("next: %s", c.next())
	return p.writeTo(w)
}

func (c Collected) next() string {
	switch {
	case c.Partial():
		return "vtsync doctor says what does not answer; collect again to add what it has"
	case len(c.Unusable) > 0:
		return "see what the first ones are that cannot be used, and import again; the weights are of the rest alone"
	case c.Gathered.Queries == 0 && len(c.VTGates) > 0:
		return "collect again when the vtgates have run queries: a change of a VSchema empties their caches"
	case c.Gathered.Queries == 0:
		return "vtsync queries import --help says which forms are read"
	}
	return "vtsync impact"
}

// ran gives "3 queries, 40 executions".
func ran(n impact.Count) string {
	executions := "1 execution"
	if n.Executions != 1 {
		executions = fmt.Sprintf("%d executions", n.Executions)
	}
	if n.Queries == 1 {
		return "1 query, " + executions
	}
	return fmt.Sprintf("%d queries, %s", n.Queries, executions)
}
