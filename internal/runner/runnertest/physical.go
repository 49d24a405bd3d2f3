package runnertest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/vtsync/vtsync/internal/planes"
)

// mysql is what vtctld says of the plane below routing.
type mysql struct {
	migrations map[string]planes.Migration // by keyspace, UUID and shard
	tables     map[string]string           // CREATE TABLEs, by keyspace, shard and table
	workflows  []planes.Workflow
	unread     map[string]string
	silent     bool
}

// SetMigration makes a row of a migration on one shard, or changes it.
func (c *Cluster) SetMigration(m planes.Migration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mysql.migrations == nil {
		c.mysql.migrations = map[string]planes.Migration{}
	}
	c.mysql.migrations[strings.Join([]string{m.Keyspace, m.UUID, m.Shard}, "/")] = m
}

// ForgetMigration takes the row of a migration on one shard away, as vtctld
// leaves out a shard without a primary.
func (c *Cluster) ForgetMigration(keyspace, uuid, shard string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.mysql.migrations, strings.Join([]string{keyspace, uuid, shard}, "/"))
}

// SetTable makes a table on one shard; an empty text drops it.
func (c *Cluster) SetTable(keyspace, shard, table, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mysql.tables == nil {
		c.mysql.tables = map[string]string{}
	}
	name := strings.Join([]string{keyspace, shard, table}, "/")
	if c.mysql.tables[name] = text; text == "" {
		delete(c.mysql.tables, name)
	}
}

// SetWorkflows says which workflows there are, and of which target keyspaces
// nobody can say.
func (c *Cluster) SetWorkflows(unread map[string]string, workflows ...planes.Workflow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mysql.workflows, c.mysql.unread = workflows, unread
}

// SilenceVTCtld makes vtctld answer nobody, or ends that.
func (c *Cluster) SilenceVTCtld(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mysql.silent = on
}

// Physical reads what is asked of the physical plane.
func (p *Process) Physical(ctx context.Context, ask planes.Ask) planes.Physical {
	done, err := p.call(ctx, "read the physical plane")
	if err != nil {
		return planes.Physical{Err: err.Error()}
	}
	defer done()
	return p.cluster.mysql.answer(ask)
}

func (m mysql) answer(ask planes.Ask) planes.Physical {
	if m.silent {
		return planes.Physical{Err: "vtctld: no answer"}
	}
	out := planes.Physical{Keyspaces: map[string]planes.PhysicalKeyspace{}}
	for ks := range ask.Migrations {
		out.Keyspaces[ks] = planes.PhysicalKeyspace{Migrations: m.rows(ks)}
	}
	for ks, wanted := range ask.Schemas {
		found := out.Keyspaces[ks]
		found.Shards = map[string]planes.ShardSchema{}
		for _, s := range ask.Shards[ks] {
			found.Shards[s.Name] = planes.ShardSchema{Tables: m.schema(ks+"/"+s.Name+"/", wanted)}
		}
		out.Keyspaces[ks] = found
	}
	for _, w := range m.workflows {
		if slices.Contains(ask.Workflows, w.Target) && m.unread[w.Target] == "" {
			out.Workflows = append(out.Workflows, w)
		}
	}
	for ks, why := range m.unread {
		if out.Unread == nil {
			out.Unread = map[string]string{}
		}
		out.Unread[ks] = why
	}
	return out
}

func (m mysql) rows(keyspace string) []planes.Migration {
	var out []planes.Migration
	for _, row := range m.migrations {
		if row.Keyspace == keyspace {
			out = append(out, row)
		}
	}
	slices.SortFunc(out, func(a, b planes.Migration) int {
		return cmp.Or(strings.Compare(a.UUID, b.UUID), strings.Compare(a.Shard, b.Shard))
	})
	return out
}

func (m mysql) schema(prefix string, wanted []string) map[string]string {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(m.tables)) {
		table, ok := strings.CutPrefix(name, prefix)
		if ok && (len(wanted) == 0 || slices.Contains(wanted, table)) {
			out[table] = m.tables[name]
		}
	}
	return out
}
