package admit

import (
	"testing"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/rollout"
)

func approved(by ...rollout.Who) []rollout.Approval {
	var out []rollout.Approval
	for _, w := range by {
		out = append(out, rollout.Approval{By: w, At: at("2026-11-20 12:00")})
	}
	return out
}

func TestApprovals(t *testing.T) {
	eve, bob := rollout.Who{User: "eve", Host: "h1"}, rollout.Who{User: "bob", Host: "h2"}
	for _, tt := range []struct {
		name   string
		policy Approvals
		by     []rollout.Who
		undoes string
		want   string // "" where enough have approved
	}{
		{"none is asked for", Approvals{}, nil, "", ""},
		{"more than asked for", Approvals{}, []rollout.Who{eve}, "", ""},
		{"nobody yet", Approvals{Required: 1}, nil, "", "0 of 1 approvals"},
		{"one of two", Approvals{Required: 2}, []rollout.Who{eve}, "", "1 of 2 approvals: eve@h1"},
		{"both", Approvals{Required: 2}, []rollout.Who{eve, bob}, "", ""},
		{"one person from two hosts", Approvals{Required: 2}, []rollout.Who{eve, {User: "eve", Host: "h9"}}, "", "1 of 2 approvals: eve@h1"},
		{"a plan milder than that", Approvals{Required: 2, From: diff.Scatter}, nil, "", ""},
		{"a plan as bad as that", Approvals{Required: 2, From: diff.Replan}, nil, "", "0 of 2 approvals"},
		{"the way back", Approvals{Required: 2}, nil, "p1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := input(t)
			if h := in.Plan.Hazard(); h != diff.Replan {
				t.Fatalf("the plan of the test has the hazard %s", h)
			}
			in.Policy.Approvals, in.Approvals, in.Plan.Undoes = tt.policy, approved(tt.by...), tt.undoes
			v := Judge(in)
			if tt.want == "" {
				if v.Verdict != rollout.Allow {
					t.Errorf("%+v", v)
				}
				return
			}
			if v.Verdict != rollout.Wait || v.Code != rollout.CodeApproval || !v.Person || v.Reason != tt.want {
				t.Errorf("%+v, want to wait for a person: %s", v, tt.want)
			}
			if len(v.Waits) != 1 || v.Waits[0].Kind != rollout.WaitApproval || v.Waits[0].Text != tt.want {
				t.Errorf("waits for %+v", v.Waits)
			}
		})
	}
}
