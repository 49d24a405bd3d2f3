package cluster

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"

	"github.com/go-sql-driver/mysql"

	"github.com/vtsync/vtsync/lab/sqltext"
)

// CreateKeyspace creates a keyspace and its shards, as served by every cell.
// Without shards it is one unsharded keyspace, whose only shard is "0".
func (c *Cluster) CreateKeyspace(ctx context.Context, name string, shards ...string) error {
	if len(shards) == 0 {
		shards = []string{"0"}
	}
	if _, err := c.VTCtldClient(ctx, "CreateKeyspace", name); err != nil {
		return err
	}
	for _, shard := range shards {
		if _, err := c.VTCtldClient(ctx, "CreateShard", name+"/"+shard); err != nil {
			return err
		}
	}
	_, err := c.VTCtldClient(ctx, "RebuildKeyspaceGraph", name)
	return err
}

// ApplyVSchema writes a keyspace's VSchema as people do by hand: blindly, and
// with a rebuild of every cell unless the arguments say otherwise.
func (c *Cluster) ApplyVSchema(ctx context.Context, keyspace, json string, args ...string) error {
	_, err := c.VTCtldClient(ctx, append([]string{"ApplyVSchema", "--vschema", json, keyspace}, args...)...)
	return err
}

// GetVSchema is a keyspace's VSchema in the global topology, as JSON.
func (c *Cluster) GetVSchema(ctx context.Context, keyspace string) (string, error) {
	return c.VTCtldClient(ctx, "GetVSchema", keyspace)
}

// ApplyRoutingRules replaces all table routing rules.
func (c *Cluster) ApplyRoutingRules(ctx context.Context, json string, args ...string) error {
	_, err := c.VTCtldClient(ctx, append([]string{"ApplyRoutingRules", "--rules", json}, args...)...)
	return err
}

// RebuildVSchemaGraph writes SrvVSchema from the global topology, in the cells
// or in all of them.
func (c *Cluster) RebuildVSchemaGraph(ctx context.Context, cells ...string) error {
	args := []string{"RebuildVSchemaGraph"}
	for _, cell := range cells {
		args = append(args, "--cells", cell)
	}
	_, err := c.VTCtldClient(ctx, args...)
	return err
}

// AlterVSchema runs an ALTER VSCHEMA statement through a vtgate.
func (c *Cluster) AlterVSchema(ctx context.Context, gate VTGate, statement string) error {
	db, err := open(gate, "")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("lab: %s: %s: %w", gate.Name, statement, err)
	}
	return nil
}

// Query is the vtgate's Query.
func (c *Cluster) Query(ctx context.Context, gate VTGate, keyspace, statement string) ([][]string, error) {
	return gate.Query(ctx, keyspace, statement)
}

// Query runs a statement through the vtgate with a keyspace in use, and returns
// its rows as text. NULL is an empty string.
func (g VTGate) Query(ctx context.Context, keyspace, statement string) (rows [][]string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("lab: %s: %s: %w", g.Name, statement, err)
		}
	}()
	db, err := open(g, keyspace)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	return sqltext.Query(ctx, db, statement)
}

func open(gate VTGate, keyspace string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User = "lab"
	config.Net, config.Addr, config.DBName = "tcp", gate.MySQL, keyspace
	config.Timeout, config.ReadTimeout, config.WriteTimeout = patience, patience, patience
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("lab: %s: %w", gate.Name, err)
	}
	return sql.OpenDB(connector), nil
}

// Debug is the vtgate's Debug.
func (c *Cluster) Debug(ctx context.Context, gate VTGate, page string) ([]byte, error) {
	return gate.Debug(ctx, page)
}

// Debug is a page of the vtgate, such as vschema or vars.
func (g VTGate) Debug(ctx context.Context, page string) ([]byte, error) {
	return get(ctx, "http://"+g.HTTP+"/debug/"+page)
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return body, nil
}
