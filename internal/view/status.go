package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/status"
)

// Status writes how far the planes agree, one keyspace after the other.
func Status(w io.Writer, s status.Status, style Style) error {
	p := page{style: style}
	for _, k := range s.Keyspaces {
		p.keyspace(k)
	}
	p.drifts("", "rules that a cell does not serve as the global topo has them", s.Rules)
	if len(s.Rules) > 0 {
		p.line("  next: vtctldclient RebuildVSchemaGraph (vtsync does not manage rules yet)")
	}
	p.drifts("", "not managed: cells that do not serve what the global topo has", s.Others)
	for _, v := range s.Unread {
		p.line("%s %s", style.paint(red, string(v.Status)+":"), verdict(v))
	}
	for _, name := range s.Removed {
		p.line("note: keyspace %s was applied by vtsync and has no file any more: it is left as it is", name)
	}
	if len(s.Unmanaged) > 0 {
		p.line("note: no file, not managed: %s", strings.Join(s.Unmanaged, ", "))
	}
	if len(s.IgnoredCells) > 0 {
		p.line("note: ignored cells: %s", strings.Join(s.IgnoredCells, ", "))
	}
	switch {
	case s.Unreadable():
		p.line("some planes could not be read: what they serve is not known")
	case s.Drifted():
		p.line("planes differ: see `vtsync plan`")
	default:
		p.line("%s", style.paint(green, "all planes agree"))
	}
	return p.writeTo(w)
}

func (p *page) keyspace(k status.Keyspace) {
	switch {
	case k.Err != "":
		p.line("%s %s: %s", p.style.paint(red, "unreadable:"), k.Name, k.Err)
	case k.InSync():
		p.line("%s %s", p.style.paint(green, "in sync:"), k.Name)
	case k.Rollout != nil:
		p.line("%s %s", p.style.paint(yellow, "in flight:"), k.Name)
	default:
		p.line("%s %s", p.style.paint(yellow, "drift:"), k.Name)
	}
	if r := k.Rollout; r != nil {
		p.line("  rollout %s is %s", r.ID, r.State)
		if r.Parked != nil {
			p.line("  parked: %s", r.Parked.Text)
			p.line("  next: %s", r.Parked.Next)
		}
	}
	if k.Paused != nil {
		p.line("  paused since %s: %s", stamp(k.Paused.Since), k.Paused.Reason)
		p.line("  next: vtsync unpause %s", k.Name)
	}
	p.changes("  ", "the file differs from the global topo: apply would do this", k.Changes.Ours)
	p.changes("  ", "changed by others, kept by apply (pull takes it into the file)", k.Changes.Foreign)
	p.changes("  ", "changed in the file and by others: apply would be denied", k.Changes.Conflicts)
	p.drifts("  ", "cells that do not serve what the global topo has", k.Cells)
	if len(k.VTGates) > 0 {
		p.heading("  vtgates that do not serve what the global topo has")
		for _, v := range k.VTGates {
			p.line("    %s: %s", v.Status, verdict(v))
		}
	}
}

func verdict(v converge.Verdict) string {
	text := v.Name
	if v.Cell != "" && v.Cell != v.Name {
		text = fmt.Sprintf("%s in cell %s", v.Name, v.Cell)
	}
	if v.Detail != "" {
		text += ": " + v.Detail
	}
	return text
}
