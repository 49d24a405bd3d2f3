package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/diff"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Break is a change to what a workflow owns.
type Break struct {
	Claim
	// Text says what would change.
	Text string
}

// Broken lists the claims on a keyspace that a change of its VSchema would not
// leave as they are, at most one per entry and workflow.
func Broken(claims []Claim, keyspace string, before, after *vschema.Keyspace) []Break {
	var out []Break
	for _, c := range claims {
		if c.Entry.Keyspace != keyspace || c.kept(before, after) {
			continue
		}
		twice := slices.ContainsFunc(out, func(b Break) bool { return b.Entry == c.Entry && same(b.Workflow, c.Workflow) })
		if !twice {
			out = append(out, Break{Claim: c, Text: c.text(before, after)})
		}
	}
	return out
}

// Refusal is all that one workflow has against a change.
type Refusal struct {
	Workflow planes.Workflow
	Text     string
	Remedy   string
}

// maxBreaks is how many breaks a refusal spells out.
const maxBreaks = 5

// Refusals puts the breaks of each workflow together, in their order.
func Refusals(breaks []Break) []Refusal {
	var out []Refusal
	for i, b := range breaks {
		if slices.ContainsFunc(breaks[:i], func(o Break) bool { return same(o.Workflow, b.Workflow) }) {
			continue
		}
		var texts []string
		for _, o := range breaks[i:] {
			if same(o.Workflow, b.Workflow) {
				texts = append(texts, o.Entry.Keyspace+": "+o.Text)
			}
		}
		if more := len(texts) - maxBreaks; more > 0 {
			texts = append(texts[:maxBreaks], fmt.Sprintf("and %d more", more))
		}
		out = append(out, Refusal{
			Workflow: b.Workflow,
			Text:     fmt.Sprintf("%s owns what would change: %s", Describe(b.Workflow), strings.Join(texts, "; ")),
			Remedy:   Remedy(b.Workflow),
		})
	}
	return out
}

// kept tells whether a change leaves what is claimed as it is.
func (c Claim) kept(before, after *vschema.Keyspace) bool {
	was, is := before.GetTables()[c.Entry.Name], after.GetTables()[c.Entry.Name]
	switch c.Part {
	case Whole:
		return vschema.EntryEqual(before, after, c.Entry)
	case Binding:
		return sameBinding(was, is, c.Vindex)
	default: // Place
		return is != nil && was.GetType() == is.GetType() && strings.EqualFold(was.GetPinned(), is.GetPinned()) &&
			slices.EqualFunc(placing(before, was), placing(after, is), sameColumnVindex)
	}
}

// text says what would change: the first change of the entry as a sentence, or
// what of it the workflow needs.
func (c Claim) text(before, after *vschema.Keyspace) string {
	switch {
	case c.Part == Binding && after.GetTables()[c.Entry.Name] != nil:
		return fmt.Sprintf("the column vindex %s of table %s, or which others stand before it, would change", c.Vindex, c.Entry.Name)
	case c.Part == Place && after.GetTables()[c.Entry.Name] != nil:
		return fmt.Sprintf("what decides where the rows of table %s are (its type, its pin, the column vindexes that compute a keyspace id) would change", c.Entry.Name)
	}
	for _, ec := range diff.Between(c.Entry.Keyspace, before, after) {
		if ec.Entry == c.Entry && len(ec.Changes) > 0 {
			return ec.Changes[0].Text
		}
	}
	return fmt.Sprintf("%s %s would change", c.Entry.Kind, c.Entry.Name)
}

// sameBinding tells whether a table is bound to a vindex as before, and behind
// the same column vindexes, as far as those are in both.
func sameBinding(was, is *vschema.Table, vindex string) bool {
	return slices.EqualFunc(bindings(was, vindex), bindings(is, vindex), sameColumnVindex) &&
		slices.Equal(ahead(was, is, vindex), ahead(is, was, vindex))
}

// ahead names, sorted, the column vindexes of t before the first by that vindex
// which other has too.
func ahead(t, other *vschema.Table, vindex string) []string {
	var out []string
	for _, cv := range t.GetColumnVindexes() {
		if cv.GetName() == vindex {
			break
		}
		if slices.ContainsFunc(other.GetColumnVindexes(), func(o *vschema.ColumnVindex) bool { return sameColumnVindex(cv, o) }) {
			out = append(out, cv.GetName()+" "+strings.ToLower(strings.Join(columns(cv), " ")))
		}
	}
	slices.Sort(out)
	return out
}

// bindings gives the column vindexes of a table by one vindex.
func bindings(t *vschema.Table, vindex string) []*vschema.ColumnVindex {
	var out []*vschema.ColumnVindex
	for _, cv := range t.GetColumnVindexes() {
		if cv.GetName() == vindex {
			out = append(out, cv)
		}
	}
	return out
}

// sameColumnVindex compares as vtgate reads them: one column may be written in
// either form, and without regard to case.
func sameColumnVindex(a, b *vschema.ColumnVindex) bool {
	return a.GetName() == b.GetName() && slices.EqualFunc(columns(a), columns(b), strings.EqualFold)
}

func columns(cv *vschema.ColumnVindex) []string {
	if len(cv.GetColumns()) > 0 {
		return cv.GetColumns()
	}
	return []string{cv.GetColumn()}
}
