package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/lint"
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
	tests := []struct{ item, near, says string }{
		{"writeloss", "write_loss", "is not known"},
		{"VS2411", "VS241", "is not known"},
		{"VS301", "", "VS301 is a mistake and no hazard"},
		{"foreign=product", "", "does not name an entry"},
		{"scatter", "", "is not known"},
		{"", "", "is not known"},
	}
	for _, tt := range tests {
		in := input(store(t), nil)
		in.Allow = []string{tt.item}
		_, err := Build(in)
		invalid, ok := errors.AsType[*errs.Invalid](err)
		if !ok || invalid.Near != tt.near || !strings.Contains(invalid.Msg, tt.says) || invalid.Next == "" {
			t.Errorf("%q: %+v", tt.item, err)
		}
	}
}

// TestAllowedIsRecorded: whoever reads the plan sees what was let through.
func TestAllowedIsRecorded(t *testing.T) {
	in := input(store(t), keyspaces{"commerce": keyspace(t, commerceJSON)})
	in.Allow = []string{"outage", "foreign=commerce.theirs", "VS803", "VS241"}
	if got := build(t, in).Allowed; !slices.Equal(got, []string{"VS241", "VS803", "foreign=commerce.theirs", "outage"}) {
		t.Errorf("allowed: %v", got)
	}
}

// TestSuppressed: what somebody knows of, for a reason, denies nothing and is
// shown; what changes is not known before.
func TestSuppressed(t *testing.T) {
	in := input(store(t), keyspaces{"customer": edited(t, customerJSON, `commerce.customer_seq`, `commerce.custmer_seq`)})
	in.Allow = []string{"outage"}
	in.Ignores = []lint.Ignore{{
		Codes: []string{"VS301"}, Reason: "the sequence comes with the next release", Path: "keyspaces/customer/**",
		Pos: errs.Position{File: "vtsync.yaml", Line: 3},
	}}
	p := build(t, in)
	if len(p.Denials) > 0 || len(p.Suppressed) != 1 || p.Suppressed[0].Code != "VS301" || p.Suppressed[0].Reason == "" {
		t.Errorf("denials %+v, suppressed %+v", p.Denials, p.Suppressed)
	}
	if again, err := Recheck(p, in.Snapshot, nil); err != nil || len(again) > 0 {
		t.Errorf("checked again: %+v, %v", again, err)
	}
}
