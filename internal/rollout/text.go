package rollout

import (
	"strings"
	"unicode/utf8"
)

// Texts come from topo servers, diffs and people, in any length. They are
// clipped where they enter a record, so that only its log can grow; the store
// drops the oldest lines of that.
const (
	maxText   = 2 << 10 // a reason, a line of the log
	maxDetail = 512     // of one cell
	maxDiff   = 8 << 10 // what was found instead of what was expected
	maxWait   = 256     // one thing waited for
	maxName   = 128     // its name
)

// clipMark stands for what was left out.
const clipMark = "[...]"

// clip shortens a text to at most n bytes, and says that it did. Bytes that are
// no text are replaced: JSON would not give them back as they were, and a
// record that does not read back the same is taken for damaged.
func clip(s string, n int) string {
	const mark = " " + clipMark
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	cut := n - len(mark)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}
