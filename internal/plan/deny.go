package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// conflicts denies the entries that changed on both sides, keyspace by
// keyspace, each with its remedy.
func (b *builder) conflicts(what string, remedy func(ks string) string) {
	by := make(map[string][]diff.EntryChange)
	for _, c := range b.plan.Conflicts {
		by[c.Entry.Keyspace] = append(by[c.Entry.Keyspace], c)
	}
	for _, ks := range sortedKeys(by) {
		b.deny(DeniedConflict, remedy(ks), "%s:\n%s", what, diff.Text(by[ks]))
	}
}

// remedyMerge is the command that takes what others changed into a file beside
// the file's own edits.
func remedyMerge(ks string) string {
	return fmt.Sprintf("vtsync pull --merge --keyspace %s takes what is live into the file beside the file's own edits, as far as they do not meet; %s; then make the change again", ks, RemedyPull(ks))
}

// RemedyPull is the command that gives a keyspace's file up for what is live; a
// pull without --force would refuse to.
func RemedyPull(ks string) string {
	return fmt.Sprintf("vtsync pull --force --keyspace %s takes the live VSchema into the file, and loses the file's own edits", ks)
}

// unknownFields denies to write a record that holds fields of a newer Vitess:
// they would be lost.
func (b *builder) unknownFields() {
	const remedy = "use a vtsync that was built for this cluster's version of Vitess"
	for _, w := range b.phase.Writes {
		if unknown := b.global.Keyspaces[w.Keyspace].Unknown; len(unknown) > 0 {
			b.deny(DeniedUnknownField, remedy, "the VSchema of keyspace %s holds fields that this build does not know and would drop: %s", w.Keyspace, strings.Join(unknown, ", "))
		}
	}
	if len(b.plan.Phases) == 0 {
		return
	}
	for _, name := range b.plan.Cells {
		if cell, _ := b.in.Snapshot.Cell(name); len(cell.Unknown) > 0 {
			b.deny(DeniedUnknownField, remedy, "the SrvVSchema of cell %s holds fields that this build does not know and would drop: %s", name, strings.Join(cell.Unknown, ", "))
		}
	}
	b.shippable(remedy)
}

// shippable denies what the cells would get incomplete: records that are
// copied into them from global.
func (b *builder) shippable(remedy string) {
	names := b.shipped()
	if b.rebuilds() {
		names = sortedKeys(b.global.Keyspaces)
		for _, kind := range vschema.RuleKinds {
			if unknown := b.global.Rules.Unknown[kind]; len(unknown) > 0 {
				b.deny(DeniedUnknownField, remedy, "a cell needs a full rebuild, and the %s hold fields that this build does not know: %s", kind, strings.Join(unknown, ", "))
			}
		}
	}
	for _, ks := range names {
		rec := b.global.Keyspaces[ks]
		if rec.Err != "" {
			b.deny(DeniedUnreadable, "look at the record: vtctldclient GetVSchema "+ks, "a cell needs a full rebuild, and the VSchema of keyspace %s cannot be read: %s", ks, rec.Err)
		}
		if len(rec.Unknown) > 0 && b.after[ks] == nil {
			b.deny(DeniedUnknownField, remedy, "a cell needs the VSchema of keyspace %s, which holds fields that this build does not know: %s", ks, strings.Join(rec.Unknown, ", "))
		}
	}
}

// sizes denies a SrvVSchema that the cell's topo server would refuse, unless
// the plan makes it smaller.
func (b *builder) sizes() {
	if len(b.plan.Phases) == 0 {
		return
	}
	limit, after, shipped := b.in.MaxCellBytes, b.globalAfter(), b.shipped()
	for _, name := range b.plan.Cells {
		cell, _ := b.in.Snapshot.Cell(name)
		raw, err := vschema.EncodeSrv(MergeCell(cell.Srv, after, shipped, nil))
		switch {
		case err != nil:
			b.deny(DeniedSize, "", "the SrvVSchema of cell %s cannot be encoded: %v", name, err)
		case len(raw) > limit && len(raw) > cell.Size:
			b.deny(DeniedSize, "drop column lists from the VSchemas, or raise the limit here and in the topo server",
				"the SrvVSchema of cell %s would have %d bytes, and the limit is %d", name, len(raw), limit)
		case len(raw) > limit*8/10:
			b.note("the SrvVSchema of cell %s will have %d bytes, of %d allowed", name, len(raw), limit)
		}
	}
}

// provable denies a change that only SQL shows where a vtgate answers without
// SQL: the rollout could never be proved.
func (b *builder) provable() {
	var vindexes []string
	for _, w := range b.phase.Writes {
		for _, ec := range w.Changes {
			if ec.Entry.Kind == vschema.VindexEntry && len(ec.After) > 0 {
				vindexes = append(vindexes, w.Keyspace+"."+ec.Entry.Name)
			}
		}
	}
	blind := b.blindVTGates()
	if len(vindexes) > 0 && len(blind) > 0 {
		b.deny(DeniedUnprovable, "give its MySQL port: --vtgate "+blind[0]+",mysql=PORT",
			"only SQL shows the type, params and owner of a vindex (%s), and these vtgates answer without it: %s",
			strings.Join(vindexes, ", "), strings.Join(blind, ", "))
	}
}

// blindVTGates are those that answer, but not to SQL. One that does not answer
// at all is for the rollout to wait for.
func (b *builder) blindVTGates() []string {
	var out []string
	for _, g := range b.in.Snapshot.VTGates {
		if g.Silent == "" && !g.SQL && b.waitedFor(g) {
			out = append(out, g.Target)
		}
	}
	return out
}

func (b *builder) waitedFor(g planes.VTGate) bool {
	return !slices.Contains(b.plan.IgnoredCells, g.Cell)
}
