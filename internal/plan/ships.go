package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/workflow"
)

// Rebuilds tells whether the plan, up to a phase, writes a cell by Vitess's
// rebuild, with whatever others have saved and not rebuilt.
func (p *Plan) Rebuilds(phase int, cell string) bool {
	return p.Backend == BackendVTCtld && slices.ContainsFunc(p.upTo(phase), func(ph Phase) bool {
		return len(ph.Writes) > 0 || slices.ContainsFunc(ph.Heals, func(d CellDrift) bool { return d.Cell == cell })
	})
}

func (p *Plan) upTo(phase int) []Phase { return p.Phases[:min(phase+1, len(p.Phases))] }

// Surplus is what keeps a rebuild of a cell from shipping only what the plan says.
type Surplus struct {
	// Unplanned is what it would ship that the plan did not say: what others have
	// saved since, and rules that a workflow owns by now, which switches its
	// traffic. Unknown are planned rules of which nobody can tell now whether a
	// workflow owns them.
	Unplanned, Unknown []string
}

// Unplanned says all that speaks against a rebuild of a cell now.
func Unplanned(p *Plan, phase int, g planes.Global, c planes.Cell, found *planes.Physical) []string {
	s := SurplusOf(p, phase, g, c, found)
	return slices.Concat(s.Unplanned, s.Unknown)
}

// SurplusOf looks at what a rebuild of a cell would ship as things are. A keyspace
// that the plan writes is its own.
func SurplusOf(p *Plan, phase int, g planes.Global, c planes.Cell, found *planes.Physical) Surplus {
	var planned []CellDrift
	own := map[string]bool{}
	for _, ph := range p.upTo(phase) {
		planned = append(append(planned, ph.Carried...), ph.Heals...)
		for _, w := range ph.Writes {
			own[w.Keyspace] = true
		}
	}
	var out Surplus
	for _, d := range CellDrifts(g, c) {
		switch {
		case d.Keyspace == "" && d.Rules == "", own[d.Keyspace]:
		case !slices.ContainsFunc(planned, d.within):
			out.Unplanned = append(out.Unplanned, d.Text+", and the plan does not say so")
		case d.Rules == "" || found == nil:
		default:
			if w, owned := workflow.OwnerOfRules(found.Workflows, d.Rules, rulesIn(g, d.Rules), vschema.RulesOf(c.Srv, d.Rules)); owned {
				out.Unplanned = append(out.Unplanned, fmt.Sprintf("%s; %s owns these rules, and a rebuild would switch its traffic", d.Text, workflow.Describe(w)))
			} else if found.Err != "" || len(found.Unread) > 0 {
				out.Unknown = append(out.Unknown, d.Text+"; nobody can tell now whether a workflow owns these rules")
			}
		}
	}
	return out
}

// within tells whether a drift is all in a planned one. Of a keyspace that the
// plan ships, less may be left to ship by now.
func (d CellDrift) within(planned CellDrift) bool {
	if d.Cell != planned.Cell || d.Keyspace != planned.Keyspace || d.Rules != planned.Rules {
		return false
	}
	if len(d.Changes) == 0 {
		return d.Text == planned.Text
	}
	return !slices.ContainsFunc(d.Changes, func(c diff.EntryChange) bool {
		return !slices.ContainsFunc(planned.Changes, func(o diff.EntryChange) bool {
			return c.Entry == o.Entry && sameJSON(c.Before, o.Before) && sameJSON(c.After, o.After)
		})
	})
}

// sameJSON compares without regard to the white space that a stored plan has.
func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}
