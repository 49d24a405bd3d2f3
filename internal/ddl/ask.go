package ddl

import (
	"maps"
	"slices"

	"github.com/vtsync/vtsync/internal/planes"
)

// Wants is the first look: what to ask so that the needs, and what is pending on
// the touched tables, can be judged. Schemas come with the second.
func Wants(needs []Need, touched Touched) planes.Ask {
	ask := planes.Ask{Migrations: make(map[string][]string)}
	for ks := range touched {
		ask.Migrations[ks] = nil
	}
	for _, n := range needs {
		uuids := ask.Migrations[n.Keyspace]
		if n.Migration != "" {
			uuids = append(uuids, n.Migration)
		}
		slices.Sort(uuids)
		ask.Migrations[n.Keyspace] = slices.Compact(uuids)
	}
	return ask
}

// WantsSchemas is the second look: the tables whose schema decides, once every
// migration is complete on every shard. Until then the ask is empty.
func WantsSchemas(needs []Need, g planes.Global, p planes.Physical) planes.Ask {
	j := judge{in: Input{Global: g, Physical: p}, effects: make(map[string]effect)}
	tables := make(map[string]map[string]bool)
	want := func(ks, table string) {
		if tables[ks] == nil {
			tables[ks] = make(map[string]bool)
		}
		tables[ks][table] = true
	}
	for _, n := range needs {
		switch {
		case n.Migration != "":
			affected, complete := j.affected(n)
			if !complete {
				return planes.Ask{}
			}
			for _, table := range affected {
				want(n.Keyspace, table)
			}
		case n.Table != "":
			want(n.Keyspace, n.Table)
		}
	}
	if len(tables) == 0 {
		return planes.Ask{}
	}
	ask := planes.Ask{Schemas: make(map[string][]string), Shards: make(map[string][]planes.Shard)}
	for ks, names := range tables {
		ask.Schemas[ks] = slices.Sorted(maps.Keys(names))
		for _, s := range g.Keyspaces[ks].Shards {
			if s.Serving {
				ask.Shards[ks] = append(ask.Shards[ks], s)
			}
		}
	}
	return ask
}

// affected gives the tables that a migration changes, if it is complete on every
// serving shard that has a row of it, or nobody waits for it any more.
func (j *judge) affected(n Need) (tables []string, complete bool) {
	shards := Serving(j.in.Global, n.Keyspace)
	if len(shards) == 0 || unread(j.in.Physical, n.Keyspace) != "" {
		return nil, false
	}
	rows := j.rows(n, shards)
	standing := make([]Shard, 0, len(shards))
	for _, s := range shards {
		standing = append(standing, j.row(n, s, rows[s]))
	}
	switch {
	case n.From == FromPending && cancelled(rows, shards, standing):
		return nil, true
	case !settled(rows, standing):
		return nil, false
	}
	for _, s := range shards {
		if len(rows[s]) == 0 {
			continue
		}
		if e := j.effect(rows[s][0].Statement); e.err == nil && e.Table != "" {
			tables = append(tables, e.Table)
		}
	}
	return tables, true
}

// Merge adds the schemas of a second look to what the first gave. One that did
// not answer has said so at each shard.
func Merge(first, second planes.Physical) planes.Physical {
	merged := maps.Clone(first.Keyspaces)
	if merged == nil {
		merged = make(map[string]planes.PhysicalKeyspace)
	}
	for name, ks := range second.Keyspaces {
		known := merged[name]
		known.Shards = ks.Shards
		merged[name] = known
	}
	first.Keyspaces = merged
	return first
}
