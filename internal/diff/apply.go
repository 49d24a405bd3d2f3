package diff

import (
	"fmt"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Apply gives a copy of live in which each changed entry is as its After says,
// whatever it was before; everything else stays as it stands. An absent record
// (nil) becomes a present one.
func Apply(live *vschema.Keyspace, changes []EntryChange) (*vschema.Keyspace, error) {
	out := clone(live)
	for _, c := range changes {
		src, err := vschema.DecodeEntry(c.Entry, c.After)
		if err != nil {
			return nil, fmt.Errorf("apply change: %w", err)
		}
		vschema.CopyEntry(out, src, c.Entry)
	}
	return out, nil
}

// Revert gives a copy of live in which each changed entry is as its Before
// says again, where live still has our value. An entry that others have
// changed since is left alone and reported as a conflict, which leads from
// what we wrote (Before) to what live has (After).
func Revert(live *vschema.Keyspace, changes []EntryChange) (result *vschema.Keyspace, conflicts []EntryChange, err error) {
	out := clone(live)
	for _, c := range changes {
		e := c.Entry
		before, err := vschema.DecodeEntry(e, c.Before)
		if err != nil {
			return nil, nil, fmt.Errorf("revert change: %w", err)
		}
		after, err := vschema.DecodeEntry(e, c.After)
		if err != nil {
			return nil, nil, fmt.Errorf("revert change: %w", err)
		}
		switch {
		case vschema.EntryEqual(live, before, e): // somebody undid it already
		case vschema.EntryEqual(live, after, e):
			vschema.CopyEntry(out, before, e)
		default:
			ours := clone(live)
			vschema.CopyEntry(ours, after, e)
			conflicts = append(conflicts, Ground{}.between(e.Keyspace, ours, live, []vschema.Entry{e})...)
		}
	}
	return out, conflicts, nil
}
