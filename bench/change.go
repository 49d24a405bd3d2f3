package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/vtsync/vtsync/lab/cluster"
)

const (
	// pollEvery is the pause between two looks at a vtgate: short, so that the
	// comparison is with somebody impatient.
	pollEvery = time.Millisecond
	// patience bounds how long a change may take to be served.
	patience = 30 * time.Second
	// tables begins the tables of a VSchema, at the top level of the file.
	tables = "\n  \"tables\": {\n"
)

// grower is a VSchema file that gets one more table at a time.
type grower struct {
	path    string
	prefix  string
	content string
	grown   int
}

// newGrower begins a file with the content of another one. The prefix begins
// the names of its tables: the same name in two keyspaces would be ambiguous,
// which vtsync denies.
func newGrower(from, path, prefix string) (*grower, error) {
	content, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	if strings.Count(string(content), tables) != 1 {
		return nil, fmt.Errorf("%s: no place to add a table at", from)
	}
	return &grower{path: path, prefix: prefix, content: string(content)}, nil
}

// newest is the table that was added last.
func (g *grower) newest() string { return fmt.Sprintf("%s_%d", g.prefix, g.grown) }

func (g *grower) grow() error {
	g.grown++
	table := fmt.Sprintf("    %q: {\"column_vindexes\": [{\"column\": \"id\", \"name\": \"hash\"}]},\n", g.newest())
	g.content = strings.Replace(g.content, tables, tables+table, 1)
	return os.WriteFile(g.path, []byte(g.content), 0o644)
}

// poller asks a vtgate over one connection which tables it routes.
type poller struct{ db *sql.DB }

func newPoller(ctx context.Context, gate cluster.VTGate, keyspace string) (*poller, error) {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = "bench", "tcp", gate.MySQL, keyspace
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	p := &poller{db: sql.OpenDB(connector)}
	return p, p.db.PingContext(ctx)
}

func (p *poller) close() error { return p.db.Close() }

// untilServed returns when the vtgate routes the table.
func (p *poller) untilServed(ctx context.Context, table string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		served, err := p.serves(ctx, table)
		if err != nil || served {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for table %s: %w", table, ctx.Err())
		}
	}
}

func (p *poller) serves(ctx context.Context, table string) (served bool, err error) {
	rows, err := p.db.QueryContext(ctx, "SHOW VSCHEMA TABLES")
	if err != nil {
		return false, err
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return false, err
		}
		served = served || name == table
	}
	return served, rows.Err()
}
