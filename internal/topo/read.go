package topo

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtopo "vitess.io/vitess/go/vt/topo"
	"vitess.io/vitess/go/vt/topo/topoproto"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// clusterIDPath is where the store keeps the cluster's random id.
const clusterIDPath = "vtsync/id"

// maxCellReads bounds how many cells are read at a time.
const maxCellReads = 16

// ReadGlobal reads all that vtsync judges in the global topo, in one round of
// concurrent reads. A VSchema that cannot be decoded is told in its keyspace;
// rules that cannot be decoded are an error, since no plan can do without them.
func (s *Server) ReadGlobal(ctx context.Context) (planes.Global, error) {
	var g planes.Global
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		g.Keyspaces, err = s.readKeyspaces(ctx, "")
		return err
	})
	group.Go(func() (err error) {
		g.Cells, err = s.CellNames(ctx)
		return err
	})
	group.Go(func() (err error) {
		g.Rules, err = s.ReadRules(ctx)
		return err
	})
	group.Go(func() (err error) {
		g.ClusterID, err = s.readClusterID(ctx)
		return err
	})
	if err := group.Wait(); err != nil {
		return planes.Global{}, err
	}
	return g, nil
}

// readClusterID reads the id that vtsync gave the cluster; empty where there is
// none yet.
func (s *Server) readClusterID(ctx context.Context) (string, error) {
	raw, token, err := s.Get(ctx, clusterIDPath)
	if err != nil || token.IsAbsent() {
		return "", err
	}
	id := strings.TrimSpace(string(raw))
	if !planes.IsClusterID(id) {
		return "", &errs.Invalid{
			Msg:  fmt.Sprintf("damaged record %s in the global topo: %.40q is not the id of a cluster", clusterIDPath, id),
			Next: "look at it with vtctldclient GetTopologyPath /global/" + clusterIDPath + "; put a backup back, or delete the key to have a new id made",
		}
	}
	return id, nil
}

// ReadKeyspace reads one keyspace from the global topo. One that does not
// exist has an absent token and no Keyspace record.
func (s *Server) ReadKeyspace(ctx context.Context, ks string) (planes.Keyspace, error) {
	if err := checkName("keyspace", ks); err != nil {
		return planes.Keyspace{}, err
	}
	all, err := s.readKeyspaces(ctx, ks)
	if err != nil {
		return planes.Keyspace{}, err
	}
	if k, ok := all[ks]; ok {
		return k, nil
	}
	return planes.Keyspace{Token: planes.Absent()}, nil
}

// CellNames gives the names of all known cells, sorted.
func (s *Server) CellNames(ctx context.Context) ([]string, error) {
	names, err := s.List(ctx, vtopo.CellsPath)
	if err != nil {
		return nil, err
	}
	return names, nil
}

// ReadRules reads the four kinds of rules. Vitess keeps no rules where it
// never had any, so an absent record is an empty value.
func (s *Server) ReadRules(ctx context.Context) (planes.Rules, error) {
	messages := make([]proto.Message, len(vschema.RuleKinds))
	tokens := make([]planes.Token, len(vschema.RuleKinds))
	unknown := make([][]string, len(vschema.RuleKinds))
	group, ctx := errgroup.WithContext(ctx)
	for i, kind := range vschema.RuleKinds {
		group.Go(func() error {
			raw, token, err := s.Get(ctx, rulesPath(kind))
			if err != nil {
				return err
			}
			tokens[i] = token
			messages[i], unknown[i], err = vschema.DecodeRules(kind, raw)
			if err != nil {
				return undecodable("the "+string(kind)+" in the global topo", err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return planes.Rules{}, err
	}
	r := planes.Rules{Tokens: map[vschema.RuleKind]planes.Token{}}
	for i, kind := range vschema.RuleKinds {
		r.Tokens[kind] = tokens[i]
		if len(unknown[i]) > 0 {
			if r.Unknown == nil {
				r.Unknown = map[vschema.RuleKind][]string{}
			}
			r.Unknown[kind] = unknown[i]
		}
		switch m := messages[i].(type) {
		case *vschema.RoutingRules:
			r.Table = m
		case *vschema.ShardRoutingRules:
			r.Shard = m
		case *vschema.KeyspaceRoutingRules:
			r.Keyspace = m
		case *vschema.MirrorRules:
			r.Mirror = m
		}
	}
	return r, nil
}

// ReadCells reads several cells at once; the result is in the order of names.
func (s *Server) ReadCells(ctx context.Context, names []string) []planes.Cell {
	cells := make([]planes.Cell, len(names))
	var group errgroup.Group
	group.SetLimit(maxCellReads)
	for i, name := range names {
		group.Go(func() error {
			cells[i] = s.ReadCell(ctx, name)
			return nil
		})
	}
	_ = group.Wait() // a cell's error stands in the cell
	return cells
}

// ReadCell reads a cell's SrvVSchema. Whatever goes wrong stands in Err: one
// cell's silence is no reason to know nothing of the others.
func (s *Server) ReadCell(ctx context.Context, name string) planes.Cell {
	cell := planes.Cell{Name: name}
	raw, token, err := s.get(ctx, CellRef(name))
	if err != nil {
		cell.Err = err.Error()
		return cell
	}
	cell.Token, cell.Size = token, len(raw)
	if token.IsAbsent() {
		return cell
	}
	if cell.Srv, cell.Unknown, err = vschema.DecodeSrv(raw); err != nil {
		cell.Err = err.Error()
	}
	return cell
}

// readKeyspaces reads the keyspaces with one listing of keyspaces/, or of one
// keyspace where only is not empty. Tablets and vtsync's records lie elsewhere.
func (s *Server) readKeyspaces(ctx context.Context, only string) (map[string]planes.Keyspace, error) {
	dir := path.Join(vtopo.KeyspacesPath, only)
	what := "read " + dir + " in the global topo"
	found, err := run(ctx, s, func(ctx context.Context) ([]vtopo.KVInfo, error) {
		return s.global.List(ctx, dir)
	}, nil)
	if err = readError(what, err); err != nil && !errors.Is(err, errs.ErrNotFound) {
		return nil, err
	}
	keyspaces := map[string]planes.Keyspace{}
	for _, kv := range found {
		parts := strings.Split(s.relative(kv.Key, vtopo.KeyspacesPath), "/")
		if len(parts) < 2 || only != "" && parts[0] != only {
			continue // a listing goes by prefix, not by directory
		}
		name := parts[0]
		k, ok := keyspaces[name]
		if !ok {
			k.Token = planes.Absent()
		}
		if readInto(&k, parts[1:], kv) {
			keyspaces[name] = k
		}
	}
	for name, k := range keyspaces {
		if k.Token.IsAbsent() && !k.HasRecord {
			delete(keyspaces, name) // shards or locks that somebody left behind
			continue
		}
		slices.SortFunc(k.Shards, func(a, b planes.Shard) int { return strings.Compare(a.Name, b.Name) })
	}
	return keyspaces, nil
}

// relative gives a listed key's path below dir, or nothing.
func (s *Server) relative(key []byte, dir string) string {
	rest, ok := strings.CutPrefix(string(key), path.Join(s.opts.Root, dir)+"/")
	if !ok {
		return ""
	}
	return rest
}

// readInto adds one record, at a path below its keyspace, to the keyspace; it
// tells whether the record is one that vtsync reads.
func readInto(k *planes.Keyspace, at []string, kv vtopo.KVInfo) bool {
	switch {
	case len(at) == 1 && at[0] == vtopo.KeyspaceFile:
		k.HasRecord = true
	case len(at) == 1 && at[0] == vtopo.VSchemaFile:
		k.Token = tokenOf(kv.Version, kv.Value)
		var err error
		if k.VSchema, k.Unknown, err = vschema.DecodeTopo(kv.Value); err != nil {
			k.Err = err.Error()
		}
	case len(at) == 3 && at[0] == vtopo.ShardsPath && at[2] == vtopo.ShardFile:
		var shard topodatapb.Shard
		if err := proto.Unmarshal(kv.Value, &shard); err != nil {
			k.Err = fmt.Sprintf("decode shard %s: %v", at[1], err)
			return true
		}
		k.Shards = append(k.Shards, planes.Shard{
			Name: at[1], Serving: shard.IsPrimaryServing, Primary: aliasText(shard.PrimaryAlias),
		})
	default:
		return false
	}
	return true
}

// aliasText gives a tablet's alias; empty where a shard has no primary.
func aliasText(alias *topodatapb.TabletAlias) string {
	if alias == nil {
		return ""
	}
	return topoproto.TabletAliasString(alias)
}

func undecodable(what string, err error) error {
	return &errs.Invalid{
		Msg:  what + " cannot be read",
		Err:  err,
		Next: "look at it with vtctldclient GetTopologyPath; nothing is written while it is like this",
	}
}

// checkName refuses names that would address another record.
func checkName(kind, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return &errs.Invalid{Msg: fmt.Sprintf("%q is not the name of a %s", name, kind)}
	}
	return nil
}
