package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/ddl"
	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/near"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Require is a migration that a file beside the VSchema names.
type Require struct {
	Keyspace, Migration string
	// Tables are those whose changes wait for it; all of the keyspace where
	// there are none.
	Tables []string
	Where  string // FILE:LINE
}

// Ignores tells whether a person allowed that a migration is not complete.
func (p *Plan) Ignores(migration string) bool {
	return slices.Contains(p.Allowed, migrationPrefix+migration)
}

// checkUUID wants a migration's UUID; what says where it is written.
func checkUUID(what, uuid string) error {
	if ddl.IsUUID(uuid) {
		return nil
	}
	e := &errs.Invalid{
		Msg:  fmt.Sprintf("%s: %q is no UUID of a migration", what, uuid),
		Next: "vtctldclient OnlineDDL show KEYSPACE recent lists them",
	}
	if other := strings.ToLower(strings.ReplaceAll(uuid, "-", "_")); ddl.IsUUID(other) {
		e.Near = other
	}
	return e
}

// parseAfter reads the needs that were asked for. The keyspace of one that names
// none is found once it is known what the plan writes.
func parseAfter(in Input) ([]ddl.Need, error) {
	var out []ddl.Need
	for _, text := range in.After {
		flag := "--after-migration " + text
		ks, uuid, named := strings.Cut(text, "=")
		if !named {
			ks, uuid = "", text
		}
		if err := checkUUID(flag, uuid); err != nil {
			return nil, err
		}
		if in.Physical == nil {
			return nil, &errs.Invalid{
				Msg:  flag + ": no vtctld is named, so nobody can say whether the migration is complete",
				Next: "--vtctld HOST:PORT, or vtctld in vtsync.yaml",
			}
		}
		if _, known := in.Snapshot.Global.Keyspaces[ks]; named && !known {
			return nil, &errs.Invalid{
				Msg:  fmt.Sprintf("%s: the cluster has no keyspace %q", flag, ks),
				Near: near.Name(ks, sortedKeys(in.Snapshot.Global.Keyspaces)),
				Next: "--after-migration KEYSPACE=UUID",
			}
		}
		out = append(out, ddl.Need{Keyspace: ks, Migration: uuid, From: ddl.FromFlag, Where: "--after-migration"})
	}
	return out, nil
}

// needs lists what MySQL must hold before the phase begins.
func (b *builder) needs() error {
	if b.in.Physical != nil {
		if err := b.settleAfter(); err != nil {
			return err
		}
	}
	if len(b.phase.Writes)+len(b.phase.Heals) == 0 {
		if len(b.asked) > 0 {
			b.note("there is nothing to write: --after-migration has no effect")
		}
		return nil
	}
	scope := ScopeOf(b.phase, b.global)
	needs := slices.Concat(b.asked, b.required(scope.Touched))
	if b.in.Physical == nil {
		b.phase.Needs = b.unallowed(needs)
		b.unwatched()
		return nil
	}
	pending, takings := ddl.Pending(scope, b.global, *b.in.Physical)
	b.takings(takings, needs)
	needs = slices.Concat(needs, pending, Columns(b.phase, b.global))
	// Whether a list could be read is of the moment, and no part of the plan.
	needs = slices.DeleteFunc(needs, func(n ddl.Need) bool { return n.Migration == "" && n.Table == "" })
	b.phase.Needs = b.unallowed(needs)
	b.untracked()
	if why := b.in.Physical.Err; why != "" {
		b.note("vtctld does not answer (%s): how far migrations are is not known, nor which are pending; apply waits for it", why)
	}
	return nil
}

// unallowed leaves out, and notes, what a person allowed not to wait for.
func (b *builder) unallowed(needs []ddl.Need) []ddl.Need {
	for _, uuid := range sortedKeys(b.allowed.migrations) {
		all := len(needs)
		needs = slices.DeleteFunc(needs, func(n ddl.Need) bool { return n.Migration == uuid })
		if len(needs) < all {
			b.note("migration %s is not waited for, as --allow %s%s says", uuid, migrationPrefix, uuid)
		}
	}
	return ddl.Sort(needs)
}

// takings notes the pending migrations that must come after the plan, and denies
// the plan where one must not come at all. A person may have named or allowed one.
func (b *builder) takings(takings []ddl.Taking, named []ddl.Need) {
	for _, t := range takings {
		asked := slices.ContainsFunc(named, func(n ddl.Need) bool { return n.Keyspace == t.Keyspace && n.Migration == t.Migration })
		switch {
		case asked || b.allowed.migrations[t.Migration]:
		case !t.Order.Denies():
			b.note("%s", t.Text)
		default:
			b.deny(DeniedMigration, t.Remedy, "%s", t.Text)
		}
	}
}

// unwatched denies what waits for migrations of which nobody can say how far they
// are.
func (b *builder) unwatched() {
	for _, n := range b.phase.Needs {
		b.deny(DeniedMigration, fmt.Sprintf("--vtctld HOST:PORT, or vtctld in vtsync.yaml; or --allow %s%s", migrationPrefix, n.Migration),
			"%s: no vtctld is named, so nobody can say whether it is complete", n.Text())
	}
}

// settleAfter finds the keyspace of each need that names none: the one that the plan
// writes.
func (b *builder) settleAfter() error {
	written := sortedKeys(b.after)
	if len(written) == 0 {
		written = b.shipped()
	}
	for i, n := range b.asked {
		switch {
		case n.Keyspace != "" || len(written) == 0:
		case len(written) == 1:
			b.asked[i].Keyspace = written[0]
		default:
			return &errs.Invalid{
				Msg:  fmt.Sprintf("--after-migration %s: the plan writes several keyspaces (%s)", n.Migration, strings.Join(written, ", ")),
				Next: fmt.Sprintf("say where it runs: --after-migration %s=%s", written[0], n.Migration),
			}
		}
	}
	return nil
}

// required gives the needs of the files: those of a table that is touched, or of
// a keyspace that is written.
func (b *builder) required(touched ddl.Touched) []ddl.Need {
	var out []ddl.Need
	for _, r := range b.in.Requires {
		_, written := touched[r.Keyspace]
		if len(r.Tables) > 0 {
			written = slices.ContainsFunc(r.Tables, func(t string) bool { return touched.Has(r.Keyspace, t) })
		}
		if written {
			out = append(out, ddl.Need{Keyspace: r.Keyspace, Migration: r.Migration, From: ddl.FromFile, Where: r.Where})
		}
	}
	return out
}

// Columns gives, of each table that a phase writes, the columns that the VSchema
// did not name before.
func Columns(ph Phase, g planes.Global) []ddl.Need {
	var out []ddl.Need
	for _, w := range ph.Writes {
		live, after := g.Keyspaces[w.Keyspace].VSchema, decoded(w.After)
		for _, c := range w.Changes {
			if c.Entry.Kind != vschema.TableEntry {
				continue
			}
			before := ddl.Named(live.GetTables()[c.Entry.Name])
			var fresh []string
			for _, column := range ddl.Named(after.GetTables()[c.Entry.Name]) {
				if !slices.Contains(before, column) && !slices.Contains(fresh, column) {
					fresh = append(fresh, column)
				}
			}
			if len(fresh) > 0 {
				slices.Sort(fresh)
				out = append(out, ddl.Need{Keyspace: w.Keyspace, Table: c.Entry.Name, Columns: fresh, From: ddl.FromColumns})
			}
		}
	}
	return out
}

// untracked notes the vtgates of which nobody can say what they know of MySQL.
func (b *builder) untracked() {
	var off []string
	for _, g := range b.in.Snapshot.VTGates {
		if g.Untracked && !slices.Contains(b.in.IgnoredCells, g.Cell) {
			off = append(off, g.Target)
		}
	}
	if len(off) > 0 && len(b.phase.Needs) > 0 {
		slices.Sort(off)
		b.note("the schema tracker of vtgate %s is off (--schema-change-signal=false): whether it shows what MySQL has is not waited for", strings.Join(off, ", "))
	}
}

// ScopeOf gives what a phase changes of the routing of a cluster.
func ScopeOf(ph Phase, g planes.Global) ddl.Scope {
	s := ddl.Scope{Touched: TouchedBy(ph, g), Before: ddl.RoutingOf(g), After: ddl.RoutingOf(g)}
	for _, w := range ph.Writes {
		s.After[w.Keyspace] = decoded(w.After)
	}
	return s
}

// TouchedBy gives the tables whose routing a phase changes: those whose entries
// it writes, heals or carries, those that bind such a vindex, and the lookup
// table of one. A setting is of all tables of its keyspace.
func TouchedBy(ph Phase, g planes.Global) ddl.Touched {
	t := toucher{global: g, out: make(ddl.Touched)}
	for _, w := range ph.Writes {
		before, after := decoded(w.Before), decoded(w.After)
		for _, c := range w.Changes {
			t.entry(c.Entry, before, after)
		}
	}
	for _, drift := range slices.Concat(ph.Heals, ph.Carried) {
		for _, c := range drift.Changes {
			t.entry(c.Entry, g.Keyspaces[drift.Keyspace].VSchema)
		}
	}
	return t.out
}

// decoded reads a value of a plan, which its digest vouches for; nil where there
// is none.
func decoded(raw []byte) *vschema.Keyspace {
	ks, err := vschema.DecodeJSON(raw)
	if err != nil {
		return nil
	}
	return ks
}

type toucher struct {
	global planes.Global
	out    ddl.Touched
}

// entry adds what an entry touches in any of the values that its keyspace has
// before and after.
func (t toucher) entry(e vschema.Entry, values ...*vschema.Keyspace) {
	switch e.Kind {
	case vschema.SettingEntry:
		t.out.Add(e.Keyspace, "")
	case vschema.TableEntry:
		t.out.Add(e.Keyspace, e.Name)
	case vschema.VindexEntry:
		for _, vs := range values {
			for _, table := range sortedKeys(vs.GetTables()) {
				if binding(vs.Tables[table], e.Name) != nil {
					t.out.Add(e.Keyspace, table)
				}
			}
			if v := vs.GetVindexes()[e.Name]; v != nil {
				t.lookup(e.Keyspace, v, values)
			}
		}
	}
}

// lookup adds a vindex's lookup table; where its keyspace is not named, that of
// each keyspace whose VSchema has it.
func (t toucher) lookup(own string, v *vschema.Vindex, values []*vschema.Keyspace) {
	ks, table := ddl.LookupTable(v)
	switch {
	case table == "":
		return
	case ks != "":
		t.out.Add(ks, table)
		return
	}
	for _, vs := range values {
		if vs.GetTables()[table] != nil {
			t.out.Add(own, table)
		}
	}
	for _, name := range sortedKeys(t.global.Keyspaces) {
		if t.global.Keyspaces[name].VSchema.GetTables()[table] != nil {
			t.out.Add(name, table)
		}
	}
}
