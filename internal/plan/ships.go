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

// Unplanned says what a rebuild of a cell would ship as things are, and what the
// plan did not say it would: what others have saved since, and rules that a
// workflow owns by now, which switches its traffic. A keyspace that the plan
// writes is its own.
func Unplanned(p *Plan, phase int, g planes.Global, c planes.Cell, found *planes.Physical) []string {
	var planned []CellDrift
	own := map[string]bool{}
	for _, ph := range p.upTo(phase) {
		planned = append(append(planned, ph.Carried...), ph.Heals...)
		for _, w := range ph.Writes {
			own[w.Keyspace] = true
		}
	}
	var out []string
	for _, d := range CellDrifts(g, c) {
		switch {
		case d.Keyspace == "" && d.Rules == "", own[d.Keyspace]:
		case !slices.ContainsFunc(planned, d.within):
			out = append(out, d.Text+", and the plan does not say so")
		default:
			if why := ownedRules(d, g, c, found); why != "" {
				out = append(out, d.Text+"; "+why)
			}
		}
	}
	return out
}

// ownedRules says why planned rules may not be shipped all the same; empty where
// they may.
func ownedRules(d CellDrift, g planes.Global, c planes.Cell, found *planes.Physical) string {
	if d.Rules == "" || found == nil {
		return ""
	}
	if found.Err != "" || len(found.Unread) > 0 {
		return "nobody can tell now whether a workflow owns these rules"
	}
	w, owned := workflow.OwnerOfRules(found.Workflows, d.Rules, rulesIn(g, d.Rules), vschema.RulesOf(c.Srv, d.Rules))
	if !owned {
		return ""
	}
	return fmt.Sprintf("%s owns these rules, and a rebuild would switch its traffic", workflow.Describe(w))
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
