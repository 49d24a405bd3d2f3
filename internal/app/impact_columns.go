package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// schemas is what is known of MySQL's tables, per keyspace.
type schemas = map[string]compile.Schema

// findColumns gives each side what MySQL holds: by its own files, else by the
// other's, else as the cluster has it. vtgates whose schema tracker is off know of
// none of that, and plan accordingly; so do we for their cluster.
func (r *impactRun) findColumns(ctx context.Context, before, after map[string]*physical.Schema) error {
	r.knownBefore, r.knownAfter = schemas{}, schemas{}
	if r.snap != nil && untracked(r.snap.VTGates) {
		r.notes = append(r.notes, "the vtgates track no schema (--schema-change-signal=false): they know the columns of the VSchema alone, and so they are planned with here")
		return nil
	}
	live := schemas{}
	if r.snap != nil {
		live = r.liveColumns(ctx, func(keyspace string) bool { return before[keyspace] == nil && after[keyspace] == nil })
	}
	for _, name := range slices.Concat(sortedKeys(r.before.Keyspaces), sortedKeys(r.after.Keyspaces)) {
		if known, ok := columnsOf(name, live, before, after); ok {
			r.knownBefore[name] = known
		}
		if known, ok := columnsOf(name, live, after, before); ok {
			r.knownAfter[name] = known
		}
	}
	return ctx.Err()
}

// columnsOf takes a keyspace's tables from the first files that have them, else
// from the cluster.
func columnsOf(keyspace string, live schemas, files ...map[string]*physical.Schema) (compile.Schema, bool) {
	for _, f := range files {
		if schema := f[keyspace]; schema != nil {
			return compiled(schema), true
		}
	}
	known, ok := live[keyspace]
	return known, ok
}

// untracked tells that the schema tracker is off in every vtgate that says whether
// it is.
func untracked(vtgates []planes.VTGate) bool {
	off := 0
	for _, g := range vtgates {
		switch {
		case g.VarsErr != "" || g.Silent != "":
		case !g.Untracked:
			return false
		default:
			off++
		}
	}
	return off > 0
}

// liveColumns reads the tables of the keyspaces that are wanted from one serving
// shard each, through vtctld; where none is named, a vtgate says what it knows.
func (r *impactRun) liveColumns(ctx context.Context, wanted func(keyspace string) bool) schemas {
	ask := planes.Ask{Schemas: map[string][]string{}, Shards: map[string][]planes.Shard{}}
	for name, ks := range r.snap.Global.Keyspaces {
		shard := slices.IndexFunc(ks.Shards, func(s planes.Shard) bool { return s.Serving && s.Primary != "" })
		if shard >= 0 && wanted(name) {
			ask.Schemas[name], ask.Shards[name] = nil, ks.Shards[shard:shard+1]
		}
	}
	switch {
	case len(ask.Schemas) == 0:
		return nil
	case r.vtctld == nil:
		return r.columnsByVTGate(ctx, ask.Schemas)
	}
	known := schemas{}
	found := r.vtctld.Physical(ctx, ask)
	if found.Err != "" {
		r.unread = append(r.unread, found.Err)
	}
	for _, ks := range sortedKeys(found.Keyspaces) {
		for _, shard := range found.Keyspaces[ks].Shards {
			if shard.Err != "" {
				r.unread = append(r.unread, shard.Err)
				continue
			}
			// What cannot be parsed is not known, and the queries that need it say so.
			schema, _ := physical.Parse(shard.Tables)
			known[ks] = compiled(schema)
		}
	}
	return known
}

// columnsByVTGate takes what the first vtgate that answers and tracks schemas knows.
func (r *impactRun) columnsByVTGate(ctx context.Context, wanted map[string][]string) schemas {
	var unread []string
	for _, reader := range r.vtgates {
		if slices.ContainsFunc(r.snap.VTGates, func(g planes.VTGate) bool { return g.Target == reader.Target() && g.Untracked }) {
			continue
		}
		found, err := reader.Schemas(ctx)
		if err != nil {
			unread = append(unread, fmt.Sprintf("what vtgate %s knows of MySQL's tables: %v", reader.Target(), err))
			continue
		}
		known := schemas{}
		for name, schema := range found {
			if _, ok := wanted[name]; ok {
				known[name] = shown(schema)
			}
		}
		r.notes = append(r.notes, "no vtctld is named, so the columns are those that vtgate "+reader.Target()+" shows, which are without collations: "+
			"plans that sort or compare text differ in those from the vtgates' own (--vtctld HOST:PORT)")
		return known
	}
	r.unread = append(r.unread, unread...)
	return nil
}

// compiled gives tables as the planner takes them.
func compiled(s *physical.Schema) compile.Schema {
	out := compile.Schema{Tables: map[string]compile.Table{}, Views: s.Views}
	for name, table := range s.Tables {
		out.Tables[name] = compile.Table{Create: table.Create}
	}
	return out
}

// shown gives what a vtgate knows as the planner takes it.
func shown(s vtgate.Schema) compile.Schema {
	out := compile.Schema{Tables: map[string]compile.Table{}, Views: s.Views}
	for name, table := range s.Tables {
		t := compile.Table{PrimaryKey: table.PrimaryKey, UniqueKeys: table.UniqueKeys}
		for _, c := range table.Columns {
			t.Columns = append(t.Columns, compile.Column{
				Name: c.Name, Type: c.Type, Default: c.Default, Invisible: c.Invisible, Nullable: c.Nullable,
				Size: c.Size, Scale: c.Scale, Values: c.Values,
			})
		}
		out.Tables[name] = t
	}
	return out
}
