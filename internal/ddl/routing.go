package ddl

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Routing is the VSchema of each keyspace.
type Routing map[string]*vschema.Keyspace

// RoutingOf gives what the global plane holds.
func RoutingOf(g planes.Global) Routing {
	out := make(Routing, len(g.Keyspaces))
	for name, ks := range g.Keyspaces {
		out[name] = ks.VSchema
	}
	return out
}

// naming is an entry that names a table, and the columns of it that it routes by.
type naming struct {
	entry   vschema.Entry
	columns []string
}

// namings gives what names a table: its own entry, and the vindexes whose lookup
// table it is.
func (r Routing) namings(keyspace, table string) []naming {
	var out []naming
	own := r[keyspace].GetTables()[table]
	if own != nil {
		out = append(out, naming{vschema.Entry{Keyspace: keyspace, Kind: vschema.TableEntry, Name: table}, Named(own)})
	}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		vindexes := r[name].GetVindexes()
		for _, vindex := range slices.Sorted(maps.Keys(vindexes)) {
			v := vindexes[vindex]
			ks, lookup := LookupTable(v)
			here := ks == keyspace || ks == "" && (name == keyspace || own != nil)
			if lookup != table || !here {
				continue
			}
			n := naming{entry: vschema.Entry{Keyspace: name, Kind: vschema.VindexEntry, Name: vindex}}
			for _, c := range strings.Split(v.GetParams()["from"]+","+v.GetParams()["to"], ",") {
				if c = strings.ToLower(strings.TrimSpace(c)); c != "" {
					n.columns = append(n.columns, c)
				}
			}
			out = append(out, n)
		}
	}
	return out
}

// names tells whether some entry routes by a column, given in lower case.
func names(by []naming, column string) bool {
	return slices.ContainsFunc(by, func(n naming) bool { return slices.Contains(n.columns, column) })
}

// takenFrom gives the table that a statement changes, by the name that it has
// before.
func takenFrom(e physical.Effect) string { return cmp.Or(e.Was, e.Table) }

// taken names what a statement takes away that these entries name.
func taken(by []naming, e physical.Effect) []string {
	if e.Drops || e.Was != "" {
		if len(by) > 0 {
			return []string{"table " + takenFrom(e)}
		}
		return nil
	}
	var out []string
	for _, c := range e.GoneColumns {
		if names(by, strings.ToLower(c)) {
			out = append(out, "column "+c)
		}
	}
	return out
}

// Named gives, in lower case, the columns of a table that its entry names and
// routing needs.
func Named(t *vschema.Table) []string {
	var out []string
	add := func(names ...string) {
		for _, n := range names {
			if n != "" {
				out = append(out, strings.ToLower(n))
			}
		}
	}
	for _, cv := range t.GetColumnVindexes() {
		add(cv.GetColumn())
		add(cv.GetColumns()...)
	}
	add(t.GetAutoIncrement().GetColumn())
	if t.GetColumnListAuthoritative() {
		for _, c := range t.GetColumns() {
			add(c.GetName())
		}
	}
	return out
}

// LookupTable gives the keyspace and table of a vindex's lookup table; the
// keyspace is empty where the param does not name it, both where it has none.
func LookupTable(v *vschema.Vindex) (ks, table string) {
	written := strings.ReplaceAll(v.GetParams()["table"], "`", "")
	if ks, table, ok := strings.Cut(written, "."); ok {
		return ks, table
	}
	return "", written
}
