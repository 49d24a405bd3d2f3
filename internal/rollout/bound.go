package rollout

import (
	"encoding/json"
	"unicode/utf8"
)

// Texts come from topo servers, diffs and people, in any length. They are
// clipped where they enter a record.
const (
	maxText   = 2 << 10  // a reason, a line of the log
	maxDetail = 512      // of one cell
	maxDiff   = 16 << 10 // what was found instead of what was expected
	// headroom is left for what the store adds to an encoded record.
	headroom = 1 << 10
)

// clip shortens a text to at most n bytes, at a rune, and says that it did.
func clip(s string, n int) string {
	const mark = " [...]"
	if len(s) <= n {
		return s
	}
	cut := n - len(mark)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + mark
}

// bound keeps a record under MaxRecordBytes: the oldest lines of the log go
// first, then the diff, then the details of cells. What is left is what the
// machine needs to go on.
func bound(r *Record) {
	over := encodedSize(r) - (MaxRecordBytes - headroom)
	for over > 0 && len(r.Log) > 0 {
		over -= encodedSize(r.Log[0]) + 1
		r.Log = r.Log[1:]
	}
	if over > 0 {
		over -= encodedSize(r.Diff)
		r.Diff = ""
	}
	if over > 0 {
		for i := range r.Cells {
			r.Cells[i].Detail = ""
		}
	}
}

func encodedSize(v any) int {
	b, _ := json.Marshal(v) // plain data: it cannot fail
	return len(b)
}
