package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// Tablet is where the only tablet of a shard is reached, its primary.
type Tablet struct {
	Keyspace string `json:"keyspace"`
	Shard    string `json:"shard"`
	Alias    string `json:"alias"` // as Vitess prints it
	HTTP     string `json:"http"`
	GRPC     string `json:"grpc"`
	Socket   string `json:"socket"` // of its mysqld, past Vitess
}

// tablet is a tablet with its processes.
type tablet struct {
	Tablet

	uid      int
	dir      string
	ports    tabletPorts
	mysqld   *Process
	vttablet *Process
	// promoted says that it serves once it is up: as a fresh replica of
	// nobody it does not.
	promoted atomic.Bool
}

type tabletPorts struct{ http, grpc, mysql int }

// name is that of the shard in the names of its processes.
func (t *tablet) name() string { return t.Keyspace + "-" + t.Shard }

// database is what Vitess calls the keyspace in MySQL.
func (t *tablet) database() string { return "vt_" + t.Keyspace }

// declareTablets gives each shard a tablet in the first cell.
func (c *Cluster) declareTablets(ctx context.Context) error {
	uid := firstTabletUID
	for _, ks := range c.options.Keyspaces {
		for _, shard := range ks.Shards {
			ports, err := c.freePorts(ctx, 3)
			if err != nil {
				return err
			}
			dir := tabletDir(c.dir, uid)
			c.tablets = append(c.tablets, &tablet{
				Tablet: Tablet{
					Keyspace: ks.Name,
					Shard:    shard,
					Alias:    fmt.Sprintf("%s-%010d", c.options.Cells[0], uid),
					HTTP:     loopback(ports[0]),
					GRPC:     loopback(ports[1]),
					Socket:   filepath.Join(dir, "mysql.sock"),
				},
				uid:   uid,
				dir:   dir,
				ports: tabletPorts{http: ports[0], grpc: ports[1], mysql: ports[2]},
			})
			uid++
		}
	}
	return nil
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
	files := c.programs.mysql
	if _, err := files.prepare(ctx, c.programs.vtlab, c.dir, t.uid, t.ports.mysql); err != nil {
		return err
	}
	for _, folder := range mysqlFolders {
		if err := copyFolder(filepath.Join(files.data, folder), filepath.Join(t.dir, folder)); err != nil {
			return err
		}
	}
	process, err := c.newProcess("mysqld-"+t.name(), t.dir, nil, func(ctx context.Context) error {
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
		"; use "+t.database()+"; "+c.schema(t.Keyspace)+"; set global super_read_only = on")
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
	db, err := openMySQL(t.Socket, "vt_dba", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, statements)
	return err
}

// startTablet starts a shard's vttablet and makes it the primary.
func (c *Cluster) startTablet(ctx context.Context, t *tablet) error {
	name := "vttablet-" + t.name()
	args := append([]string{"vttablet"}, c.topoFlags(name)...)
	args = append(args, serverFlags(t.ports.http, t.ports.grpc)...)
	args = append(args,
		"--tablet-path", t.Alias, "--tablet-hostname", "127.0.0.1",
		"--init-keyspace", t.Keyspace, "--init-shard", t.Shard, "--init-tablet-type", "replica",
		// What a test waits for should not take the minutes that it may in
		// production: health, new tables and columns, migrations.
		"--health-check-interval", "1s",
		"--queryserver-config-schema-reload-time", "1s",
		"--migration-check-interval", "1s",
	)
	args = append(args, c.options.VTTabletFlags...)
	process, err := c.newProcess(name, "", args, func(ctx context.Context) error {
		if err := waitHealthy(ctx, t.GRPC); err != nil {
			return err
		}
		if !t.promoted.Load() {
			return nil
		}
		return waitHTTP(ctx, "http://"+t.HTTP+"/healthz")
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
	return waitHTTP(ctx, "http://"+t.HTTP+"/healthz")
}

// promote makes the tablet its shard's primary.
func (c *Cluster) promote(ctx context.Context, t *tablet) error {
	_, err := c.VTCtldClient(ctx, "PlannedReparentShard", "--new-primary", t.Alias, t.Keyspace+"/"+t.Shard)
	return err
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
