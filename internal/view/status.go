package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/status"
)

// Status writes how far the planes agree, one keyspace after the other.
func Status(w io.Writer, s status.Status, style Style) error {
	p := page{style: style}
	for _, k := range s.Keyspaces {
		p.keyspace(k)
	}
	for _, h := range s.Held {
		p.line("%s %s has no file, and is not judged", style.paint(yellow, "held:"), h.Name)
		p.held(h.Name, h.Rollout, h.Paused)
	}
	p.drifts("", "rules that a cell does not serve as the global topo has them", s.Rules)
	if len(s.Rules) > 0 {
		p.line("  next: vtctldclient RebuildVSchemaGraph, unless a MoveTables has switched only some cells (vtsync does not manage rules yet)")
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
	if s.Backend == plan.BackendVTCtld {
		p.line("note: written through vtctld, check-then-write (docs/backends.md)")
	}
	switch {
	case s.Unreadable():
		p.line("some planes could not be read: what they serve is not known")
	case s.Drifted():
		p.line("planes differ: see `vtsync plan`")
	case s.Open():
		p.line("what could be compared agrees, and a rollout is open: it is not settled")
	default:
		p.line("%s", style.paint(green, "all planes agree"))
	}
	return p.writeTo(w)
}

func (p *page) keyspace(k status.Keyspace) {
	switch {
	case k.Err != "":
		p.line("%s %s: %s", p.style.paint(red, "unreadable:"), k.Name, k.Err)
	case k.InSync() && k.Rollout == nil:
		p.line("%s %s", p.style.paint(green, "in sync:"), k.Name)
	case k.Rollout != nil:
		p.line("%s %s", p.style.paint(yellow, "in flight:"), k.Name)
	default:
		p.line("%s %s", p.style.paint(yellow, "drift:"), k.Name)
	}
	p.held(k.Name, k.Rollout, k.Paused)
	if k.Missing {
		p.line("  the cluster has no keyspace %s", k.Name)
		p.line("  next: vtctldclient CreateKeyspace %s", k.Name)
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

// held writes what stands in the way of a keyspace's next change.
func (p *page) held(keyspace string, r *status.Rollout, paused *rollout.Pause) {
	if r != nil {
		p.line("  rollout %s is %s", r.ID, r.State)
		if r.Parked != nil {
			p.line("  parked: %s", r.Parked.Text)
			p.line("  next: %s", r.Parked.Next)
		}
	}
	if paused != nil {
		p.line("  paused since %s: %s", stamp(paused.Since), paused.Reason)
		p.line("  next: vtsync unpause %s", keyspace)
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
