package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
)

// risk is what somebody has to allow.
type risk struct {
	hazard diff.Hazard
	code   string // of the rule that says more
	text   string
}

// hazardous is one change of a phase and how the phase comes to have it.
type hazardous struct {
	diff.Change
	keyspace string
	path     []string // to its entry, where the phase writes that
	along    string   // how it comes with the phase, where the phase does not write it
}

// hazardous gives all that the phase brings to a cell: what it writes, and what
// others saved and the cell does not serve yet.
func (ph Phase) hazardous() []hazardous {
	var out []hazardous
	add := func(ks, along string, changes []diff.EntryChange) {
		for _, ec := range changes {
			for _, c := range ec.Changes {
				h := hazardous{Change: c, keyspace: ks, along: along}
				if along == "" {
					h.path = ec.Path()
				}
				out = append(out, h)
			}
		}
	}
	for _, w := range ph.Writes {
		add(w.Keyspace, "", w.Changes)
	}
	for _, d := range ph.Carried {
		add(d.Keyspace, "carried along into cell "+d.Cell, d.Changes)
	}
	for _, d := range ph.Heals {
		add(d.Keyspace, "healed in cell "+d.Cell, d.Changes)
	}
	return out
}

// hazards denies what could lose rows or cause an outage and was not allowed.
func (b *builder) hazards() {
	all := b.risks()
	for _, h := range []diff.Hazard{diff.WriteLoss, diff.Outage} {
		var lines, codes []string
		for _, r := range all {
			if r.hazard == h && !b.allowed.hazard(h, r.code) {
				lines = append(lines, r.text)
				codes = append(codes, r.code)
			}
		}
		if len(lines) == 0 {
			continue
		}
		slices.Sort(codes)
		codes = slices.Compact(codes)
		b.plan.Denials = append(b.plan.Denials, Denial{
			Code:   DeniedHazard,
			Codes:  codes,
			Text:   fmt.Sprintf("%s: %s", h, strings.Join(lines, "; ")),
			Remedy: "--allow " + strings.Join(codes, " --allow "),
		})
	}
}

// risks gives what somebody has to allow: changes, and findings about a change.
func (b *builder) risks() []risk {
	var out []risk
	for _, h := range b.phase.hazardous() {
		if !h.Hazard.Worse(diff.Scatter) {
			continue
		}
		out = append(out, risk{h.Hazard, h.Code, fmt.Sprintf("%s: %s (%s: %s)", b.where(h), h.Text, h.Code, b.why(h))})
	}
	for _, f := range b.plan.Findings {
		if f.Hazard != "" {
			out = append(out, risk{f.Hazard, f.Code, fmt.Sprintf("%s: %s (%s)", cmp.Or(f.Pos.String(), f.Keyspace), f.Message, f.Code)})
		}
	}
	return out
}

// why says what the hazard of a change is, and what MySQL's tables add to that.
func (b *builder) why(h hazardous) string {
	if schema := b.in.Schemas[h.keyspace]; h.Type == diff.TableDropped && schema != nil {
		if table := schema.Tables[h.Table]; table != nil {
			return fmt.Sprintf("%s, and MySQL has it: %s", h.Why, table.Pos)
		}
	}
	return h.Why
}

// where says where a change stands: in a file if there is one that makes it.
func (b *builder) where(h hazardous) string {
	switch {
	case h.along != "":
		return h.keyspace + ", " + h.along
	case b.in.Position == nil:
		return h.keyspace
	}
	return cmp.Or(b.in.Position(h.keyspace, h.path...).String(), h.keyspace)
}

// codes gives the codes, sorted, of the changes in the phase that have the
// hazard.
func (ph Phase) codes(h diff.Hazard) []string {
	var out []string
	for _, c := range ph.hazardous() {
		if c.Hazard == h && c.Code != "" {
			out = append(out, c.Code)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
