package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"github.com/vtsync/vtsync/lab/sqltext"
)

// gates are the vtgates, each with connections of its own.
type gates struct {
	addrs []string
	dbs   []*sql.DB
}

func openGates(o Options) (*gates, error) {
	g := &gates{addrs: o.Addrs}
	for _, addr := range o.Addrs {
		config := mysql.NewConfig()
		config.User = "load"
		config.Net, config.Addr, config.DBName = "tcp", addr, o.Keyspace
		config.Timeout = o.Timeout
		// One message per statement, as most applications do it.
		config.InterpolateParams = true
		config.Logger = &mysql.NopLogger{} // the report has it
		connector, err := mysql.NewConnector(config)
		if err != nil {
			return nil, fmt.Errorf("load: vtgate at %s: %w", addr, err)
		}
		db := sql.OpenDB(connector)
		db.SetMaxOpenConns(o.Workers)
		db.SetMaxIdleConns(o.Workers)
		g.dbs = append(g.dbs, db)
	}
	return g, nil
}

func (g *gates) run(ctx context.Context, n int, c Call) ([][]string, string, error) {
	at := n % len(g.dbs)
	rows, err := sqltext.Query(ctx, g.dbs[at], c.SQL, c.Args...)
	return rows, g.addrs[at], err
}

func (g *gates) close() error {
	var errs []error
	for _, db := range g.dbs {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}
