package workflow

import (
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Claim is one piece of a VSchema that a workflow needs as it is.
type Claim struct {
	Workflow planes.Workflow
	Entry    vschema.Entry
	Part     Part
	// Vindex names the column vindex of a Binding.
	Vindex string
}

// Part is what of an entry is claimed; the rest of it may change.
type Part string

// The parts.
const (
	// Whole is the entry as it stands, or its absence.
	Whole Part = "whole"
	// Binding is a table's column vindexes by one vindex, and which others
	// stand before them.
	Binding Part = "binding"
	// Place is what decides where a table's rows are: that it is there, its
	// type, its pin, and the column vindexes that compute a keyspace id.
	Place Part = "place"
)

// Claims lists what the workflows need of the VSchemas as they are now, by
// workflow and entry. A workflow owns it as long as it exists: also where it is
// stopped, waits to be externalized, or is frozen and not completed.
func Claims(all []planes.Workflow, g planes.Global) []Claim {
	var out []Claim
	for _, w := range sorted(all) {
		c := claimer{workflow: w, global: g}
		switch w.Type {
		case lookup:
			c.lookup()
		case moveTables, migrate:
			c.move()
		case reshard:
			c.reshard()
		case materialize:
			c.materialize()
		}
		out = append(out, c.list()...)
	}
	return out
}

// claimer gathers the claims of one workflow.
type claimer struct {
	workflow planes.Workflow
	global   planes.Global
	claims   []Claim
}

// list gives the claims in order, without those that a claim on the whole entry
// makes needless.
func (c *claimer) list() []Claim {
	slices.SortStableFunc(c.claims, func(a, b Claim) int {
		if n := a.Entry.Compare(b.Entry); n != 0 {
			return n
		}
		return strings.Compare(string(a.Part)+a.Vindex, string(b.Part)+b.Vindex)
	})
	same := func(a, b Claim) bool { return a.Entry == b.Entry && a.Part == b.Part && a.Vindex == b.Vindex }
	out := slices.CompactFunc(c.claims, same)
	return slices.DeleteFunc(out, func(one Claim) bool {
		return one.Part != Whole && slices.ContainsFunc(c.claims, func(o Claim) bool { return o.Entry == one.Entry && o.Part == Whole })
	})
}

func (c *claimer) add(ks string, kind vschema.EntryKind, name string, part Part, vindex string) {
	e := vschema.Entry{Keyspace: ks, Kind: kind, Name: name}
	c.claims = append(c.claims, Claim{Workflow: c.workflow, Entry: e, Part: part, Vindex: vindex})
}

func (c *claimer) live(ks string) *vschema.Keyspace { return c.global.Keyspaces[ks].VSchema }

// lookup: LookupVindex writes the vindex with write_only, its column vindex,
// and the lookup table's entry, reads the vindexes again at externalize,
// internalize and complete, and sets or drops write_only. Its stream computes
// keyspace ids of the owner's rows by the owner's place.
func (c *claimer) lookup() {
	w, source := c.workflow, c.live(c.workflow.Source)
	owners := slices.Clone(w.SourceTables)
	for _, vindex := range w.LookupVindexes {
		c.add(w.Source, vschema.VindexEntry, vindex, Whole, "")
		if owner := source.GetVindexes()[vindex].GetOwner(); owner != "" {
			owners = append(owners, owner)
			c.add(w.Source, vschema.TableEntry, owner, Binding, vindex)
		}
		for name, t := range source.GetTables() {
			if len(bindings(t, vindex)) > 0 {
				c.add(w.Source, vschema.TableEntry, name, Binding, vindex)
			}
		}
	}
	for _, owner := range owners {
		c.place(w.Source, owner)
	}
	for _, table := range w.Tables {
		c.add(w.Target, vschema.TableEntry, table, Whole, "")
		c.place(w.Target, table)
	}
}

// move: MoveTables and Migrate add the tables to an unsharded target and take
// them out of it again when canceled, take them out of the source when
// completed, and place rows by either side's primary vindex: forward by the
// target's, backward by the source's. The source of a Migrate may be in another
// cluster: it is then named CLUSTER/KEYSPACE, and is no keyspace of ours.
func (c *claimer) move() {
	w := c.workflow
	sources := w.SourceTables
	if len(sources) == 0 {
		sources = w.Tables
	}
	c.tables(w.Source, sources)
	c.tables(w.Target, w.Tables)
	if w.MultiTenant {
		// Each command reads the tenant's column from it.
		c.add(w.Target, vschema.SettingEntry, vschema.MultiTenantSpec, Whole, "")
	}
}

// tables claims the tables of one end of a move.
func (c *claimer) tables(ks string, names []string) {
	for _, table := range names {
		c.add(ks, vschema.TableEntry, table, Whole, "")
		c.place(ks, table)
		c.sequence(ks, table)
	}
}

// reshard: its streams name no tables. Their filter is a key range, so vstreamer
// places each row by what the VSchema says when the stream (re)starts
// (buildREPlan): another place of a table would split its rows over the wrong
// shards, and a table without an entry stops the stream. Reference tables are
// left out by their type at create.
func (c *claimer) reshard() {
	for table := range c.live(c.workflow.Target).GetTables() {
		c.place(c.workflow.Target, table)
	}
	c.add(c.workflow.Target, vschema.SettingEntry, vschema.Sharded, Whole, "")
}

// materialize: the place of a target's rows is a part of its streams' filters
// since create (generateRule), by the vindex's name. It may go on for ever, and
// nothing else of the entries matters to it.
func (c *claimer) materialize() {
	for _, table := range c.workflow.Tables {
		c.place(c.workflow.Target, table)
	}
}

// place claims what decides where the rows of a table are.
func (c *claimer) place(ks, table string) {
	c.add(ks, vschema.SettingEntry, vschema.Sharded, Whole, "")
	t := c.live(ks).GetTables()[table]
	if t == nil {
		return
	}
	c.add(ks, vschema.TableEntry, table, Place, "")
	for _, cv := range placing(c.live(ks), t) {
		c.add(ks, vschema.VindexEntry, cv.GetName(), Whole, "")
	}
}

// sequence claims the sequence of a table that moves: SwitchTraffic initializes
// it, and adds it where it is missing.
func (c *claimer) sequence(ks, table string) {
	name := c.live(ks).GetTables()[table].GetAutoIncrement().GetSequence()
	qualifier, sequence, qualified := strings.Cut(strings.ReplaceAll(name, "`", ""), ".")
	if !qualified {
		qualifier, sequence = "", qualifier
	}
	for in, rec := range c.global.Keyspaces {
		t, declared := rec.VSchema.GetTables()[sequence]
		if declared && (in == qualifier || !qualified && t.GetType() == "sequence") {
			c.add(in, vschema.TableEntry, sequence, Whole, "")
		}
	}
}

// placing gives the column vindexes that can compute a keyspace id without a
// lookup. Vitess takes the cheapest unique one of them (FindBestColVindex), so
// that a further one may change the place.
func placing(ks *vschema.Keyspace, t *vschema.Table) []*vschema.ColumnVindex {
	return slices.DeleteFunc(slices.Clone(t.GetColumnVindexes()), func(cv *vschema.ColumnVindex) bool {
		return vschema.IsLookup(ks.GetVindexes()[cv.GetName()].GetType())
	})
}
