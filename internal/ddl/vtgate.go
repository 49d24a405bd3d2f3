package ddl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
)

// vtgates gives those whose schema tracker does not show the effect yet, or that
// cannot be asked, and says which were not asked at all: trackers that are off,
// and tables whose columns the VSchema itself lists.
func (j *judge) vtgates(keyspace string, e physical.Effect) (out []VTGate, skipped string) {
	if e.Table == "" {
		return nil, ""
	}
	live := j.in.Global.Keyspaces[keyspace].VSchema
	if live.GetTables()[e.Table].GetColumnListAuthoritative() {
		return nil, "no vtgate tracks it, as the VSchema lists the table's columns"
	}
	var untracked []string
	for _, g := range j.in.VTGates {
		switch {
		case slices.Contains(j.in.IgnoredCells, g.Cell):
		case len(g.Watches) > 0 && !slices.Contains(g.Watches, keyspace):
		case g.Untracked:
			untracked = append(untracked, g.Target)
		default:
			if v := tracks(g, keyspace, e, live.GetTables()[e.Table] != nil); v.Status != Done {
				out = append(out, v)
			}
		}
	}
	if len(untracked) > 0 {
		skipped = "not asked, as their schema tracker is off: " + strings.Join(untracked, ", ")
	}
	return out, skipped
}

// tracks judges one vtgate whose tracker is on. routed tells that the VSchema
// has the table, which a vtgate then shows without its columns at first.
func tracks(g planes.VTGate, keyspace string, e physical.Effect, routed bool) VTGate {
	v := VTGate{Target: g.Target, Status: Waiting}
	switch {
	case g.Silent != "":
		v.Status, v.Text = Unknown, "it does not answer: "+clip(g.Silent)
		return v
	case g.View == nil:
		v.Status, v.Text = Unknown, "it does not show what it tracks: "+clip(g.Unreadable)
		return v
	}
	table, shown := g.View.Keyspaces[keyspace].Tables[e.Table]
	tracked := shown && table.Authoritative
	switch {
	case e.Drops && tracked || e.Drops && shown && !routed:
		v.Text = fmt.Sprintf("it still shows table %s", e.Table)
		return v
	case e.Drops:
		return VTGate{Target: g.Target, Status: Done}
	case !tracked:
		v.Text = fmt.Sprintf("its schema tracker does not show table %s yet", e.Table)
		return v
	}
	for _, c := range e.Columns {
		if !showsColumn(table, c) {
			v.Text = fmt.Sprintf("its schema tracker does not show column %s of table %s yet", c, e.Table)
			return v
		}
	}
	for _, c := range e.GoneColumns {
		if showsColumn(table, c) {
			v.Text = fmt.Sprintf("its schema tracker still shows column %s of table %s", c, e.Table)
			return v
		}
	}
	return VTGate{Target: g.Target, Status: Done}
}

func showsColumn(t planes.ViewTable, column string) bool {
	prefix := strings.ToLower(column) + " "
	return slices.ContainsFunc(t.Columns, func(c string) bool { return strings.HasPrefix(strings.ToLower(c), prefix) })
}
