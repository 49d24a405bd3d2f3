package topo

import (
	"context"
	"errors"
	"fmt"
	"path"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	topodatapb "vitess.io/vitess/go/vt/proto/topodata"
	vtopo "vitess.io/vitess/go/vt/topo"
)

var errClosed = errors.New("the topo connection is closed")

// closeGrace is how long Close waits for calls that were abandoned.
const closeGrace = time.Second

// Server is a connection to the topo of one cluster: its global cell, and the
// other cells as they are asked for. It is safe for concurrent use.
//
// It connects to each cell by itself rather than through Vitess's topo.Server,
// which dials under one mutex: there, one dead cell stalls all others.
type Server struct {
	opts    Options
	backend Backend
	global  vtopo.Conn

	// calls counts the calls that run, abandoned ones too: a connection of
	// Vitess's panics when it is used after it was closed.
	calls sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	cells  map[string]*cellConn
	// retired are connections to cells whose address has changed since.
	retired []*cellConn
	// left are the contents of locks that are not held any more and may stand.
	left map[string]bool
}

// cellConn is a connection to one cell, or the attempt to make one.
type cellConn struct {
	address, root string

	ready chan struct{} // closed when conn and err are set
	conn  vtopo.Conn
	err   error
}

// Open connects to the global topo server.
func Open(ctx context.Context, o Options) (*Server, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	backend, err := etcdBackend(o)
	if err != nil {
		return nil, err
	}
	return OpenBackend(ctx, backend, o)
}

// OpenBackend is Open for a kind of topo server that is not chosen by name.
func OpenBackend(ctx context.Context, b Backend, o Options) (*Server, error) {
	if o.CallTimeout == 0 {
		o.CallTimeout = DefaultCallTimeout
	}
	dial := func(context.Context) (vtopo.Conn, error) {
		return b.Factory.Create(vtopo.GlobalCell, o.Address, o.Root)
	}
	conn, err := bounded(ctx, o.CallTimeout, dial, vtopo.Conn.Close, func() {})
	if err != nil {
		return nil, readError("connect to "+o.URL(), err)
	}
	return &Server{opts: o, backend: b, global: conn, cells: map[string]*cellConn{}}, nil
}

// Close closes all connections. It waits a moment for calls that were
// abandoned; those that hang longer keep their connection until they return.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	conns := s.retired
	for _, c := range s.cells {
		conns = append(conns, c)
	}
	s.mu.Unlock()

	done := make(chan struct{})
	go func() {
		defer close(done)
		s.calls.Wait()
		s.global.Close()
		for _, c := range conns {
			<-c.ready
			if c.err == nil {
				c.conn.Close()
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(closeGrace):
	}
}

// run is bounded, for calls that use the server's connections.
func run[T any](ctx context.Context, s *Server, fn func(context.Context) (T, error), late func(T)) (T, error) {
	var zero T
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return zero, errClosed
	}
	s.calls.Add(1)
	s.mu.Unlock()
	return bounded(ctx, s.opts.CallTimeout, fn, late, s.calls.Done)
}

// conn gives the connection to a cell, dialling it where there is none yet.
// Callers that wait for the same cell share one dial, and nobody waits for
// another cell's.
func (s *Server) conn(ctx context.Context, cell string) (vtopo.Conn, error) {
	if cell == vtopo.GlobalCell {
		return s.global, nil
	}
	info, err := s.cellInfo(ctx, cell)
	if err != nil {
		return nil, err
	}
	c, err := s.cellConn(cell, info)
	if err != nil {
		return nil, err
	}
	select {
	case <-c.ready:
		return c.conn, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cellInfo reads where a cell's topo server is, each time: a cell can move.
func (s *Server) cellInfo(ctx context.Context, cell string) (*topodatapb.CellInfo, error) {
	raw, _, err := s.global.Get(ctx, path.Join(vtopo.CellsPath, cell, vtopo.CellInfoFile))
	if err != nil {
		return nil, err
	}
	info := &topodatapb.CellInfo{}
	if err := proto.Unmarshal(raw, info); err != nil {
		return nil, fmt.Errorf("decode the CellInfo of cell %s: %w", cell, err)
	}
	return info, nil
}

// cellConn finds or begins the connection to a cell.
func (s *Server) cellConn(cell string, info *topodatapb.CellInfo) (*cellConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if c, ok := s.cells[cell]; ok {
		if c.address == info.ServerAddress && c.root == info.Root && !c.failed() {
			return c, nil
		}
		s.retired = append(s.retired, c) // others may still be using it
	}
	c := &cellConn{address: info.ServerAddress, root: info.Root, ready: make(chan struct{})}
	s.cells[cell] = c
	go func() {
		defer close(c.ready)
		c.conn, c.err = s.backend.Factory.Create(cell, c.address, c.root)
	}()
	return c, nil
}

// failed tells that the dial has ended without a connection.
func (c *cellConn) failed() bool {
	select {
	case <-c.ready:
		return c.err != nil
	default:
		return false
	}
}
