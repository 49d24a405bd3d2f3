package worktree

import (
	"path"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/vschema"
)

// PullVerdict is what pull may do with one keyspace's file.
type PullVerdict string

// The verdicts.
const (
	PullCreate PullVerdict = "create" // there is no file yet
	PullUpdate PullVerdict = "update" // the file holds what was pulled before
	PullSame   PullVerdict = "same"   // equal by meaning: the file stays as it is written
	PullEdited PullVerdict = "edited" // it holds an edit that pull would lose
	PullYAML   PullVerdict = "yaml"   // its comments would be lost
)

// JudgePull decides what a pull of the live value may do with a file (nil when
// there is none), given what the file was derived from, as far as known.
func JudgePull(file *desired.Keyspace, base *vschema.Keyspace, known bool, live *vschema.Keyspace) PullVerdict {
	switch {
	case file == nil:
		return PullCreate
	case vschema.Equal(file.VSchema, live):
		return PullSame
	case !known || edited(file.VSchema, base, live):
		return PullEdited
	case path.Ext(file.File) != ".json":
		return PullYAML
	default:
		return PullUpdate
	}
}

// edited tells that the file has an entry that is neither what it was derived
// from nor live: that one would be lost.
func edited(file, base, live *vschema.Keyspace) bool {
	if base == nil {
		base = &vschema.Keyspace{} // known to have been absent
	}
	r := diff.Compare("", live, file, base)
	return len(r.Ours)+len(r.Conflicts) > 0
}
