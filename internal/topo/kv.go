package topo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	vtopo "vitess.io/vitess/go/vt/topo"

	"github.com/vtsync/vtsync/internal/errs"
	"github.com/vtsync/vtsync/internal/planes"
)

// WriteKeyspace sends one compare-and-swap of a keyspace's VSchema in the
// global topo. The package comment says what comes back.
func (s *Server) WriteKeyspace(ctx context.Context, ks string, value []byte, tok planes.Token) (planes.Token, error) {
	if err := checkName("keyspace", ks); err != nil {
		return planes.Token{}, err
	}
	return s.write(ctx, KeyspaceRef(ks), value, tok)
}

// WriteCell sends one compare-and-swap of a cell's SrvVSchema.
func (s *Server) WriteCell(ctx context.Context, cell string, value []byte, tok planes.Token) (planes.Token, error) {
	return s.write(ctx, CellRef(cell), value, tok)
}

// Get reads the record at a path in the global topo. One that does not exist
// is nil with the absent token.
func (s *Server) Get(ctx context.Context, p string) ([]byte, planes.Token, error) {
	return s.get(ctx, GlobalRef(p))
}

// Put sends one compare-and-swap of the record at a path in the global topo.
func (s *Server) Put(ctx context.Context, p string, value []byte, tok planes.Token) (planes.Token, error) {
	return s.write(ctx, GlobalRef(p), value, tok)
}

// List gives the names in a directory of the global topo, sorted; none where
// there is no such directory.
func (s *Server) List(ctx context.Context, dir string) ([]string, error) {
	ref := GlobalRef(dir)
	if err := ref.check(); err != nil {
		return nil, err
	}
	entries, err := run(ctx, s, func(ctx context.Context) ([]vtopo.DirEntry, error) {
		return s.global.ListDir(ctx, dir, false)
	}, nil)
	switch err = readError("list "+ref.String(), err); {
	case errors.Is(err, errs.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	names := vtopo.DirEntriesToStringArray(entries)
	slices.Sort(names)
	return names, nil
}

// Delete sends one compare-and-delete of the record at a path in the global
// topo. A record that does not exist any more is errs.ErrNotFound.
func (s *Server) Delete(ctx context.Context, p string, tok planes.Token) error {
	ref := GlobalRef(p)
	what := "delete " + ref.String()
	version, err := s.version(ref, what, tok)
	if err != nil {
		return err
	}
	if version == nil {
		return fmt.Errorf("%s: it was absent when it was read: %w", what, errs.ErrNotFound)
	}
	_, err = run(ctx, s, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.global.Delete(ctx, p, version)
	}, nil)
	if vtopo.IsErrType(err, vtopo.NoNode) {
		return fmt.Errorf("%s: %w", what, errs.ErrNotFound)
	}
	return writeError(what, err)
}

// get reads one record with its token.
func (s *Server) get(ctx context.Context, ref Ref) ([]byte, planes.Token, error) {
	if err := ref.check(); err != nil {
		return nil, planes.Token{}, err
	}
	type record struct {
		value   []byte
		version vtopo.Version
	}
	got, err := run(ctx, s, func(ctx context.Context) (record, error) {
		conn, err := s.conn(ctx, ref.Cell)
		if err != nil {
			return record{}, unreachable{ref.Cell, err}
		}
		value, version, err := conn.Get(ctx, ref.Path)
		return record{value, version}, err
	}, nil)
	far, isFar := errors.AsType[unreachable](err)
	switch {
	case isFar:
		return nil, planes.Token{}, far.translate("read " + ref.String())
	case vtopo.IsErrType(err, vtopo.NoNode):
		return nil, planes.Absent(), nil
	case err != nil:
		return nil, planes.Token{}, readError("read "+ref.String(), err)
	}
	return got.value, tokenOf(got.version, got.value), nil
}

// write sends one compare-and-swap: a create for the absent token, an update
// of exactly that version for any other. It never sends it twice.
func (s *Server) write(ctx context.Context, ref Ref, value []byte, tok planes.Token) (planes.Token, error) {
	what := "write " + ref.String()
	version, err := s.version(ref, what, tok)
	if err != nil {
		return planes.Token{}, err
	}
	conn, err := run(ctx, s, func(ctx context.Context) (vtopo.Conn, error) { return s.conn(ctx, ref.Cell) }, nil)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return planes.Token{}, unreachable{ref.Cell, err}.translateWrite(what)
	}
	landed, err := run(ctx, s, func(ctx context.Context) (vtopo.Version, error) {
		if version == nil {
			return conn.Create(ctx, ref.Path, value)
		}
		return conn.Update(ctx, ref.Path, value, version)
	}, nil)
	if err != nil {
		return planes.Token{}, writeError(what, err)
	}
	return tokenOf(landed, value), nil
}

// version reads the version that a write is decided on; nil for absent.
func (s *Server) version(ref Ref, what string, tok planes.Token) (vtopo.Version, error) {
	if err := ref.check(); err != nil {
		return nil, err
	}
	if tok.IsZero() {
		return nil, fmt.Errorf("%s: %w", what, errNoToken)
	}
	if tok.IsAbsent() {
		return nil, nil
	}
	v, err := s.backend.ParseVersion(tok.Version)
	if err != nil || tok.Hash == "" {
		return nil, &errs.Invalid{
			Msg:  what + ": damaged token",
			Next: "plan again: the plan or the record that held it is damaged",
			Err:  err,
		}
	}
	return v, nil
}

// unreachable is the error of not even getting to a cell.
type unreachable struct {
	cell string
	err  error
}

func (u unreachable) Error() string { return u.err.Error() }

// translate tells a cell that does not exist from one that is silent.
func (u unreachable) translate(what string) error {
	if vtopo.IsErrType(u.err, vtopo.NoNode) {
		return fmt.Errorf("%s: cell %s: %w", what, u.cell, errs.ErrNotFound)
	}
	return readError(what+": connect to cell "+u.cell, u.err)
}

// translateWrite is translate for a write, which did not leave this process.
func (u unreachable) translateWrite(what string) error {
	err := u.translate(what)
	if silent, ok := errors.AsType[*errs.Unknown](err); ok {
		silent.Err = fmt.Errorf("%w: %w", errs.ErrNotSent, silent.Err)
	}
	return err
}
