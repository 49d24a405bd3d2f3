package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/vschema"
)

// The types of tables, as the proto spells them; an ordinary table has none.
const (
	sequence  = "sequence"
	reference = "reference"
)

func (s scene) tableChanges(name string) []Change {
	was, is := s.before.GetTables()[name], s.after.GetTables()[name]
	base := Change{Table: name}
	switch {
	case was == nil:
		base.Type, base.After = TableAdded, describeTable(is)
		base.Text = fmt.Sprintf("table %s is added: %s", name, base.After)
		return []Change{base}
	case is == nil:
		base.Type, base.Before = TableDropped, describeTable(was)
		base.Text = fmt.Sprintf("table %s is dropped: %s", name, base.Before)
		return []Change{base}
	}
	subject := "table " + name
	var out []Change
	if was.GetType() != is.GetType() {
		out = append(out, base.as(TableType, was.GetType(), is.GetType(), subject+" has the type"))
	}
	if was.GetSource() != is.GetSource() {
		out = append(out, base.as(TableSource, was.GetSource(), is.GetSource(), subject+" has the source"))
	}
	if was.GetPinned() != is.GetPinned() {
		out = append(out, base.as(TablePinned, was.GetPinned(), is.GetPinned(), subject+" is pinned to keyspace id"))
	}
	out = append(out, bindingChanges(base, bindings(was.GetColumnVindexes(), s.before), bindings(is.GetColumnVindexes(), s.after))...)
	out = append(out, autoIncrementChanges(base, was, is)...)
	return append(out, columnChanges(base, was, is)...)
}

func autoIncrementChanges(base Change, was, is *vschema.Table) []Change {
	old, now := was.GetAutoIncrement(), is.GetAutoIncrement()
	switch {
	case old == nil && now == nil:
		return nil
	case old == nil:
		base.Type, base.Column = AutoIncAdded, now.GetColumn()
		base.After = now.GetSequence()
		base.Text = fmt.Sprintf("column %s of table %s takes its values from sequence %s", quoteEmpty(now.GetColumn()), base.Table, quoteEmpty(now.GetSequence()))
	case now == nil:
		base.Type, base.Column = AutoIncDropped, old.GetColumn()
		base.Before = old.GetSequence()
		base.Text = fmt.Sprintf("column %s of table %s no longer takes its values from sequence %s", quoteEmpty(old.GetColumn()), base.Table, quoteEmpty(old.GetSequence()))
	case old.GetColumn() == now.GetColumn() && old.GetSequence() == now.GetSequence():
		return nil
	default:
		base.Column = now.GetColumn()
		subject := fmt.Sprintf("table %s generates", base.Table)
		return []Change{base.as(AutoIncChanged,
			fmt.Sprintf("%s from sequence %s", quoteEmpty(old.GetColumn()), quoteEmpty(old.GetSequence())),
			fmt.Sprintf("%s from sequence %s", quoteEmpty(now.GetColumn()), quoteEmpty(now.GetSequence())), subject)}
	}
	return []Change{base}
}

// binding is a column vindex with what tells it from others of its table.
type binding struct {
	name  string
	nth   int    // a table may use a vindex more than once
	cols  string // for people
	exact string // the columns, unambiguously
	def   string // what the name stands for; empty where that is nothing
}

func (b binding) key() binding { return binding{name: b.name, nth: b.nth} }

func (b binding) String() string {
	if b == (binding{}) {
		return ""
	}
	return fmt.Sprintf("%s(%s)", b.name, b.cols)
}

// same tells that both place and find rows alike, whatever the vindex is called.
func (b binding) same(o binding) bool { return b.def != "" && b.def == o.def && b.exact == o.exact }

func bindings(list []*vschema.ColumnVindex, ks *vschema.Keyspace) []binding {
	seen := map[string]int{}
	out := make([]binding, len(list))
	for i, cv := range list {
		cols := strings.Join(cv.GetColumns(), ", ")
		if cv.GetColumn() != "" { // beside columns, which is an error to Vitess
			cols = "column " + cv.GetColumn() + ", columns " + quoteEmpty(cols)
		}
		out[i] = binding{
			name: cv.GetName(), nth: seen[cv.GetName()],
			cols: cols, exact: fmt.Sprintf("%q %q", cv.GetColumn(), cv.GetColumns()),
			def: string(vschema.EntryJSON(ks, vschema.Entry{Kind: vschema.VindexEntry, Name: cv.GetName()})),
		}
		seen[cv.GetName()]++
	}
	return out
}

// bindingChanges compares the column vindexes of a table. The first is the
// primary; the order of the others decides only between equal costs.
func bindingChanges(base Change, was, is []binding) []Change {
	is, out := renamed(base, was, is)
	if !first(was).stays(first(is)) {
		c := base
		c.Vindex = first(is).name
		out = append(out, c.as(PrimaryChanged, first(was).String(), first(is).String(), "table "+base.Table+" is sharded by"))
	}
	for _, w := range rest(was) {
		i := slices.IndexFunc(is, func(b binding) bool { return b.key() == w.key() })
		c := base
		c.Vindex = w.name
		switch {
		case i < 0:
			c.Type, c.Before = ColumnVindexDropped, w.String()
			c.Text = fmt.Sprintf("table %s is no longer found by %s", base.Table, w)
			out = append(out, c)
		case i > 0 && is[i].exact != w.exact:
			out = append(out, c.as(ColumnVindexColumns, w.cols, is[i].cols, "vindex "+w.name+" of table "+base.Table+" covers"))
		}
	}
	for _, n := range rest(is) {
		if slices.ContainsFunc(was, func(b binding) bool { return b.key() == n.key() }) {
			continue
		}
		c := base
		c.Vindex, c.Type, c.After = n.name, ColumnVindexAdded, n.String()
		c.Text = fmt.Sprintf("table %s is found by %s too", base.Table, n)
		out = append(out, c)
	}
	if before, after := common(rest(was), rest(is)), common(rest(is), rest(was)); !slices.Equal(before, after) {
		out = append(out, base.as(ColumnVindexesOrdered, strings.Join(before, ", "), strings.Join(after, ", "), "the secondary vindexes of table "+base.Table+" stand in the order"))
	}
	return out
}

// renamed gives the changes of vindexes that only have another name, and is with
// the names that they had.
func renamed(base Change, was, is []binding) ([]binding, []Change) {
	has := func(list []binding, b binding) bool {
		return slices.ContainsFunc(list, func(o binding) bool { return o.key() == b.key() })
	}
	old := slices.Clone(is)
	var out []Change
	for i, n := range is {
		j := slices.IndexFunc(was, func(w binding) bool { return w.same(n) && !has(is, w) && !has(old, w) })
		if has(was, n) || j < 0 || (i == 0) != (j == 0) {
			continue
		}
		old[i].name, old[i].nth = was[j].name, was[j].nth
		c := base
		c.Vindex = n.name
		out = append(out, c.as(ColumnVindexRenamed, was[j].String(), n.String(), "table "+base.Table+" uses the vindex"))
	}
	return old, out
}

// stays tells that nothing changes but what a name stands for, which is a change
// of the vindex.
func (b binding) stays(o binding) bool { return b.name == o.name && b.exact == o.exact }

func first(list []binding) binding {
	if len(list) == 0 {
		return binding{}
	}
	return list[0]
}

func rest(list []binding) []binding { return list[min(1, len(list)):] }

// common lists the names of those of a that b has too, in the order of a.
func common(a, b []binding) []string {
	var out []string
	for _, x := range a {
		if slices.ContainsFunc(b, func(y binding) bool { return x.key() == y.key() }) {
			out = append(out, x.name)
		}
	}
	return out
}

func describeTable(t *vschema.Table) string {
	var parts []string
	if t.GetType() != "" {
		parts = append(parts, "type "+t.GetType())
	}
	if t.GetSource() != "" {
		parts = append(parts, "source "+t.GetSource())
	}
	if t.GetPinned() != "" {
		parts = append(parts, "pinned to keyspace id "+t.GetPinned())
	}
	list := bindings(t.GetColumnVindexes(), nil)
	if len(list) > 0 {
		parts = append(parts, "sharded by "+list[0].String())
	}
	for _, b := range rest(list) {
		parts = append(parts, "found by "+b.String())
	}
	if a := t.GetAutoIncrement(); a != nil {
		parts = append(parts, fmt.Sprintf("%s from sequence %s", quoteEmpty(a.GetColumn()), quoteEmpty(a.GetSequence())))
	}
	if n := len(t.GetColumns()); n > 0 {
		parts = append(parts, fmt.Sprintf("%d columns listed", n))
	}
	if len(parts) == 0 {
		return "no vindexes"
	}
	return strings.Join(parts, ", ")
}
