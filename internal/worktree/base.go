package worktree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/vschema"
)

// baseFormat is the version of the base files. A reader refuses any other.
const baseFormat = 1

// Origin names the cluster that files were derived from. Two clusters may
// follow the same files, and what one of them held says nothing of the other.
type Origin struct {
	// Cluster is the cluster's id; empty before the first apply made one.
	Cluster string `json:"cluster,omitempty"`
	// Topo is the address of its global topo, which stands in for the id
	// where that is not known.
	Topo string `json:"topo"`
}

func (o Origin) same(p Origin) bool {
	if o.Cluster != "" && p.Cluster != "" {
		return o.Cluster == p.Cluster
	}
	return o.Topo == p.Topo
}

// baseFile is what .vtsync/base/KEYSPACE.json holds.
type baseFile struct {
	Format   int    `json:"format"`
	Keyspace string `json:"keyspace"`
	Origin
	VSchema json.RawMessage `json:"vschema"`
}

// Base gives the VSchema that the keyspace's file was derived from: the one
// last pulled or applied. known is false where there is none, or one of
// another cluster only.
func (t Tree) Base(keyspace string, of Origin) (ks *vschema.Keyspace, known bool, err error) {
	path := t.Path(basePath(keyspace))
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the base of keyspace %s: %w", keyspace, err)
	}
	ks, known, err = decodeBase(data, keyspace, of)
	if err != nil {
		return nil, false, &errs.Invalid{
			Pos: errs.Position{File: path}, Msg: "the base file is damaged", Err: err,
			Next: "remove it, then run vtsync pull",
		}
	}
	return ks, known, nil
}

// decodeBase reads a base file strictly; known is false for another cluster's.
func decodeBase(data []byte, keyspace string, of Origin) (ks *vschema.Keyspace, known bool, err error) {
	var b baseFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		return nil, false, err
	}
	if _, more := dec.Token(); !errors.Is(more, io.EOF) {
		return nil, false, errors.New("data after its end")
	}
	if b.Format != baseFormat || b.Keyspace != keyspace {
		return nil, false, fmt.Errorf("it is of format %d for keyspace %q", b.Format, b.Keyspace)
	}
	if !b.same(of) {
		return nil, false, nil
	}
	ks, err = vschema.DecodeJSON(b.VSchema)
	return ks, err == nil, err
}

// SaveBase keeps what the keyspace's file is derived from.
func (t Tree) SaveBase(keyspace string, of Origin, ks *vschema.Keyspace) error {
	b := baseFile{Format: baseFormat, Keyspace: keyspace, Origin: of, VSchema: vschema.EncodeJSON(ks)}
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the base of keyspace %s: %w", keyspace, err)
	}
	// Bases belong to one person's checkout: they must not travel by git.
	if _, err := os.Stat(t.Path(".vtsync/.gitignore")); errors.Is(err, fs.ErrNotExist) {
		if err := t.Write(".vtsync/.gitignore", []byte("*\n")); err != nil {
			return err
		}
	}
	return t.Write(basePath(keyspace), append(data, '\n'))
}

func basePath(keyspace string) string { return ".vtsync/base/" + keyspace + ".json" }
