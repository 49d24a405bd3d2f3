package vtctld

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"
)

// Tablet is one tablet and the Vitess that it runs.
type Tablet struct {
	Alias, Keyspace, Shard, Type string
	Version                      string
	Err                          string // why the version could not be read
}

// Tablets lists the tablets of all cells that answer, sorted by keyspace, shard
// and alias.
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
			version, err := c.version(ctx, t)
			if err != nil {
				out[i].Err = err.Error()
			}
			out[i].Version = version
			return nil
		})
	}
	_ = group.Wait() // each says its error in its place
	slices.SortFunc(out, func(a, b Tablet) int {
		return strings.Compare(a.Keyspace+"/"+a.Shard+"/"+a.Alias, b.Keyspace+"/"+b.Shard+"/"+b.Alias)
	})
	return out, nil
}

// version asks the tablet's web pages, where they are in reach, as vtctld tells
// only who built it, when and of what: that must do elsewhere.
func (c *Client) version(ctx context.Context, t *topodatapb.Tablet) (string, error) {
	if v, err := c.buildVersion(ctx, t); err == nil && v != "" {
		return v, nil
	}
	resp, err := call(ctx, c, "GetVersion", "read the version of tablet "+alias(t.Alias), c.rpc.GetVersion,
		&vtctldatapb.GetVersionRequest{TabletAlias: t.Alias})
	if err != nil {
		return "", err
	}
	return "built as " + resp.Version, nil
}

// maxVars bounds a tablet's page of variables.
const maxVars = 16 << 20

func (c *Client) buildVersion(ctx context.Context, t *topodatapb.Tablet) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, min(c.timeout, 2*time.Second))
	defer cancel()
	address := net.JoinHostPort(t.Hostname, strconv.Itoa(int(t.PortMap["vt"])))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/debug/vars", nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var vars struct{ BuildVersion string }
	err = json.NewDecoder(io.LimitReader(resp.Body, maxVars)).Decode(&vars)
	return vars.BuildVersion, err
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
