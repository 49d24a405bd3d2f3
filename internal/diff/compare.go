package diff

import (
	"google.golang.org/protobuf/proto"

	"github.com/vtsync/vtsync/internal/vschema"
)

// Compare decides, per entry, whose each difference between the live VSchema
// and the desired one is. Last is what the desired one was derived from: what
// vtsync last committed; nil means that it is not known. A nil live is an
// absent record and reads like an empty one.
//
// The hazards of ours are judged in the keyspace as it would be, with what is
// foreign kept.
func Compare(keyspace string, live, desired, last *vschema.Keyspace) Result {
	return Ground{}.Compare(keyspace, live, desired, last)
}

// Compare is as the function, with what is known.
func (g Ground) Compare(keyspace string, live, desired, last *vschema.Keyspace) Result {
	var ours, foreign, conflicts []vschema.Entry
	for _, e := range unionEntries(keyspace, live, desired, last) {
		switch whose(e, live, desired, last) {
		case mine:
			ours = append(ours, e)
		case theirs:
			foreign = append(foreign, e)
		case contested:
			conflicts = append(conflicts, e)
		case nobodys:
		}
	}
	merged := clone(live)
	for _, e := range ours {
		vschema.CopyEntry(merged, desired, e)
	}
	return Result{
		Ours:      g.between(keyspace, live, merged, ours),
		Foreign:   g.between(keyspace, desired, live, foreign),
		Conflicts: g.between(keyspace, live, desired, conflicts),
	}
}

// owner says who made a difference.
type owner int

const (
	nobodys   owner = iota // there is no difference
	mine                   // the file wants it and nobody else touched it
	theirs                 // others made it and the file does not speak of it
	contested              // both changed it, differently
)

func whose(e vschema.Entry, live, desired, last *vschema.Keyspace) owner {
	switch {
	case vschema.EntryEqual(desired, live, e):
		return nobodys
	case last == nil && vschema.EntryJSON(desired, e) == nil:
		return theirs // only live has it, and nobody knows since when
	case last == nil:
		return mine
	case vschema.EntryEqual(live, last, e):
		return mine
	case vschema.EntryEqual(desired, last, e):
		return theirs
	default:
		return contested
	}
}

// clone gives a copy to modify; an absent record becomes an empty one.
func clone(ks *vschema.Keyspace) *vschema.Keyspace {
	if ks == nil {
		return &vschema.Keyspace{}
	}
	return proto.CloneOf(ks)
}
