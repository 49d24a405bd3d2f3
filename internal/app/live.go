package app

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vtsync/vtsync/internal/cli"
	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/physical"
	"github.com/vtsync/vtsync/internal/plan"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/review"
	"github.com/vtsync/vtsync/internal/vschema"
	"github.com/vtsync/vtsync/internal/vtgate"
)

// parallelSequences bounds the sequences that are read at once.
const parallelSequences = 8

// sequenceType is the type of a sequence in a VSchema.
const sequenceType = "sequence"

// Live reads what lint wants to know of the cluster: its routing, and MySQL's
// tables of every serving shard's primary, in the keyspaces of the files and those
// that they lead to; without files, in all.
func (a *App) Live(ctx context.Context) (cli.Live, error) {
	tree, err := a.files.LoadIfAny()
	if err != nil {
		return cli.Live{}, err
	}
	ctx, span, err := a.begin(ctx, "live")
	if err != nil {
		return cli.Live{}, err
	}
	defer span.End()
	snap, err := a.observe.Snapshot(ctx)
	if err != nil {
		return cli.Live{}, err
	}
	out := cli.Live{
		Live:   review.Live{Routing: routing(snap.Global), Schemas: map[string]map[string]*physical.Schema{}},
		Shards: map[string][]string{},
	}
	ask := planes.Ask{Schemas: map[string][]string{}, Shards: map[string][]planes.Shard{}}
	for _, name := range wanted(tree, snap.Global) {
		ask.Schemas[name] = nil
	}
	for _, name := range sortedKeys(snap.Global.Keyspaces) {
		ks := snap.Global.Keyspaces[name]
		if ks.Err != "" {
			out.Unread = append(out.Unread, "VSchema of keyspace "+name+": "+ks.Err)
		}
		for _, shard := range ks.Shards {
			if !shard.Serving {
				continue
			}
			out.Shards[name] = append(out.Shards[name], shard.Name)
			if _, asked := ask.Schemas[name]; asked {
				ask.Shards[name] = append(ask.Shards[name], shard)
			}
		}
	}
	addSchemas(&out.Live, a.vtctld.Physical(ctx, ask))
	a.addSequences(ctx, tree, &out.Live)
	return out, nil
}

// routing is what the global topo describes.
func routing(g planes.Global) *vschema.SrvVSchema {
	return plan.MergeCell(nil, g, nil, nil)
}

// wanted gives the keyspaces of the files and those that their vindexes and
// sequences lead to; all where there are no files.
func wanted(tree *desired.Tree, g planes.Global) []string {
	names := map[string]bool{}
	for name, ks := range tree.Keyspaces {
		names[name] = true
		for _, v := range ks.VSchema.GetVindexes() {
			for _, lookup := range lookups(v, g) {
				names[lookup] = true
			}
		}
		for _, t := range ks.VSchema.GetTables() {
			for _, ref := range []string{t.GetAutoIncrement().GetSequence(), t.GetSource()} {
				if other, _, qualified := strings.Cut(ref, "."); qualified {
					names[strings.Trim(other, "`")] = true
				}
			}
		}
	}
	for name := range g.Keyspaces {
		if len(tree.Keyspaces)+len(tree.Unreadable) == 0 {
			names[name] = true
		}
	}
	for name := range names {
		if !g.Keyspaces[name].HasRecord {
			delete(names, name)
		}
	}
	return sortedKeys(names)
}

// addSchemas takes in what each shard's primary said. A shard that did not answer
// is told, and the others count.
func addSchemas(out *review.Live, found planes.Physical) {
	for _, ks := range sortedKeys(found.Keyspaces) {
		shards := found.Keyspaces[ks].Shards
		for _, shard := range sortedKeys(shards) {
			if text := shards[shard].Err; text != "" {
				out.Unread = append(out.Unread, text)
				continue
			}
			schema, err := physical.Parse(shards[shard].Tables)
			if err != nil {
				out.Notes = append(out.Notes, fmt.Sprintf("shard %s/%s: tables that cannot be read count as unknown: %v", ks, shard, strings.ReplaceAll(err.Error(), "\n", "; ")))
			}
			if out.Schemas[ks] == nil {
				out.Schemas[ks] = map[string]*physical.Schema{}
			}
			out.Schemas[ks][shard] = schema
		}
	}
}

// addSequences reads the row of every sequence that a keyspace has, through the
// first vtgate that gives it.
func (a *App) addSequences(ctx context.Context, tree *desired.Tree, out *review.Live) {
	type sequence struct{ keyspace, table, shard string }
	var all []sequence
	for _, ks := range sortedKeys(out.Schemas) {
		shards := sortedKeys(out.Schemas[ks])
		vs := out.Routing.GetKeyspaces()[ks]
		if file := tree.Keyspaces[ks]; file != nil {
			vs = file.VSchema
		}
		for _, name := range sortedKeys(vs.GetTables()) {
			if vs.Tables[name].GetType() == sequenceType && len(shards) == 1 && countsIn(out.Schemas[ks][shards[0]].Tables[name]) {
				all = append(all, sequence{ks, name, shards[0]})
			}
		}
	}
	if len(all) == 0 {
		return
	}
	if len(a.vtgates) == 0 {
		out.Notes = append(out.Notes, "no vtgate is named, so the rows of the sequences were not read (--vtgate HOST:PORT)")
		return
	}
	rows, problems := make([]*physical.SequenceRow, len(all)), make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(parallelSequences)
	for i, s := range all {
		group.Go(func() error {
			rows[i], problems[i] = sequenceRow(ctx, a.vtgates, s.keyspace, s.table)
			return nil
		})
	}
	_ = group.Wait() // each says its error in its place
	for i, s := range all {
		if problems[i] != nil {
			out.Unread = append(out.Unread, problems[i].Error())
			continue
		}
		schema := out.Schemas[s.keyspace][s.shard]
		if schema.Sequences == nil {
			schema.Sequences = map[string]*physical.SequenceRow{}
		}
		schema.Sequences[s.table] = rows[i]
	}
}

// countsIn tells whether a table can have the row of a sequence.
func countsIn(t *physical.Table) bool {
	return t != nil && t.Column("id") != nil && t.Column("next_id") != nil && t.Column("cache") != nil
}

// sequenceRow asks one vtgate after the other; nil where there is no row.
func sequenceRow(ctx context.Context, vtgates []*vtgate.Reader, keyspace, table string) (*physical.SequenceRow, error) {
	var first error
	for _, r := range vtgates {
		next, cache, found, err := r.SequenceRow(ctx, keyspace, table)
		switch {
		case err == nil && !found:
			return nil, nil
		case err == nil:
			return &physical.SequenceRow{NextID: next, Cache: cache}, nil
		case first == nil:
			first = err
		}
	}
	return nil, first
}
