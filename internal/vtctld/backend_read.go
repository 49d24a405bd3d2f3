package vtctld

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// readRules reads the four kinds of rules. vtctld shows the version of only some
// of their records, so their tokens hold the content alone: enough to see a
// change, and no write may be decided on them.
func (b *Backend) readRules(ctx context.Context) (planes.Rules, error) {
	var (
		r     planes.Rules
		group errgroup.Group
	)
	group.Go(func() error {
		resp, err := call(ctx, b.Client, "GetRoutingRules", "read the routing rules", b.rpc.GetRoutingRules, &vtctldatapb.GetRoutingRulesRequest{})
		r.Table = orEmpty(resp.GetRoutingRules())
		return err
	})
	group.Go(func() error {
		resp, err := call(ctx, b.Client, "GetShardRoutingRules", "read the shard routing rules", b.rpc.GetShardRoutingRules, &vtctldatapb.GetShardRoutingRulesRequest{})
		r.Shard = orEmpty(resp.GetShardRoutingRules())
		return err
	})
	group.Go(func() error {
		resp, err := call(ctx, b.Client, "GetKeyspaceRoutingRules", "read the keyspace routing rules", b.rpc.GetKeyspaceRoutingRules, &vtctldatapb.GetKeyspaceRoutingRulesRequest{})
		r.Keyspace = orEmpty(resp.GetKeyspaceRoutingRules())
		return err
	})
	group.Go(func() error {
		resp, err := call(ctx, b.Client, "GetMirrorRules", "read the mirror rules", b.rpc.GetMirrorRules, &vtctldatapb.GetMirrorRulesRequest{})
		r.Mirror = orEmpty(resp.GetMirrorRules())
		return err
	})
	if err := group.Wait(); err != nil {
		return planes.Rules{}, err
	}
	r.Tokens = map[vschema.RuleKind]planes.Token{}
	for kind, m := range map[vschema.RuleKind]proto.Message{
		vschema.TableRules: r.Table, vschema.ShardRules: r.Shard, vschema.KeyspaceRules: r.Keyspace, vschema.MirrorKind: r.Mirror,
	} {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			return planes.Rules{}, fmt.Errorf("encode the %s: %w", kind, err)
		}
		r.Tokens[kind] = planes.Absent()
		if len(raw) > 0 {
			r.Tokens[kind] = tokenOf(contentOnly, raw)
		}
		if unknown := vschema.UnknownFields(m); len(unknown) > 0 {
			if r.Unknown == nil {
				r.Unknown = map[vschema.RuleKind][]string{}
			}
			r.Unknown[kind] = unknown
		}
	}
	return r, nil
}

// contentOnly stands where the version of a record is not known.
const contentOnly = "content"

// versionTries bounds how often a record that changes meanwhile is read again.
const versionTries = 5

// versioned reads a record with its version. vtctld tells the version beside a
// text that leaves out the fields which it does not know, and the record itself
// without a version: so the version is read before and after the record, and
// counts where it is the same.
func versioned[T any](ctx context.Context, b *Backend, what, at string, read func(context.Context) (T, error)) (value T, version int64, err error) {
	for range versionTries {
		before, err := b.node(ctx, "read the version of "+what, at, 0)
		if err != nil {
			return value, 0, err
		}
		if value, err = read(ctx); err != nil {
			return value, 0, err
		}
		after, err := b.node(ctx, "read the version of "+what, at, 0)
		if err != nil {
			return value, 0, err
		}
		if before.Version == after.Version && len(after.Children) == 0 { // zero is ZooKeeper's first
			return value, after.Version, nil
		}
	}
	return value, 0, &errs.Unknown{Msg: what + " changed each time it was read", Next: "try again"}
}

// node reads one path of topo; a version other than zero asks for the past.
func (b *Backend) node(ctx context.Context, what, at string, version int64) (*vtctldatapb.TopologyCell, error) {
	resp, err := call(ctx, b.Client, "GetTopologyPath", what, b.rpc.GetTopologyPath, &vtctldatapb.GetTopologyPathRequest{Path: at, Version: version})
	return resp.GetCell(), err
}

// children lists a directory of topo; none where its parent does not list it.
// vtctld gives all its refusals the same code, so absence is only believed of a
// listing that was answered. At the root of a cell there is only its text.
func (b *Backend) children(ctx context.Context, dir string) ([]string, error) {
	node, err := b.node(ctx, "list "+dir, dir, 0)
	if err == nil {
		return node.Children, nil
	}
	if !told(err) {
		return nil, err
	}
	parent, name := path.Split(dir)
	if parent == "/" {
		if strings.Contains(err.Error(), "has no file contents and no children: node doesn't exist") {
			return nil, nil
		}
		return nil, err
	}
	siblings, listErr := b.children(ctx, path.Clean(parent))
	if listErr == nil && !slices.Contains(siblings, name) {
		return nil, nil
	}
	return nil, errors.Join(err, listErr)
}

// told tells that an error is vtctld's own answer.
func told(err error) bool {
	_, invalid := errors.AsType[*errs.Invalid](err)
	return err != nil && !invalid && !silent(err)
}
