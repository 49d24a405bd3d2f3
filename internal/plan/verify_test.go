package plan

import (
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/planes"
)

func TestVerifyFindsMistakes(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*Plan, *planes.Snapshot)
		want  string
	}{
		{"it writes more than it says", func(p *Plan, _ *planes.Snapshot) {
			p.Phases[0].Writes[0].Changes = p.Phases[0].Writes[0].Changes[:1]
		}, "do not lead to what it writes"},
		{"it takes back to something else", func(p *Plan, _ *planes.Snapshot) {
			p.Phases[0].Writes[0].Changes[1].Before = []byte(`{"pinned":"cc"}`)
		}, "does not lead to live again"},
		{"it was made from something else", func(_ *Plan, s *planes.Snapshot) {
			setGlobal(s, "commerce", func(k *planes.Keyspace) { k.VSchema = nil })
		}, "not made from what is live"},
		{"it has no base", func(p *Plan, _ *planes.Snapshot) { p.Base.Keyspaces = nil }, "not made from what is live"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := store(t)
			p := build(t, input(s, keyspaces{"commerce": edited(t, commerceJSON, `"product":{}`, `"product":{"pinned":"aa"},"invoice":{}`)}))
			tt.spoil(p, s)
			if err := Verify(p, s); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
