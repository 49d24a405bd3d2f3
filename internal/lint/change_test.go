package lint

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vtsync/vtsync/internal/diff"
)

// TestChangeRules holds the rules about changes and the codes of the differ
// against each other: none unused, none unknown.
func TestChangeRules(t *testing.T) {
	var own []string
	for _, r := range All {
		if r.Check == nil {
			own = append(own, r.Code)
			if !r.Change {
				t.Errorf("%s checks nothing and is not about a change", r.Code)
			}
		}
	}
	if codes := diff.Codes(); !slices.Equal(own, codes) {
		t.Errorf("rules without a check are %v, the codes of changes are %v", own, codes)
	}
	if all := ChangeRules(); !slices.Contains(all, lostName.Code) || !slices.IsSorted(all) {
		t.Errorf("what can be allowed is %v", all)
	}
}

// TestOldNotes: what is milder than an error and stood there before is shown to
// those who change its entry, and to those who lint the whole.
func TestOldNotes(t *testing.T) {
	const unused = `{"sharded":true,"vindexes":{"hash":{"type":"hash"},"spare":{"type":"%s"}},"tables":{"customer":{"column_vindexes":[{"column":"id","name":"hash"}]}}}`
	before := world(t, map[string]string{"customer": fmt.Sprintf(unused, "hash"), "commerce": `{}`})
	elsewhere := world(t, map[string]string{"customer": fmt.Sprintf(unused, "hash"), "commerce": `{"tables":{"product":{}}}`})
	there := world(t, map[string]string{"customer": fmt.Sprintf(unused, "xxhash"), "commerce": `{}`})
	for name, tt := range map[string]struct {
		in   Input
		want int
	}{
		"linted":          {Input{After: before}, 1},
		"nothing changes": {Input{Before: before, After: before}, 0},
		"another changes": {Input{Before: before, After: elsewhere}, 0},
		"it changes":      {Input{Before: before, After: there}, 1},
	} {
		if got := briefs(Check(tt.in), "VS2"); len(got) != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
