package converge

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/planes"
)

// errors tells what each keyspace in error on a vtgate says of the change: of
// every keyspace, as sequences, reference tables and rules tie them together.
// built is what its cell holds.
func (e *expected) errors(g planes.VTGate, built *build, p *proof) {
	for _, ks := range slices.Sorted(maps.Keys(g.View.Keyspaces)) {
		text := g.View.Keyspaces[ks].Error
		if text == "" {
			continue
		}
		wanted := slices.Contains(e.keyspaces, ks)
		switch e.blame(g, ks, wanted, built) {
		case theChange:
			if p.broken == "" {
				p.broken = fmt.Sprintf("keyspace %s is in error: %s", ks, text)
			}
		case notKnown:
			p.missing = append(p.missing, fmt.Sprintf(
				"keyspace %s is in error, and it did not show before the change whether it was: %s", ks, text))
		case notTheChange:
			// Entries that others broke may hide ours, which are compared one
			// by one; an error that has no cause any more must go.
			if wanted && built.view.Keyspaces[ks].Error == "" {
				p.missing = append(p.missing, fmt.Sprintf("keyspace %s is still in error: %s", ks, text))
			}
		}
	}
}

// cause is what put a keyspace in error.
type cause string

const (
	theChange    cause = "the change"
	notTheChange cause = "not the change"
	notKnown     cause = "not known"
)

// blame tells whether the change put a keyspace in error on a vtgate. It did
// not where the keyspace was in error there before, or would be without the
// change. It did where a vtgate showed the keyspace without error before, or
// our own build shows that the change breaks it. Otherwise the vtgate may have
// reasons of its own, a missing file say, from before the change.
func (e *expected) blame(g planes.VTGate, keyspace string, wanted bool, built *build) cause {
	switch {
	case !wanted && e.want.Undo == nil:
		return notTheChange
	case e.want.Baseline == nil:
		return theChange
	}
	had, known := e.want.Baseline.had(g, keyspace)
	switch {
	case had || e.build(e.without(built.srv)).view.Keyspaces[keyspace].Error != "":
		return notTheChange
	case known || built.view.Keyspaces[keyspace].Error != "":
		return theChange
	default:
		return notKnown
	}
}
