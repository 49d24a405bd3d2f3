package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	vschemapb "vitess.io/vitess/go/vt/proto/vschema"

	"github.com/vtsync/vtsync/internal/compile"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// schemas is what is known of MySQL's tables, per keyspace.
type schemas = map[string]compile.Schema

// findColumns gives each side what MySQL holds: by its own files, else by the
// other's, else as the cluster has it. vtgates whose schema tracker is off know of
// none of that, and plan accordingly; so do we for their cluster.
func (r *impactRun) findColumns(ctx context.Context, before, after map[string]*physical.Schema) error {
	r.knownBefore, r.knownAfter = schemas{}, schemas{}
	if r.untracked = r.snap != nil && untracked(r.snap.VTGates); r.untracked {
		r.notes = append(r.notes, "the vtgates track no schema (--schema-change-signal=false): they know the columns of the VSchema alone, and so they are planned with here")
		return nil
	}
	var live schemas
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
	if r.snap != nil {
		r.dropViews(ctx, live)
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

// servedColumns is what the first vtgate that answers and tracks schemas knows, read
// once; nil where none does.
func (r *impactRun) servedColumns(ctx context.Context) map[string]vtgate.Schema {
	if r.servedBy != "" {
		return r.served
	}
	var unread []string
	for _, reader := range r.vtgates {
		if slices.ContainsFunc(r.snap.VTGates, func(g planes.VTGate) bool {
			return g.Target == reader.Target() && (g.Untracked || g.Silent != "")
		}) {
			continue
		}
		found, err := reader.Schemas(ctx)
		if err == nil {
			r.served, r.servedBy = found, reader.Target()
			return found
		}
		unread = append(unread, fmt.Sprintf("what vtgate %s knows of MySQL's tables: %v", reader.Target(), err))
	}
	r.unread = append(r.unread, unread...)
	return nil
}

// liveColumns reads the tables and views of the keyspaces that are wanted from one
// serving shard each, through vtctld; where none is named, it takes what a vtgate
// knows.
func (r *impactRun) liveColumns(ctx context.Context, wanted func(keyspace string) bool) schemas {
	ask := planes.Ask{Schemas: map[string][]string{}, Views: true, Shards: map[string][]planes.Shard{}}
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
			schema.Views = shard.Views
			known[ks] = compiled(schema)
		}
	}
	return known
}

// columnsByVTGate takes what a vtgate knows, and says what it does not show.
func (r *impactRun) columnsByVTGate(ctx context.Context, wanted map[string][]string) schemas {
	served := r.servedColumns(ctx)
	if served == nil {
		return nil
	}
	known := schemas{}
	for _, name := range sortedKeys(served) {
		if _, ok := wanted[name]; !ok {
			continue
		}
		known[name] = shown(served[name])
		if tables := r.managed(name, served[name]); len(tables) > 0 {
			r.notes = append(r.notes, fmt.Sprintf("keyspace %s: vtgates carry out its foreign keys, and do not show what they do ON DELETE and ON UPDATE: "+
				"writes to %s are planned here as if there were none (--vtctld HOST:PORT)", name, listed(tables)))
		}
	}
	r.notes = append(r.notes, "no vtctld is named, so the columns are those that vtgate "+r.servedBy+" shows, which are without collations: "+
		"plans that sort or compare text differ in those from the vtgates' own (--vtctld HOST:PORT)")
	return known
}

// managed gives the tables with foreign keys of a keyspace in which vtgates, and not
// MySQL, carry them out on either side.
func (r *impactRun) managed(keyspace string, s vtgate.Schema) []string {
	mode := func(srv *vschema.SrvVSchema) bool {
		return srv.Keyspaces[keyspace].GetForeignKeyMode() == vschemapb.Keyspace_managed
	}
	if !mode(r.before) && !mode(r.after) {
		return nil
	}
	return slices.DeleteFunc(sortedKeys(s.Tables), func(name string) bool { return !s.Tables[name].ForeignKeys })
}

// dropViews leaves out the views of keyspaces whose vttablets do not tell vtgates of
// any. Of those that are in files alone one cannot know, unless no keyspace shows
// any.
func (r *impactRun) dropViews(ctx context.Context, live schemas) {
	if !hasViews(r.knownBefore) && !hasViews(r.knownAfter) {
		return
	}
	served := r.servedColumns(ctx)
	if served == nil {
		return
	}
	none := true
	for _, s := range served {
		none = none && len(s.Views) == 0
	}
	dropped := map[string]bool{}
	for _, known := range []schemas{r.knownBefore, r.knownAfter} {
		for name, schema := range known {
			if len(served[name].Views) == 0 && (none || len(live[name].Views) > 0) {
				for view := range schema.Views {
					dropped[name+"."+view] = true
				}
				schema.Views = nil
				known[name] = schema
			}
		}
	}
	if len(dropped) > 0 {
		r.notes = append(r.notes, fmt.Sprintf("the vtgates know no views, so these are none here: %s (vttablets tell of them with --queryserver-enable-views)", listed(sortedKeys(dropped))))
	}
}

func hasViews(known schemas) bool {
	for _, s := range known {
		if len(s.Views) > 0 {
			return true
		}
	}
	return false
}

// listed names the first few of many.
func listed(names []string) string {
	text := strings.Join(names[:min(maxMissing, len(names))], ", ")
	if more := len(names) - maxMissing; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
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
