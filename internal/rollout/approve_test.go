package rollout

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestApproved(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	eve := Who{User: "eve", Host: "h1", Commit: "abc", CI: "https://ci/1", Approves: true, OverPause: true}
	list := Approved(nil, eve, at)
	want := []Approval{{By: Who{User: "eve", Host: "h1", Commit: "abc", CI: "https://ci/1"}, At: at}}
	if d := cmp.Diff(want, list); d != "" {
		t.Errorf("the first (-want +got):\n%s", d)
	}
	list = Approved(list, Who{User: "eve", Host: "h2", Approves: true}, at.Add(time.Hour))
	list = Approved(list, Who{User: "bob"}, at) // goes on, and says nothing of it
	if d := cmp.Diff(want, list); d != "" {
		t.Errorf("the same user again, and one who does not approve (-want +got):\n%s", d)
	}
	if list = Approved(list, Who{User: "bob", Approves: true}, at); len(list) != 2 || list[1].By.User != "bob" {
		t.Errorf("a second one: %+v", list)
	}
}

// TestResumeApproves: who resumes with an approval is recorded in any state, and
// the record that was given stays as it was.
func TestResumeApproves(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	before := Record{ID: "r1", State: Waiting, Phases: [][]string{{"customer"}}, Parked: &Park{Code: CodeApproval}, Approvals: make([]Approval, 0, 4)}
	after, _, err := Advance(before, Resume{At: At{at}, By: Who{User: "bob", Approves: true}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Approval{{By: Who{User: "bob"}, At: at}}; !cmp.Equal(after.Approvals, want) || len(before.Approvals) != 0 {
		t.Errorf("approvals %+v, before %+v", after.Approvals, before.Approvals)
	}
	if last := after.Log[len(after.Log)-1].Text; last != "approved by bob" {
		t.Errorf("log ends with %q", last)
	}
}
