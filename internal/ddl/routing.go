package ddl

import (
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

// tables tells whether routing names a table: as one of the keyspace, or as the
// lookup table of a vindex.
func (r Routing) tables(keyspace, table string) bool {
	return r[keyspace].GetTables()[table] != nil || len(r.lookups(keyspace, table)) > 0
}

// columns gives the columns of a table by which routing goes, sorted.
func (r Routing) columns(keyspace, table string) []string {
	out := Named(r[keyspace].GetTables()[table])
	for _, v := range r.lookups(keyspace, table) {
		for _, c := range strings.Split(v.GetParams()["from"]+","+v.GetParams()["to"], ",") {
			if c = strings.ToLower(strings.TrimSpace(c)); c != "" {
				out = append(out, c)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lookups gives the vindexes whose lookup table it is.
func (r Routing) lookups(keyspace, table string) []*vschema.Vindex {
	var out []*vschema.Vindex
	for _, name := range slices.Sorted(maps.Keys(r)) {
		vindexes := r[name].GetVindexes()
		for _, vindex := range slices.Sorted(maps.Keys(vindexes)) {
			ks, lookup := LookupTable(vindexes[vindex])
			here := ks == keyspace || ks == "" && (name == keyspace || r[keyspace].GetTables()[table] != nil)
			if lookup == table && here {
				out = append(out, vindexes[vindex])
			}
		}
	}
	return out
}

// taken names what a statement takes away that routing names.
func (r Routing) taken(keyspace string, e physical.Effect) []string {
	table := e.Table
	if e.Was != "" {
		table = e.Was
	}
	if e.Drops || e.Was != "" {
		if r.tables(keyspace, table) {
			return []string{"table " + table}
		}
		return nil
	}
	var out []string
	named := r.columns(keyspace, table)
	for _, c := range e.GoneColumns {
		if slices.Contains(named, strings.ToLower(c)) {
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
