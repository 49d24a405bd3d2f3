package plan

import (
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Verify proves a plan on a copy of live: its base is what was read, its
// changes lead from there to what it writes and to nothing else, and taking
// them back leads to live again. A failure is a mistake in vtsync itself.
//
// A plan cannot hold fields that this build does not know, so nothing can be
// proved of a record that has them: such a plan only shows, and is denied.
func Verify(p *Plan, snap *planes.Snapshot) error {
	for _, ph := range p.Phases {
		for _, w := range ph.Writes {
			rec := snap.Global.Keyspaces[w.Keyspace]
			if len(rec.Unknown) > 0 && p.denied(DeniedUnknownField) {
				continue
			}
			if err := verifyWrite(p, w, rec.VSchema); err != nil {
				return fmt.Errorf("verify plan: keyspace %s: %w", w.Keyspace, err)
			}
		}
	}
	return nil
}

// denied tells whether the plan is denied for that reason.
func (p *Plan) denied(code DenialCode) bool {
	return slices.ContainsFunc(p.Denials, func(d Denial) bool { return d.Code == code })
}

func verifyWrite(p *Plan, w GlobalWrite, live *vschema.Keyspace) error {
	before, err := vschema.DecodeJSON(w.Before)
	if err != nil {
		return err
	}
	after, err := vschema.DecodeJSON(w.After)
	if err != nil {
		return err
	}
	base, ok := p.Base.Keyspaces[w.Keyspace]
	if !ok || base.Fingerprint != vschema.Fingerprint(live) || vschema.Fingerprint(before) != vschema.Fingerprint(live) {
		return fmt.Errorf("it was not made from what is live")
	}
	applied, err := diff.Apply(live, w.Changes)
	if err != nil {
		return err
	}
	if !vschema.Equal(applied, after) {
		return fmt.Errorf("its changes do not lead to what it writes:\n%s", diff.Text(diff.Between(w.Keyspace, applied, after)))
	}
	back, conflicts, err := diff.Revert(after, w.Changes)
	if err != nil {
		return err
	}
	// An absent record comes back as an empty one: a VSchema is never deleted.
	if left := diff.Between(w.Keyspace, live, back); len(conflicts) > 0 || len(left) > 0 {
		return fmt.Errorf("taking it back does not lead to live again:\n%s", diff.Text(append(conflicts, left...)))
	}
	return nil
}
