package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Undo makes the plan that takes a committed one back, entry by entry where
// live still has its value; everything else is kept. An entry that others have
// changed since is a conflict. In gives the snapshot, what was committed last and
// the settings; its Desired, Last and Allow are not used.
//
// A person asked for it, so findings and hazards are shown and do not deny it;
// a workflow in flight still does.
func Undo(p *Plan, in Input) (*Plan, error) {
	in.Desired, in.Last, in.Allow = nil, nil, nil
	b, err := newBuilder(in)
	if err != nil {
		return nil, err
	}
	b.plan.Undoes = p.ID
	changes := p.changes()
	for _, ks := range sortedKeys(changes) {
		rec, ok := b.record(ks)
		if !ok {
			continue
		}
		after, conflicts, err := diff.Revert(rec.VSchema, changes[ks])
		if err != nil {
			return nil, fmt.Errorf("undo plan %s: keyspace %s: %w", p.ID, ks, err)
		}
		b.plan.Conflicts = append(b.plan.Conflicts, conflicts...)
		if b.plan.Desired[ks], err = b.committedWithout(p, ks); err != nil {
			return nil, fmt.Errorf("undo plan %s: keyspace %s: %w", p.ID, ks, err)
		}
		b.write(ks, rec.VSchema, after)
	}
	b.conflicts("changed by others since it was committed", func(ks string) string { return RemedyPull(ks) + "; then edit and apply" })
	if h := writesHazard(b.phase.Writes); h.Worse(diff.Replan) {
		b.note("this undo has a hazard of its own: %s", strings.TrimSpace(fmt.Sprintf("%s %s", h, strings.Join(b.phase.codes(h), ", "))))
	}
	b.drifts()
	b.findings(false)
	if blind := b.blindVTGates(); len(blind) > 0 {
		b.note("a vtgate answers without SQL, so a vindex's type and params are not proved there: %s", blind[0])
	}
	return b.finish()
}

// committedWithout is what was committed last without p's changes; null where
// nobody knows what was.
func (b *builder) committedWithout(p *Plan, ks string) (json.RawMessage, error) {
	committed := b.in.Committed[ks]
	if committed == nil {
		return vschema.EncodeJSON(nil), nil
	}
	without, err := Without(p, ks, committed)
	if err != nil {
		return nil, err
	}
	return vschema.EncodeJSON(vschema.Canonical(without)), nil
}

// Without takes p's changes out of a value of files, where it still has them:
// those entries are again what p's files were derived from.
func Without(p *Plan, ks string, value *vschema.Keyspace) (*vschema.Keyspace, error) {
	recorded, err := vschema.DecodeJSON(p.Recorded(ks))
	if err != nil {
		return nil, err
	}
	var last *vschema.Keyspace
	if raw, known := p.Base.Last[ks]; known {
		if last, err = vschema.DecodeJSON(raw); err != nil {
			return nil, err
		}
	}
	out := clone(value)
	for _, c := range p.changes()[ks] {
		if !vschema.EntryEqual(value, recorded, c.Entry) {
			continue
		}
		before := last
		if last == nil { // not known: what was live then stands in
			if c.After == nil {
				continue // only live had it: it was foreign and is so again
			}
			if before, err = vschema.DecodeEntry(c.Entry, c.Before); err != nil {
				return nil, err
			}
		}
		vschema.CopyEntry(out, before, c.Entry)
	}
	return out, nil
}

// changes gives all changes of a plan by keyspace.
func (p *Plan) changes() map[string][]diff.EntryChange {
	out := make(map[string][]diff.EntryChange)
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			out[w.Keyspace] = append(out[w.Keyspace], w.Changes...)
		}
	}
	return out
}

// UndoHazard is the worst that taking the plan back can do. What could lose
// rows or cause an outage is never undone without a person. To drop again what
// the plan itself added only leads back to queries that failed before it, so
// that counts as replan. A write that cannot be read counts as the worst.
func UndoHazard(p *Plan) diff.Hazard {
	worst := diff.Safe
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			before, errBefore := vschema.DecodeJSON(w.Before)
			after, errAfter := vschema.DecodeJSON(w.After)
			if errBefore != nil || errAfter != nil {
				return diff.Outage
			}
			for _, c := range diff.Between(w.Keyspace, after, before) {
				h := diff.MaxHazard([]diff.EntryChange{c})
				if c.After == nil {
					h = diff.Replan
				}
				if h.Worse(worst) {
					worst = h
				}
			}
		}
	}
	return worst
}

func writesHazard(writes []GlobalWrite) diff.Hazard {
	worst := diff.Safe
	for _, w := range writes {
		if h := diff.MaxHazard(w.Changes); h.Worse(worst) {
			worst = h
		}
	}
	return worst
}
