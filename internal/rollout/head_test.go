package rollout

import (
	"reflect"
	"testing"
)

func TestHeadRecord(t *testing.T) {
	was := Head{Committed: "v1", CommittedBy: "r1", Commit: "c1"}
	tests := []struct {
		name         string
		before       Head
		hash, commit string
		beside       []string
		want         Head
	}{
		{"the first", Head{}, "v1", "c1", nil, Head{Committed: "v1", CommittedBy: "r", Commit: "c1"}},
		{"outside of git", Head{}, "v1", "", nil, Head{Committed: "v1", CommittedBy: "r"}},
		{"a later commit", was, "v2", "c2", nil, Head{Committed: "v2", CommittedBy: "r", Commit: "c2"}},
		{"beside another", was, "v2", "c2", []string{"c1"}, Head{Committed: "v2", CommittedBy: "r", Commit: "c2", Beside: []string{"c1"}}},
		{"the same again", was, "v1", "c1", nil, was},
		{"the same value of a later commit", was, "v1", "c2", nil, Head{Committed: "v1", CommittedBy: "r", Commit: "c2"}},
		{"the same value with edits", was, "v1", "c0-dirty", nil, was},
		{"the same value outside of git", was, "v1", "", nil, was},
		{"edits", was, "v2", "c1-dirty", nil, Head{Committed: "v2", CommittedBy: "r", Commit: "c1-dirty"}},
		{"another value outside of git", was, "v2", "", nil, Head{Committed: "v2", CommittedBy: "r", Commit: "c1-dirty"}},
		{"edits that are committed now", Head{Committed: "v1", Commit: "c1-dirty"}, "v1", "c2", nil, Head{Committed: "v1", CommittedBy: "r", Commit: "c2"}},
	}
	for _, tt := range tests {
		got := tt.before
		changed := got.Record(tt.hash, "r", tt.commit, tt.beside)
		if !reflect.DeepEqual(got, tt.want) || changed == reflect.DeepEqual(got, tt.before) {
			t.Errorf("%s: %+v, changed %v, want %+v", tt.name, got, changed, tt.want)
		}
	}
}
