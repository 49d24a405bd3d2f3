package plan

import (
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
)

func TestForeign(t *testing.T) {
	live := `{"vindexes":{"both":{"type":"hash"}},"tables":{"product":{},"theirs":{},"both":{}}}`
	tests := []struct {
		name   string
		allow  []string
		kept   int
		writes int
		notes  int
		denied string // a remedy
	}{
		{"shown and kept", nil, 3, 0, 0, ""},
		{"removed when allowed", []string{"foreign=commerce.theirs"}, 2, 1, 0, ""},
		{"an allowed name that matches nothing is noted", []string{"foreign=commerce.other"}, 3, 0, 1, ""},
		{"a name of two entries", []string{"foreign=commerce.both"}, 1, 1, 0, "--allow foreign=commerce.vindex.both or --allow foreign=commerce.table.both"},
		{"one of them", []string{"foreign=commerce.table.both"}, 2, 1, 0, ""},
		{"the other", []string{"foreign=commerce.vindex.both"}, 2, 1, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(snapshot(t, map[string]string{"commerce": live}), keyspaces{"commerce": keyspace(t, `{"tables":{"product":{}}}`)})
			in.Allow = append([]string{"outage", "write_loss"}, tt.allow...)
			p := build(t, in)
			writes := 0
			for _, ph := range p.Phases {
				writes += len(ph.Writes)
			}
			remedy := ""
			for _, d := range p.Denials {
				remedy += d.Remedy
			}
			if len(p.Kept) != tt.kept || writes != tt.writes || len(p.Notes) != tt.notes || remedy != tt.denied {
				t.Errorf("kept %v, %d writes, notes %q, denials %v", p.Kept, writes, p.Notes, p.Denials)
			}
		})
	}
}

func TestAllowIsStrict(t *testing.T) {
	for _, item := range []string{"writeloss", "foreign=product", "scatter", ""} {
		in := input(store(t), nil)
		in.Allow = []string{item}
		if _, err := Build(in); errs.ExitCode(err) != errs.ExitError {
			t.Errorf("%q: %v", item, err)
		}
	}
}
