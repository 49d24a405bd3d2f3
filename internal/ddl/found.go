package ddl

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Scope is what a phase changes: the tables whose routing it touches, and the
// VSchemas before it and after it.
type Scope struct {
	Touched       Touched
	Before, After Routing
}

// Order says when a migration that takes something away must run.
type Order string

// The orders.
const (
	// PhaseFirst: routing names it now and not after the phase.
	PhaseFirst Order = "phase first"
	// Never: an entry that the phase adds or changes names it.
	Never Order = "never"
	// Neither: routing names now what it takes away, and after the phase what it
	// adds, so that queries fail in either order.
	Neither Order = "neither"
	// Regardless: an entry that the phase leaves alone names it.
	Regardless Order = "regardless"
)

// Denies tells that the phase must not run beside such a migration.
func (o Order) Denies() bool { return o == Never || o == Neither }

// Taking is a pending migration that takes away what routing names. It is not
// waited for: once it is complete, queries fail.
type Taking struct {
	Keyspace, Migration string
	Order               Order
	// Text says what it takes away, and what must come first. Remedy is what
	// helps where it must not run.
	Text, Remedy string
}

// Pending gives a need for each migration that has not ended on some serving
// shard and whose table is touched, sorted. Where nobody can say which
// migrations are pending in a keyspace that is touched, that is a need too, with
// neither a migration nor a table. Those that take away what routing names are
// no needs, and are given apart.
func Pending(s Scope, g planes.Global, p planes.Physical) ([]Need, []Taking) {
	j := judge{in: Input{Global: g, Physical: p}, effects: make(map[string]effect)}
	var needs []Need
	var takings []Taking
	for _, ks := range slices.Sorted(maps.Keys(s.Touched)) {
		if unlisted(g, p, ks) != "" {
			needs = append(needs, Need{Keyspace: ks, From: FromPending})
		}
		serving := Serving(g, ks)
		for _, m := range p.Keyspaces[ks].Migrations {
			if m.Status.Ended() || !slices.Contains(serving, m.Shard) {
				continue
			}
			e, known := j.does(ks, m)
			if table := cmp.Or(m.Table, e.Was, e.Table); table != "" && !s.Touched.Has(ks, table) {
				continue // of a queued revert nobody may know the table: it may be any
			}
			if t, takes := s.taking(ks, m, e); known && takes {
				takings = append(takings, t)
			} else {
				needs = append(needs, Need{Keyspace: ks, Migration: m.UUID, Table: m.Table, From: FromPending})
			}
		}
	}
	slices.SortStableFunc(takings, func(a, b Taking) int {
		return cmp.Or(strings.Compare(a.Keyspace, b.Keyspace), strings.Compare(a.Migration, b.Migration))
	})
	takings = slices.CompactFunc(takings, func(a, b Taking) bool { return a.Keyspace == b.Keyspace && a.Migration == b.Migration })
	return Sort(needs), takings
}

// taking tells whether a migration takes away what routing names before the
// phase or after it.
func (s Scope) taking(keyspace string, m planes.Migration, e physical.Effect) (Taking, bool) {
	t := Taking{Keyspace: keyspace, Migration: m.UUID}
	name := Need{Keyspace: keyspace, Migration: m.UUID, Table: cmp.Or(m.Table, e.Table)}.Text()
	allow := "plan again with --allow migration=" + m.UUID
	before, after := s.Before.namings(keyspace, takenFrom(e)), s.After.namings(keyspace, takenFrom(e))
	if gone := taken(s.fresh(after), e); len(gone) > 0 {
		t.Order = Never
		t.Text = fmt.Sprintf("%s takes away %s, which the plan routes by: queries would fail once it is complete", name, strings.Join(gone, ", "))
		t.Remedy = fmt.Sprintf("%s; or %s; or take it out of the file", allow, command("cancel", keyspace, m.UUID))
		return t, true
	}
	gone := taken(before, e)
	if len(gone) == 0 {
		return t, false
	}
	if added := s.adds(keyspace, e); len(added) > 0 {
		t.Order = Neither
		t.Text = fmt.Sprintf("%s takes away %s, which the cluster routes by now, and adds %s, which the plan routes by: queries fail whichever comes first", name, strings.Join(gone, ", "), strings.Join(added, ", "))
		t.Remedy = allow + "; or make it two migrations: one that adds, then the plan, then one that takes away"
		return t, true
	}
	if still := taken(after, e); len(still) > 0 {
		t.Order = Regardless
		t.Text = fmt.Sprintf("%s takes away %s, which routing names already: not this plan's doing; complete or cancel it with care", name, strings.Join(still, ", "))
		return t, true
	}
	t.Order = PhaseFirst
	t.Text = fmt.Sprintf("%s takes away %s, which the cluster routes by until the plan is applied: apply first, then complete it: %s",
		name, strings.Join(gone, ", "), command("complete", keyspace, m.UUID))
	return t, true
}

// fresh gives the entries that the phase adds or changes.
func (s Scope) fresh(after []naming) []naming {
	return slices.DeleteFunc(slices.Clone(after), func(n naming) bool {
		return vschema.EntryEqual(s.Before[n.entry.Keyspace], s.After[n.entry.Keyspace], n.entry)
	})
}

// adds names the columns, or the new name of the table, that a statement adds and
// that routing names after the phase, and not before.
func (s Scope) adds(keyspace string, e physical.Effect) []string {
	before, after := s.Before.namings(keyspace, takenFrom(e)), s.After.namings(keyspace, e.Table)
	var out []string
	for _, c := range e.Columns {
		if c := strings.ToLower(c); names(after, c) && !names(before, c) {
			out = append(out, "column "+c)
		}
	}
	if e.Was != "" && len(after) > 0 && len(s.Before.namings(keyspace, e.Table)) == 0 {
		out = append(out, "table "+e.Table)
	}
	return out
}

// does gives the effect of a migration: of a revert, the inverse of what it takes
// back. It is not known where a statement or a row cannot be read.
func (j *judge) does(keyspace string, m planes.Migration) (e physical.Effect, known bool) {
	inverse := false
	for range maxReverts {
		if m.Reverted == "" {
			e := j.effect(m.Statement)
			if inverse {
				return e.Inverse(), e.err == nil
			}
			return e.Effect, e.err == nil
		}
		var found bool
		if m, found = j.anyRow(keyspace, m.Reverted); !found {
			break
		}
		inverse = !inverse
	}
	return physical.Effect{}, false
}

// maxReverts bounds how many times over a migration was reverted.
const maxReverts = 8

// anyRow gives the row of a migration on some shard.
func (j *judge) anyRow(keyspace, uuid string) (planes.Migration, bool) {
	rows := j.in.Physical.Keyspaces[keyspace].Migrations
	i := slices.IndexFunc(rows, func(m planes.Migration) bool { return m.UUID == uuid })
	if i < 0 {
		return planes.Migration{}, false
	}
	return rows[i], true
}

func command(verb, keyspace, uuid string) string {
	return fmt.Sprintf("vtctldclient OnlineDDL %s %s %s", verb, keyspace, uuid)
}
