package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vtsync/vtsync/lab/sqltext"
)

// Tablets are the tablets of all keyspaces, in the order of the options.
func (c *Cluster) Tablets() []Tablet {
	tablets := make([]Tablet, len(c.tablets))
	for i, t := range c.tablets {
		tablets[i] = t.Tablet
	}
	return tablets
}

// Keyspaces are the names of the keyspaces with tablets, in the order of the
// options.
func (c *Cluster) Keyspaces() []string {
	names := make([]string, len(c.options.Keyspaces))
	for i, ks := range c.options.Keyspaces {
		names[i] = ks.Name
	}
	return names
}

// Shards are the names of the shards of a keyspace with tablets, by key range.
func (c *Cluster) Shards(keyspace string) []string {
	var shards []string
	for _, t := range c.tablets {
		if t.Keyspace == keyspace {
			shards = append(shards, t.Shard)
		}
	}
	return shards
}

// PrimaryAlias is the alias of a shard's only tablet, as Vitess prints it.
func (c *Cluster) PrimaryAlias(keyspace, shard string) string {
	return c.tablet(keyspace, shard).Alias
}

// MySQL runs a statement in a shard's MySQL itself, past Vitess and with all
// rights, and returns its rows as text.
func (c *Cluster) MySQL(ctx context.Context, keyspace, shard, statement string) (rows [][]string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := c.tablet(keyspace, shard)
	db, err := openMySQL(t.Socket, "vt_dba", t.database())
	if err == nil {
		rows, err = sqltext.Query(ctx, db, statement)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("lab: MySQL of %s/%s: %s: %w", keyspace, shard, statement, err)
	}
	return rows, nil
}

// DropPrimary takes a shard's primary away so that Vitess knows of none: the
// vttablet is killed and its record deleted, which makes the shard's record
// name no primary either. vtgates fail statements for the shard, and vtctld's
// GetSchemaMigrations leaves the shard out without a word, since it asks those
// primaries that have a record. Of a vttablet that is only killed the record
// stays, and GetSchemaMigrations hangs for the whole keyspace, for as long as
// its caller waits. Without its mysqld it fails at once.
func (c *Cluster) DropPrimary(ctx context.Context, keyspace, shard string) error {
	t := c.tablet(keyspace, shard)
	t.vttablet.Kill()
	_, err := c.VTCtldClient(ctx, "DeleteTablets", "--allow-primary", t.Alias)
	return err
}

// RestorePrimary brings back what DropPrimary took away, or a Kill of the
// shard's vttablet or mysqld, and returns when every vtgate that is alive sends
// statements to it.
func (c *Cluster) RestorePrimary(ctx context.Context, keyspace, shard string) error {
	t := c.tablet(keyspace, shard)
	if !t.mysqld.Alive() {
		if err := t.mysqld.Restart(ctx); err != nil {
			return err
		}
	}
	if err := t.vttablet.Restart(ctx); err != nil {
		return err
	}
	if err := c.promote(ctx, t); err != nil {
		return err
	}
	for _, gate := range c.VTGates() {
		if !c.Process(gate.Name).Alive() {
			continue
		}
		if err := Poll(ctx, func() error { return c.reaches(ctx, gate, t) }); err != nil {
			return err
		}
	}
	return nil
}

// reaches is nil if the vtgate sends statements to the tablet now.
func (c *Cluster) reaches(ctx context.Context, gate VTGate, t *tablet) error {
	rows, err := gate.Query(ctx, "", "show vitess_tablets")
	if err != nil {
		return err
	}
	for _, row := range rows {
		if slices.Contains(row, t.Alias) && slices.Contains(row, "PRIMARY") && slices.Contains(row, "SERVING") {
			return nil
		}
	}
	return fmt.Errorf("lab: %s does not reach %s, the primary of %s/%s", gate.Name, t.Alias, t.Keyspace, t.Shard)
}

func (c *Cluster) tablet(keyspace, shard string) *tablet {
	for _, t := range c.tablets {
		if t.Keyspace == keyspace && t.Shard == shard {
			return t
		}
	}
	panic(fmt.Sprintf("lab: no shard %s/%s with a tablet", keyspace, shard)) // names are written by hand
}

// ShardNames are the names of n shards of about the same size, up to 256.
func ShardNames(n int) []string {
	bound := func(i int) string {
		if i == 0 || i == n {
			return ""
		}
		return fmt.Sprintf("%02x", i*256/n)
	}
	names := make([]string, n)
	for i := range names {
		names[i] = bound(i) + "-" + bound(i+1)
	}
	return names
}
