package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// firstTabletUID is the number of the first tablet; Vitess reserves those below.
const firstTabletUID = 100

// Keyspace is a keyspace whose shards have a MySQL and a primary tablet each.
type Keyspace struct {
	Name    string
	Shards  []string // "0", which is all of an unsharded one, if empty
	VSchema string   // JSON
	Schema  string   // statements that each shard's MySQL runs before Vitess sees it
}

// tablet is the primary of one shard, and its mysqld.
type tablet struct {
	keyspace, shard string
	uid             int
	alias           string // as Vitess prints it
	dir             string
	mysqld          *Process
	vttablet        *Process
	// promoted says that it serves once it is up: as a fresh replica of
	// nobody it does not.
	promoted atomic.Bool
}

func (t *tablet) socket() string { return filepath.Join(t.dir, "mysql.sock") }

// database is what Vitess calls the keyspace in MySQL.
func (t *tablet) database() string { return "vt_" + t.keyspace }

// declareTablets gives each shard a tablet in the first cell.
func (c *Cluster) declareTablets() {
	uid := firstTabletUID
	for _, ks := range c.options.Keyspaces {
		for _, shard := range ks.Shards {
			c.tablets = append(c.tablets, &tablet{
				keyspace: ks.Name,
				shard:    shard,
				uid:      uid,
				alias:    fmt.Sprintf("%s-%010d", c.options.Cells[0], uid),
				dir:      tabletDir(c.dir, uid),
			})
			uid++
		}
	}
}

// startKeyspaces starts each shard's mysqld and tablet, all at once, makes them
// primaries, and applies the VSchemas. vtctld serves already, vtgates don't:
// they learn at their start what there is.
func (c *Cluster) startKeyspaces(ctx context.Context) error {
	var group errgroup.Group
	for _, ks := range c.options.Keyspaces {
		group.Go(func() error {
			_, err := c.VTCtldClient(ctx, "CreateKeyspace", "--durability-policy=none", ks.Name)
			return err
		})
	}
	for _, t := range c.tablets {
		group.Go(func() error { return c.startMySQL(ctx, t) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, t := range c.tablets {
		group.Go(func() error { return c.startTablet(ctx, t) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, ks := range c.options.Keyspaces {
		group.Go(func() error {
			_, err := c.VTCtldClient(ctx, "RebuildKeyspaceGraph", ks.Name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	// One after the other: two rebuilds at once may leave a stale cell.
	for _, ks := range c.options.Keyspaces {
		if ks.VSchema == "" {
			continue
		}
		if err := c.ApplyVSchema(ctx, ks.Name, ks.VSchema); err != nil {
			return err
		}
	}
	return nil
}

// startMySQL starts a shard's mysqld, a child of ours, with the keyspace's
// tables in it.
func (c *Cluster) startMySQL(ctx context.Context, t *tablet) error {
	ports, err := c.freePorts(ctx, 1)
	if err != nil {
		return err
	}
	files := c.programs.mysql
	if _, err := files.prepare(ctx, c.programs.vtlab, c.dir, t.uid, ports[0]); err != nil {
		return err
	}
	for _, folder := range mysqlFolders {
		if err := copyFolder(filepath.Join(files.data, folder), filepath.Join(t.dir, folder)); err != nil {
			return err
		}
	}
	process, err := c.newProcess("mysqld-"+t.keyspace+"-"+t.shard, t.dir, nil, func(ctx context.Context) error {
		return Poll(ctx, func() error { return t.exec(ctx, "do 0") })
	})
	if err != nil {
		return err
	}
	process.path, process.args = files.mysqld(), []string{
		"--defaults-file=" + filepath.Join(t.dir, "my.cnf"), "--log-error=" + process.Log,
	}
	t.mysqld = process
	if err := c.run(ctx, process); err != nil {
		return err
	}
	return t.exec(ctx, "set global super_read_only = off, global read_only = off; create database "+t.database()+
		"; use "+t.database()+"; "+c.schema(t.keyspace)+"; set global super_read_only = on")
}

func (c *Cluster) schema(keyspace string) string {
	for _, ks := range c.options.Keyspaces {
		if ks.Name == keyspace && ks.Schema != "" {
			return ks.Schema
		}
	}
	return "do 0"
}

// exec runs statements in the mysqld itself, past Vitess.
func (t *tablet) exec(ctx context.Context, statements string) (err error) {
	db, err := openMySQL(t.socket(), "vt_dba", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, statements)
	return err
}

// startTablet starts a shard's vttablet and makes it the primary.
func (c *Cluster) startTablet(ctx context.Context, t *tablet) error {
	ports, err := c.freePorts(ctx, 2)
	if err != nil {
		return err
	}
	name := "vttablet-" + t.keyspace + "-" + t.shard
	args := append([]string{"vttablet"}, c.topoFlags(name)...)
	args = append(args, serverFlags(ports[0], ports[1])...)
	args = append(args,
		"--tablet-path", t.alias, "--tablet-hostname", "127.0.0.1",
		"--init-keyspace", t.keyspace, "--init-shard", t.shard, "--init-tablet-type", "replica",
		// What a test waits for should not take the minutes that it may in
		// production: health, new tables and columns, migrations.
		"--health-check-interval", "1s",
		"--queryserver-config-schema-reload-time", "1s",
		"--migration-check-interval", "1s",
	)
	process, err := c.newProcess(name, "", args, func(ctx context.Context) error {
		if err := waitHealthy(ctx, loopback(ports[1])); err != nil {
			return err
		}
		if !t.promoted.Load() {
			return nil
		}
		return waitHTTP(ctx, "http://"+loopback(ports[0])+"/healthz")
	})
	if err != nil {
		return err
	}
	process.env = c.programs.mysql.env(c.dir)
	t.vttablet = process
	if err := c.run(ctx, process); err != nil {
		return err
	}
	if err := c.promote(ctx, t); err != nil {
		return err
	}
	t.promoted.Store(true)
	return waitHTTP(ctx, "http://"+loopback(ports[0])+"/healthz")
}

// promote makes the tablet its shard's primary.
func (c *Cluster) promote(ctx context.Context, t *tablet) error {
	_, err := c.VTCtldClient(ctx, "PlannedReparentShard", "--new-primary", t.alias, t.keyspace+"/"+t.shard)
	return err
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
		if t.keyspace == keyspace {
			shards = append(shards, t.shard)
		}
	}
	return shards
}

// PrimaryAlias is the alias of a shard's only tablet, as Vitess prints it.
func (c *Cluster) PrimaryAlias(keyspace, shard string) string {
	return c.tablet(keyspace, shard).alias
}

// MySQL runs a statement in a shard's MySQL itself, past Vitess and with all
// rights, and returns its rows as text.
func (c *Cluster) MySQL(ctx context.Context, keyspace, shard, statement string) (rows [][]string, err error) {
	t := c.tablet(keyspace, shard)
	db, err := openMySQL(t.socket(), "vt_dba", t.database())
	if err == nil {
		rows, err = query(ctx, db, statement)
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
// stays, and GetSchemaMigrations fails for the whole keyspace.
func (c *Cluster) DropPrimary(ctx context.Context, keyspace, shard string) error {
	t := c.tablet(keyspace, shard)
	t.vttablet.Kill()
	_, err := c.VTCtldClient(ctx, "DeleteTablets", "--allow-primary", t.alias)
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
		if slices.Contains(row, t.alias) && slices.Contains(row, "PRIMARY") && slices.Contains(row, "SERVING") {
			return nil
		}
	}
	return fmt.Errorf("lab: %s does not reach %s, the primary of %s/%s", gate.Name, t.alias, t.keyspace, t.shard)
}

func (c *Cluster) tablet(keyspace, shard string) *tablet {
	for _, t := range c.tablets {
		if t.keyspace == keyspace && t.shard == shard {
			return t
		}
	}
	panic(fmt.Sprintf("lab: no shard %s/%s with a tablet", keyspace, shard)) // names are written by hand
}

// ShardNames are the names of n shards of the same size; n is a power of two up
// to 256.
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

// copyFolder copies a folder's files into another one, made if need be.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("lab: %w", err)
		}
		target := filepath.Join(to, path[len(from):])
		if d.IsDir() {
			err = os.MkdirAll(target, 0o755)
		} else {
			err = copyFile(path, target)
		}
		if err != nil {
			return fmt.Errorf("lab: %w", err)
		}
		return nil
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = out.ReadFrom(in) // by the kernel where it can
	return errors.Join(err, out.Close())
}
