package plan

import (
	"strings"
	"testing"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/planes"
)

// TestUnplanned: what a rebuild would ship is held against what the plan said
// when it was made, by the plan as it is stored.
func TestUnplanned(t *testing.T) {
	rules := func(from, to string) *vschemapb.RoutingRules {
		return &vschemapb.RoutingRules{Rules: []*vschemapb.RoutingRule{{FromTable: from, ToTables: []string{to}}}}
	}
	moves := planes.Workflow{Name: "move", Type: "MoveTables", Source: "commerce", Target: "customer", Tables: []string{"product"}}
	tests := []struct {
		name   string
		before func(s *planes.Snapshot) // when the plan is made
		after  func(s *planes.Snapshot) // when it is applied
		found  *planes.Physical
		want   string // empty where all is as planned
		// unknown tells that it is not known now, and nothing is unplanned.
		unknown bool
	}{
		{name: "nothing"},
		{
			name:   "what the plan carries",
			before: func(s *planes.Snapshot) { serve(s, 0, "customer", keyspace(t, `{"sharded":true}`)) },
		},
		{
			name:   "what it carries, and somebody has shipped since",
			before: func(s *planes.Snapshot) { serve(s, 0, "customer", keyspace(t, `{"sharded":true}`)) },
			after:  func(s *planes.Snapshot) { serve(s, 0, "customer", s.Global.Keyspaces["customer"].VSchema) },
		},
		{
			name: "a table that somebody dropped and did not rebuild",
			after: func(s *planes.Snapshot) {
				ks := s.Global.Keyspaces["customer"]
				ks.VSchema = keyspace(t, `{"sharded":true}`)
				s.Global.Keyspaces["customer"] = ks
			},
			want: "cell z1 serves another VSchema of keyspace customer than global has, and the plan does not say so",
		},
		{
			name: "more in a keyspace of which the plan carries a part",
			before: func(s *planes.Snapshot) {
				serve(s, 0, "customer", edited(t, customerJSON, `"column":"id","name"`, `"column":"uid","name"`))
			},
			after: func(s *planes.Snapshot) { serve(s, 0, "customer", keyspace(t, `{}`)) },
			want:  "keyspace customer",
		},
		{
			name:  "rules that somebody saved",
			after: func(s *planes.Snapshot) { s.Global.Rules.Table = rules("a", "commerce.product") },
			want:  "lacks a -> commerce.product, and the plan does not say so",
		},
		{
			name:   "rules that it carries",
			before: func(s *planes.Snapshot) { s.Global.Rules.Table = rules("a", "commerce.product") },
			found:  &planes.Physical{},
		},
		{
			name:   "rules that it carries, and a workflow has come to own",
			before: func(s *planes.Snapshot) { s.Global.Rules.Table = rules("a", "commerce.product") },
			found:  &planes.Physical{Workflows: []planes.Workflow{moves}},
			want:   "workflow move (MoveTables, commerce to customer, state unknown) owns these rules",
		},
		{
			name:   "rules that it carries, and nobody can tell",
			before: func(s *planes.Snapshot) { s.Global.Rules.Table = rules("a", "commerce.product") },
			found:  &planes.Physical{Err: "no answer"},
			want:   "nobody can tell", unknown: true,
		},
		{
			name:   "rules that it carries, and some workflows are unread",
			before: func(s *planes.Snapshot) { s.Global.Rules.Table = rules("a", "commerce.product") },
			found:  &planes.Physical{Unread: map[string]string{"archive": "no primary"}},
			want:   "nobody can tell", unknown: true,
		},
		{
			name:   "rules that it carries, one workflow owns, and others are unread",
			before: func(s *planes.Snapshot) { s.Global.Rules.Table = rules("a", "commerce.product") },
			found:  &planes.Physical{Workflows: []planes.Workflow{moves}, Unread: map[string]string{"archive": "no primary"}},
			want:   "workflow move (MoveTables, commerce to customer, state unknown) owns these rules",
		},
		{
			name:  "rules that somebody saved, and nobody can tell",
			after: func(s *planes.Snapshot) { s.Global.Rules.Table = rules("a", "commerce.product") },
			found: &planes.Physical{Err: "no answer"},
			want:  "and the plan does not say so",
		},
		{
			name:  "the keyspace that the plan writes is its own",
			after: func(s *planes.Snapshot) { serve(s, 0, "commerce", keyspace(t, `{}`)) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := store(t)
			if tt.before != nil {
				tt.before(s)
			}
			in := input(s, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{},"invoice":{}`)})
			in.Backend, in.Allow = BackendVTCtld, []string{"write_loss", "outage"}
			p := build(t, in)
			raw, err := Encode(p)
			if err != nil {
				t.Fatal(err)
			}
			if p, err = Decode(raw); err != nil {
				t.Fatal(err)
			}
			if tt.after != nil {
				tt.after(s)
			}
			got := strings.Join(Unplanned(p, 0, s.Global, s.Cells[0], tt.found), "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if sur := SurplusOf(p, 0, s.Global, s.Cells[0], tt.found); len(sur.Unknown) > 0 != tt.unknown || len(sur.Unplanned) > 0 != (tt.want != "" && !tt.unknown) {
				t.Errorf("got %+v", sur)
			}
		})
	}
}
