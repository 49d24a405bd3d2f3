package vtctld

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
)

// Tablet is one tablet and the Vitess that it runs.
type Tablet struct {
	Alias, Keyspace, Shard, Type string
	Version                      string
	Err                          string // why the version could not be read
}

// Tablets lists the tablets of all cells that answer, sorted by keyspace, shard
// and alias. vtctld reads each version from the tablet's web pages.
func (c *Client) Tablets(ctx context.Context) ([]Tablet, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeouts*c.timeout)
	defer cancel()
	resp, err := call(ctx, c, "GetTablets", "list the tablets", c.rpc.GetTablets, &vtctldatapb.GetTabletsRequest{})
	if err != nil {
		return nil, err
	}
	out := make([]Tablet, len(resp.Tablets))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, t := range resp.Tablets {
		group.Go(func() error {
			out[i] = Tablet{Alias: alias(t.Alias), Keyspace: t.Keyspace, Shard: t.Shard, Type: strings.ToLower(t.Type.String())}
			v, err := call(ctx, c, "GetVersion", "read the version of tablet "+out[i].Alias, c.rpc.GetVersion,
				&vtctldatapb.GetVersionRequest{TabletAlias: t.Alias})
			if err != nil {
				out[i].Err = err.Error()
				return nil
			}
			out[i].Version = v.Version
			return nil
		})
	}
	_ = group.Wait() // each says its error in its place
	slices.SortFunc(out, func(a, b Tablet) int {
		return strings.Compare(a.Keyspace+"/"+a.Shard+"/"+a.Alias, b.Keyspace+"/"+b.Shard+"/"+b.Alias)
	})
	return out, nil
}

// Keyspaces lists the keyspaces that vtctld knows, sorted: the cheapest question
// that tells whether it answers this client.
func (c *Client) Keyspaces(ctx context.Context) ([]string, error) {
	resp, err := call(ctx, c, "GetKeyspaces", "list the keyspaces", c.rpc.GetKeyspaces, &vtctldatapb.GetKeyspacesRequest{})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, ks := range resp.Keyspaces {
		out = append(out, ks.Name)
	}
	slices.Sort(out)
	return out, nil
}
