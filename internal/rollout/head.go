package rollout

import (
	"slices"
	"strings"
)

// uncommitted marks the commit of files that held edits beside it.
const uncommitted = "-dirty"

// Uncommitted gives what to record as the commit of files that differ from it:
// no history contains that, so nobody's files pass for newer.
func Uncommitted(commit string) string {
	if commit == "" || IsUncommitted(commit) {
		return commit
	}
	return commit + uncommitted
}

// IsUncommitted tells whether a recorded commit does not hold what was applied.
func IsUncommitted(commit string) bool { return strings.HasSuffix(commit, uncommitted) }

// Record notes what was committed last: the hash of its value, the rollout that
// did it, if any, and the commits that the files must contain to have been
// derived from it. It tells whether that changes the head.
//
// A commit that was recorded stays one that files are held against: files that
// are in no commit neither replace it for the same value, nor pass for it with
// another.
func (h *Head) Record(hash, by, commit string, beside []string) bool {
	same := h.Committed == hash
	if h.Commit != "" && (commit == "" || IsUncommitted(commit)) {
		if same {
			return false
		}
		if commit == "" {
			commit = Uncommitted(h.Commit)
		}
	}
	if same && h.Commit == commit && slices.Equal(h.Beside, beside) {
		return false
	}
	h.Committed, h.CommittedBy, h.Commit, h.Beside = hash, by, commit, beside
	return true
}
