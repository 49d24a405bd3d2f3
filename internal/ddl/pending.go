package ddl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
)

// Touched are the tables, per keyspace, whose routing a phase changes.
type Touched map[string]Tables

// Tables are some tables of a keyspace, or all.
type Tables struct {
	All   bool
	Names map[string]bool
}

// Add adds a table; the name "" stands for all of the keyspace.
func (t Touched) Add(keyspace, table string) {
	tables := t[keyspace]
	if tables.Names == nil {
		tables.Names = make(map[string]bool)
	}
	if table == "" {
		tables.All = true
	} else {
		tables.Names[table] = true
	}
	t[keyspace] = tables
}

// Has tells whether a table is touched. Names are compared as Vitess does, with
// their case.
func (t Touched) Has(keyspace, table string) bool {
	tables, ok := t[keyspace]
	return ok && (tables.All || tables.Names[table])
}

// Sort orders needs and leaves one of each migration: the one that was asked for
// the most plainly.
func Sort(needs []Need) []Need {
	origins := []Origin{FromFlag, FromFile, FromPending, FromColumns}
	slices.SortStableFunc(needs, func(a, b Need) int {
		return cmp.Or(
			strings.Compare(a.Keyspace, b.Keyspace), strings.Compare(a.Migration, b.Migration),
			cmp.Compare(slices.Index(origins, a.From), slices.Index(origins, b.From)),
			strings.Compare(a.Table, b.Table), slices.Compare(a.Columns, b.Columns), strings.Compare(a.Where, b.Where))
	})
	return slices.CompactFunc(needs, func(a, b Need) bool {
		if a.Keyspace != b.Keyspace || a.Migration != b.Migration {
			return false
		}
		return a.Migration != "" || a.Table == b.Table && slices.Equal(a.Columns, b.Columns)
	})
}

// unread says why the migrations of a keyspace are not known.
func unread(p planes.Physical, keyspace string) string {
	ks, asked := p.Keyspaces[keyspace]
	switch {
	case p.Err != "":
		return "vtctld does not answer: " + clip(p.Err)
	case !asked:
		return "its migrations were not read"
	case ks.MigrationsErr != "":
		return "its migrations cannot be read: " + clip(ks.MigrationsErr)
	}
	return ""
}

// unlisted says why pending migrations of a keyspace may be missing from the
// list. vtctld leaves out, without a word, a shard without a primary and one whose
// primary it does not find. A keyspace in which no shard has one has no MySQL yet,
// and so no migrations.
func unlisted(g planes.Global, p planes.Physical, keyspace string) string {
	if why := unread(p, keyspace); why != "" {
		return why
	}
	if noPrimary(g, keyspace) {
		return ""
	}
	var without, unfound []string
	for _, s := range Serving(g, keyspace) {
		switch alias := primary(g, keyspace, s); {
		case alias == "":
			without = append(without, s)
		case !slices.Contains(p.Keyspaces[keyspace].Listed, alias):
			unfound = append(unfound, fmt.Sprintf("%s (%s)", s, alias))
		}
	}
	switch {
	case len(without) > 0:
		return fmt.Sprintf("shard %s has no primary", strings.Join(without, ", "))
	case len(unfound) > 0:
		return fmt.Sprintf("vtctld does not find the primary of shard %s: the topo of its cell may not answer", strings.Join(unfound, ", "))
	}
	return ""
}

// Text names a need in a few words.
func (n Need) Text() string {
	switch {
	case n.Migration != "" && n.Table != "":
		return fmt.Sprintf("migration %s of %s.%s", n.Migration, n.Keyspace, n.Table)
	case n.Migration != "" && n.From == FromFile:
		return fmt.Sprintf("migration %s of %s (%s)", n.Migration, n.Keyspace, n.Where)
	case n.Migration != "":
		return fmt.Sprintf("migration %s of %s", n.Migration, n.Keyspace)
	case n.Table != "":
		return fmt.Sprintf("columns %s of %s.%s", strings.Join(n.Columns, ", "), n.Keyspace, n.Table)
	default:
		return "migrations of " + n.Keyspace
	}
}
