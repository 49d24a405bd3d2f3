package runner

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/converge"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

// judge observes every plane. Where all of it serves, the cells are read once
// more after a moment: only two equal reads count.
func (x *run) judge(ctx context.Context) rollout.Event {
	ev := rollout.Judged{}
	snap, err := x.Observe.Snapshot(ctx)
	if err != nil {
		ev.At, ev.Unknown, ev.Expired = x.at(), err.Error(), x.expired(x.Limits.Validate)
		return ev
	}
	forward := x.rec.State == rollout.Validating
	ev.Report = x.judgeSnapshot(snap, x.rec.Phase, forward)
	if forward {
		ev.Overwritten = x.overwritten(snap.Global)
	}
	if ev.Overwritten == "" && ev.Report.All() {
		x.settlePause()
		names := make([]string, len(snap.Cells))
		for i, c := range snap.Cells {
			names[i] = c.Name
		}
		snap.Cells = x.cellsNow(ctx, names)
		ev.Report = x.judgeSnapshot(snap, x.rec.Phase, forward)
	}
	ev.At, ev.Expired = x.at(), x.expired(x.Limits.Validate)
	return ev
}

// wanted gives, per keyspace that the plan writes up to the phase, the value
// after it.
func (x *run) wanted(phase int) map[string]*vschema.Keyspace {
	out := map[string]*vschema.Keyspace{}
	for i := 0; i <= phase && i < len(x.shape.writes); i++ {
		for ks, w := range x.shape.writes[i] {
			out[ks] = w.after
		}
	}
	return out
}

// overwritten names an entry of ours that global does not hold any more.
func (x *run) overwritten(g planes.Global) string {
	want, touched := x.wanted(x.rec.Phase), x.touched(x.rec.Phase)
	for _, ks := range x.rec.Keyspaces {
		for _, e := range touched[ks] {
			if !vschema.EntryEqual(g.Keyspaces[ks].VSchema, want[ks], e) {
				return fmt.Sprintf("keyspace %s, %s %s", ks, e.Kind, e.Name)
			}
		}
	}
	return ""
}

// judgeSnapshot judges our entries: forward against the plan, back against
// what global holds after the undo.
func (x *run) judgeSnapshot(snap *planes.Snapshot, phase int, forward bool) converge.Report {
	want := converge.Want{
		Keyspaces: map[string]*vschema.Keyspace{},
	}
	planned := x.wanted(phase)
	for ks, entries := range x.touched(phase) {
		want.Keyspaces[ks] = snap.Global.Keyspaces[ks].VSchema
		if forward {
			// Others may have changed the rest of the keyspace since.
			want.Keyspaces[ks] = withEntries(want.Keyspaces[ks], planned[ks], entries)
		}
		want.Entries = append(want.Entries, entries...)
	}
	x.wantHealed(&want, snap.Global, phase)
	slices.SortFunc(want.Entries, vschema.Entry.Compare)
	want.Entries = slices.Compact(want.Entries)
	x.wantBaseline(&want, snap, phase, forward)
	return converge.Judge(want, snap)
}

// wantHealed adds the keyspaces that the plan heals, whole, and what the heal
// removes from a cell.
func (x *run) wantHealed(want *converge.Want, g planes.Global, phase int) {
	for i := 0; i <= phase && i < len(x.plan.Phases); i++ {
		for _, h := range x.plan.Phases[i].Heals {
			names := []string{h.Keyspace}
			if h.Keyspace == "" && h.Rules == "" {
				names = x.rec.Keyspaces // the cell is rebuilt whole
			}
			for _, ks := range names {
				if ks == "" {
					continue
				}
				if _, ours := want.Keyspaces[ks]; !ours {
					want.Keyspaces[ks] = g.Keyspaces[ks].VSchema
				}
				want.Entries = append(want.Entries, vschema.EntriesOf(ks, want.Keyspaces[ks])...)
			}
			for _, ch := range h.Changes {
				want.Entries = append(want.Entries, ch.Entry)
			}
		}
	}
}

// wantBaseline adds what was so before the first write. What only SQL shows is
// asked for on the way forward: a way back is not refused for want of proof.
func (x *run) wantBaseline(want *converge.Want, snap *planes.Snapshot, phase int, forward bool) {
	want.OpaqueVindexes = x.OpaqueVindexes
	if forward {
		want.Baseline, want.Undo = x.rec.Baseline, x.before(phase)
	} else {
		want.Baseline = x.baselineBack(snap)
	}
	isVindex := func(e vschema.Entry) bool { return e.Kind == vschema.VindexEntry }
	want.NeedSQL = forward && x.plan.Undoes == "" && slices.ContainsFunc(want.Entries, isVindex)
}

// before gives our entries, up to the phase, as they were before the first one
// that writes them.
func (x *run) before(phase int) map[string]*vschema.Keyspace {
	out := map[string]*vschema.Keyspace{}
	for i := min(phase, len(x.shape.writes)-1); i >= 0; i-- {
		for ks, w := range x.shape.writes[i] {
			entries := make([]vschema.Entry, 0, len(w.changes))
			for _, ch := range w.changes {
				entries = append(entries, ch.Entry)
			}
			out[ks] = withEntries(out[ks], w.before, entries)
		}
	}
	return out
}

// withEntries gives a copy of ks that has the entries as src has them.
func withEntries(ks, src *vschema.Keyspace, entries []vschema.Entry) *vschema.Keyspace {
	out := &vschema.Keyspace{}
	if ks != nil {
		out = proto.CloneOf(ks)
	}
	for _, e := range entries {
		vschema.CopyEntry(out, src, e)
	}
	return out
}
