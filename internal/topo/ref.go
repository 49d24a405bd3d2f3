package topo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	vtopo "vitess.io/vitess/go/vt/topo"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
	"github.com/vtsync/vtsync/internal/vschema"
)

// Ref addresses one record: a path in a cell.
type Ref struct {
	Cell string
	Path string
}

// KeyspaceRef is a keyspace's VSchema in the global topo.
func KeyspaceRef(ks string) Ref {
	return Ref{Cell: vtopo.GlobalCell, Path: path.Join(vtopo.KeyspacesPath, ks, vtopo.VSchemaFile)}
}

// CellRef is a cell's SrvVSchema.
func CellRef(cell string) Ref { return Ref{Cell: cell, Path: vtopo.SrvVSchemaFile} }

// GlobalRef is the record at a path in the global topo.
func GlobalRef(p string) Ref { return Ref{Cell: vtopo.GlobalCell, Path: p} }

// String names the record for people.
func (r Ref) String() string {
	if r.Cell == vtopo.GlobalCell {
		return r.Path + " in the global topo"
	}
	return r.Path + " in cell " + r.Cell
}

// check refuses names and paths that lead out of the cell's root.
func (r Ref) check() error {
	if err := checkName("cell", r.Cell); err != nil {
		return err
	}
	if r.Path == "" || strings.HasPrefix(r.Path, "/") || path.Clean(r.Path) != r.Path || strings.HasPrefix(r.Path, "..") {
		return &errs.Invalid{Msg: fmt.Sprintf("%q is not the path of a record", r.Path)}
	}
	return nil
}

// rulesPath is where a kind of rules lies in the global topo.
func rulesPath(kind vschema.RuleKind) string {
	switch kind {
	case vschema.TableRules:
		return vtopo.RoutingRulesFile
	case vschema.ShardRules:
		return vtopo.ShardRoutingRulesFile
	case vschema.KeyspaceRules:
		return path.Join(vtopo.RoutingRulesPath, vtopo.KeyspaceRoutingRulesPath, vtopo.CommonRoutingRulesFile)
	case vschema.MirrorKind:
		return vtopo.MirrorRulesFile
	}
	return string(kind) // the kinds are closed: nothing lies there
}

// tokenOf is the token of a record that was read or written.
func tokenOf(v vtopo.Version, value []byte) planes.Token {
	return planes.Token{Version: v.String(), Hash: hashOf(value)}
}

func hashOf(value []byte) string {
	sum := sha256.Sum256(value)
	return hex.EncodeToString(sum[:])
}
