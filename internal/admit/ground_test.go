package admit

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/rollout"
	"github.com/vtsync/vtsync/internal/vschema"
)

// TestGround: a plan with nothing to do is only recorded where that is still so.
func TestGround(t *testing.T) {
	nothing := func(denials ...plan.Denial) *plan.Plan {
		snap := snapshot(t)
		p, err := plan.Build(plan.Input{
			Snapshot: snap, Cluster: "c1", Backend: "topo", Denials: denials,
			Desired: map[string]*vschema.Keyspace{"customer": snap.Global.Keyspaces["customer"].VSchema.CloneVT()},
		})
		if err != nil || !p.Empty() {
			t.Fatalf("plan: %v, %+v", err, p)
		}
		return p
	}
	tests := []struct {
		name string
		p    *plan.Plan
		edit func(*planes.Global)
		want rollout.Verdict
		code rollout.Code
		text string
	}{
		{"as it was", nothing(), func(*planes.Global) {}, rollout.Allow, "", ""},
		{"another cluster", nothing(), func(g *planes.Global) { g.ClusterID = "c2" }, rollout.Deny, rollout.CodeDenied, "made for cluster"},
		{"denied", nothing(plan.Denial{Code: plan.DeniedStale, Text: "older files"}), func(*planes.Global) {}, rollout.Deny, rollout.CodeDenied, "older files"},
		{"changed since", nothing(), func(g *planes.Global) {
			g.Keyspaces["customer"].VSchema.Tables["theirs"] = &vschema.Table{}
		}, rollout.Deny, rollout.CodeStale, "is stale"},
	}
	for _, tt := range tests {
		g := snapshot(t).Global
		tt.edit(&g)
		if v := Ground(tt.p, g); v.Verdict != tt.want || v.Code != tt.code || !strings.Contains(v.Reason, tt.text) {
			t.Errorf("%s: %+v", tt.name, v)
		}
	}
}
