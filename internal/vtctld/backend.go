package vtctld

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtctldatapb "vitess.io/vitess/go/vt/proto/vtctldata"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// clusterIDPath is where the store keeps the cluster's random id.
const clusterIDPath = "vtsync/id"

// State keeps what must outlive the process that wrote it, by compare-and-swap:
// the same place as vtsync's records.
type State interface {
	// Get gives nil and the absent token where there is no record.
	Get(ctx context.Context, path string) ([]byte, planes.Token, error)
	Put(ctx context.Context, path string, value []byte, tok planes.Token) (planes.Token, error)
}

// Backend reads and writes the VSchemas of a cluster through its vtctld, where
// topo itself is out of reach: check, then write. What a token means elsewhere
// is weaker here, since no RPC of vtctld takes a version:
//
//   - A write checks the version, writes blindly and reads back. What another
//     writes between the check and the write is lost, and told where topo keeps
//     history.
//   - A write without an answer can't be fenced, and is not repeated by the
//     process that sent it. It stays unknown until it is seen, or until a person
//     resumes the rollout, which sends it again.
//   - A cell is written by Vitess's rebuild, which ships all that the global
//     topo holds.
//   - There is no keyspace lock.
//
// Methods are safe for concurrent use.
type Backend struct {
	*Client
	state  State
	log    *slog.Logger
	writer string // names this process in what it notes

	boundMu sync.Mutex
	isBound bool // the state file is known to be of this cluster
}

// BackendOptions are what a Backend needs beside its vtctld.
type BackendOptions struct {
	State State // where it notes what it has sent
	Log   *slog.Logger
	// Timeout bounds each of its RPCs, which ask topo only: they need less than
	// those that ask tablets. Zero means the client's.
	Timeout time.Duration
}

// NewBackend gives the backend that writes through c.
func NewBackend(c *Client, o BackendOptions) *Backend {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // crypto/rand never fails
	own := *c
	own.timeout = cmp.Or(o.Timeout, c.timeout)
	return &Backend{Client: &own, state: o.State, log: o.Log, writer: hex.EncodeToString(b)}
}

// ReadGlobal reads all that vtsync judges in the global topo. A VSchema that
// cannot be decoded is told in its keyspace.
func (b *Backend) ReadGlobal(ctx context.Context) (planes.Global, error) {
	g := planes.Global{Keyspaces: map[string]planes.Keyspace{}}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		g.Keyspaces, err = b.readKeyspaces(ctx)
		return err
	})
	group.Go(func() (err error) {
		g.Cells, err = b.cellNames(ctx)
		return err
	})
	group.Go(func() (err error) {
		g.Rules, err = b.readRules(ctx)
		return err
	})
	group.Go(func() error { return b.bound(ctx) })
	group.Go(func() (err error) {
		g.ClusterID, err = b.clusterID(ctx)
		return err
	})
	if err := group.Wait(); err != nil {
		return planes.Global{}, err
	}
	return g, nil
}

// clusterID reads the id that this host's vtsync gave the cluster: a plan is
// bound to the state file that its rollout would be recorded in.
func (b *Backend) clusterID(ctx context.Context) (string, error) {
	raw, tok, err := b.state.Get(ctx, clusterIDPath)
	if err != nil || tok.IsAbsent() {
		return "", err
	}
	id := strings.TrimSpace(string(raw))
	if !planes.IsClusterID(id) {
		return "", &errs.Invalid{
			Msg:  fmt.Sprintf("damaged record %s: %.40q is not the id of a cluster", clusterIDPath, id),
			Next: "put a backup of the state file back",
		}
	}
	return id, nil
}

func (b *Backend) cellNames(ctx context.Context) ([]string, error) {
	resp, err := call(ctx, b.Client, "GetCellInfoNames", "list the cells", b.rpc.GetCellInfoNames, &vtctldatapb.GetCellInfoNamesRequest{})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(slices.Values(resp.Names)), nil
}

func (b *Backend) readKeyspaces(ctx context.Context) (map[string]planes.Keyspace, error) {
	names, err := b.children(ctx, "/global/keyspaces")
	if err != nil {
		return nil, err
	}
	read := make([]planes.Keyspace, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, name := range names {
		group.Go(func() (err error) {
			read[i], err = b.readKeyspace(ctx, name)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	keyspaces := make(map[string]planes.Keyspace, len(names))
	for i, name := range names {
		if read[i].HasRecord || !read[i].Token.IsAbsent() { // else shards or locks that somebody left behind
			keyspaces[name] = read[i]
		}
	}
	return keyspaces, nil
}

// ReadKeyspace reads one keyspace from the global topo. One that does not exist
// has an absent token and no Keyspace record.
func (b *Backend) ReadKeyspace(ctx context.Context, ks string) (planes.Keyspace, error) {
	if err := checkName("keyspace", ks); err != nil {
		return planes.Keyspace{}, err
	}
	return b.readKeyspace(ctx, ks)
}

func (b *Backend) readKeyspace(ctx context.Context, ks string) (planes.Keyspace, error) {
	out := planes.Keyspace{Token: planes.Absent()}
	records, err := b.children(ctx, "/global/keyspaces/"+ks)
	if err != nil {
		return out, err
	}
	out.HasRecord = slices.Contains(records, "Keyspace")
	if slices.Contains(records, "shards") {
		if out.Shards, err = b.readShards(ctx, ks); err != nil {
			return out, err
		}
	}
	if !slices.Contains(records, "VSchema") {
		return out, nil
	}
	value, version, err := versioned(ctx, b, "the VSchema of keyspace "+ks, vschemaPath(ks), func(ctx context.Context) (*vschema.Keyspace, error) {
		resp, err := call(ctx, b.Client, "GetVSchema", "read the VSchema of keyspace "+ks, b.rpc.GetVSchema, &vtctldatapb.GetVSchemaRequest{Keyspace: ks})
		return orEmpty(resp.GetVSchema()), err
	})
	switch {
	case err != nil && !told(err):
		return out, err
	case err != nil:
		out.Token, out.Err = planes.Token{}, err.Error() // vtctld cannot decode it
		return out, nil
	}
	raw, err := vschema.EncodeTopo(value)
	if err != nil {
		return out, err
	}
	out.Token, out.VSchema, out.Unknown = tokenOf(version, raw), value, vschema.UnknownFields(value)
	return out, nil
}

func (b *Backend) readShards(ctx context.Context, ks string) ([]planes.Shard, error) {
	resp, err := call(ctx, b.Client, "FindAllShardsInKeyspace", "list the shards of keyspace "+ks,
		b.rpc.FindAllShardsInKeyspace, &vtctldatapb.FindAllShardsInKeyspaceRequest{Keyspace: ks})
	if err != nil {
		return nil, err
	}
	shards := make([]planes.Shard, 0, len(resp.Shards))
	for name, s := range resp.Shards {
		shards = append(shards, planes.Shard{
			Name: name, Serving: s.GetShard().GetIsPrimaryServing(), Primary: aliasOf(s.GetShard().GetPrimaryAlias()),
		})
	}
	slices.SortFunc(shards, func(a, b planes.Shard) int { return strings.Compare(a.Name, b.Name) })
	return shards, nil
}

// aliasOf writes an alias as Vitess does; empty where a shard has no primary.
func aliasOf(alias *topodatapb.TabletAlias) string {
	if alias == nil {
		return ""
	}
	return fmt.Sprintf("%s-%010d", alias.Cell, alias.Uid)
}

// ReadCell reads a cell's SrvVSchema. Whatever goes wrong stands in Err.
func (b *Backend) ReadCell(ctx context.Context, name string) planes.Cell {
	cell := planes.Cell{Name: name}
	if err := b.readCell(ctx, &cell); err != nil {
		return planes.Cell{Name: name, Err: err.Error()}
	}
	return cell
}

func (b *Backend) readCell(ctx context.Context, cell *planes.Cell) error {
	if err := checkName("cell", cell.Name); err != nil {
		return err
	}
	at := cellPath(cell.Name)
	srv, version, err := versioned(ctx, b, "the SrvVSchema of cell "+cell.Name, at, func(ctx context.Context) (*vschema.SrvVSchema, error) {
		resp, err := call(ctx, b.Client, "GetSrvVSchema", "read the SrvVSchema of cell "+cell.Name, b.rpc.GetSrvVSchema, &vtctldatapb.GetSrvVSchemaRequest{Cell: cell.Name})
		return orEmpty(resp.GetSrvVSchema()), err
	})
	if told(err) {
		if records, listErr := b.children(ctx, path.Dir(at)); listErr == nil && !slices.Contains(records, path.Base(at)) {
			cell.Token = planes.Absent()
			return nil
		}
	}
	if err != nil {
		return err
	}
	raw, err := vschema.EncodeSrv(srv)
	if err != nil {
		return err
	}
	cell.Token, cell.Srv, cell.Unknown, cell.Size = tokenOf(version, raw), srv, vschema.UnknownFields(srv), len(raw)
	return nil
}

func vschemaPath(ks string) string { return "/global/keyspaces/" + ks + "/VSchema" }

func cellPath(cell string) string { return "/" + cell + "/SrvVSchema" }

func tokenOf[V int64 | string](version V, value []byte) planes.Token {
	return planes.Token{Version: fmt.Sprint(version), Hash: hashOf(value)}
}

func hashOf(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:])
}

// checkToken refuses what no read of a record gave.
func checkToken(what string, tok planes.Token) error {
	if tok.IsZero() {
		return fmt.Errorf("%s: no write without the token of a read", what)
	}
	version, err := strconv.ParseInt(tok.Version, 10, 64)
	if !tok.IsAbsent() && (err != nil || version < 0 || tok.Hash == "") {
		return &errs.Invalid{Msg: what + ": damaged token", Next: "plan again: the plan or the record that held it is damaged", Err: err}
	}
	return nil
}

// checkName refuses names that would address another record.
func checkName(kind, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return &errs.Invalid{Msg: fmt.Sprintf("%q is not the name of a %s", name, kind)}
	}
	return nil
}

// orEmpty reads an absent message as an empty one.
func orEmpty[T any, M interface {
	*T
	proto.Message
}](m M) M {
	if m == nil {
		return new(T)
	}
	return m
}
