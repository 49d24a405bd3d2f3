package lint

import (
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
