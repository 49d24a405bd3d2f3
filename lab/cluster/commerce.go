package cluster

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// The VSchemas of the standard example: a shop whose unsharded keyspace
// commerce holds products, sequences and a lookup table for the sharded
// keyspace customer.
var (
	//go:embed commerce/commerce.json
	CommerceVSchema string
	//go:embed commerce/customer.json
	CustomerVSchema string
)

// Commerce creates the keyspaces commerce, unsharded, and customer, with that
// many shards, applies their VSchemas through vtctldclient, and returns
// when every vtgate serves them.
func (c *Cluster) Commerce(ctx context.Context, customerShards int) error {
	var group errgroup.Group
	group.Go(func() error { return c.CreateKeyspace(ctx, "commerce") })
	group.Go(func() error { return c.CreateKeyspace(ctx, "customer", ShardNames(customerShards)...) })
	if err := group.Wait(); err != nil {
		return err
	}
	// One after the other: two rebuilds at once may leave a stale cell.
	if err := c.ApplyVSchema(ctx, "commerce", CommerceVSchema); err != nil {
		return err
	}
	if err := c.ApplyVSchema(ctx, "customer", CustomerVSchema); err != nil {
		return err
	}
	for _, gate := range c.VTGates() {
		err := Poll(ctx, func() error { return c.ServesTable(ctx, gate, "customer", "corder") })
		if err != nil {
			return err
		}
	}
	return nil
}

// ServesTable is nil if the vtgate's VSchema has the table now.
func (c *Cluster) ServesTable(ctx context.Context, gate VTGate, keyspace, table string) error {
	page, err := c.Debug(ctx, gate, "vschema")
	if err != nil {
		return err
	}
	var served struct {
		Keyspaces map[string]struct {
			Tables map[string]json.RawMessage `json:"tables"`
		} `json:"keyspaces"`
	}
	if err := json.Unmarshal(page, &served); err != nil {
		return fmt.Errorf("lab: %s: /debug/vschema: %w", gate.Name, err)
	}
	if _, ok := served.Keyspaces[keyspace].Tables[table]; !ok {
		return fmt.Errorf("lab: %s does not serve %s.%s", gate.Name, keyspace, table)
	}
	return nil
}
