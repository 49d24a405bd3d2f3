package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"
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
	rows, err := query(ctx, g.dbs[at], c)
	return rows, g.addrs[at], err
}

// query runs any statement; one without rows returns none. NULL is an empty
// string.
func query(ctx context.Context, db *sql.DB, c Call) (rows [][]string, err error) {
	result, err := db.QueryContext(ctx, c.SQL, c.Args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, result.Close()) }()
	columns, err := result.Columns()
	if err != nil {
		return nil, err
	}
	for result.Next() {
		cells := make([]sql.NullString, len(columns))
		scan := make([]any, len(columns))
		for i := range cells {
			scan[i] = &cells[i]
		}
		if err := result.Scan(scan...); err != nil {
			return nil, err
		}
		row := make([]string, len(columns))
		for i := range cells {
			row[i] = cells[i].String
		}
		rows = append(rows, row)
	}
	return rows, result.Err()
}

func (g *gates) close() error {
	var errs []error
	for _, db := range g.dbs {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}
