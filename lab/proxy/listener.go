package proxy

import (
	"net"
	"sync"
)

// link is the state of the wire between the client and the proxy.
type link int

const (
	open   link = iota
	cut         // closed, and new connections are closed at once
	frozen      // open, but nothing moves
)

// listener hands out connections that can be cut and frozen together. The port
// stays ours all the time, so that nobody else can take it meanwhile.
type listener struct {
	net.Listener

	mu    sync.Mutex // guards all below
	link  link
	thaw  chan struct{} // closed when frozen ends; nil unless frozen
	conns map[*conn]struct{}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if wrapped := l.admit(c); wrapped != nil {
			return wrapped, nil
		}
	}
}

func (l *listener) admit(c net.Conn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.link == cut {
		_ = c.Close()
		return nil
	}
	wrapped := &conn{Conn: c, listener: l, closed: make(chan struct{})}
	l.conns[wrapped] = struct{}{}
	return wrapped
}

func (l *listener) set(to link) {
	l.mu.Lock()
	if l.thaw != nil && to != frozen {
		close(l.thaw)
		l.thaw = nil
	}
	if l.thaw == nil && to == frozen {
		l.thaw = make(chan struct{})
	}
	l.link = to
	var drop []*conn
	if to == cut {
		for c := range l.conns {
			drop = append(drop, c)
		}
	}
	l.mu.Unlock()
	for _, c := range drop {
		_ = c.Close()
	}
}

// frozen returns a channel to wait for, or nil if bytes may move.
func (l *listener) frozen() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.thaw
}

// conn is one connection of the client.
type conn struct {
	net.Conn
	listener *listener
	once     sync.Once
	closed   chan struct{}
}

// Read implements net.Conn. Bytes that arrive while the link is frozen are
// handed on when it thaws.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if waitErr := c.wait(); waitErr != nil {
		return 0, waitErr
	}
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *conn) wait() error {
	for {
		thaw := c.listener.frozen()
		if thaw == nil {
			return nil
		}
		select {
		case <-thaw:
		case <-c.closed:
			return net.ErrClosed
		}
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.listener.mu.Lock()
		delete(c.listener.conns, c)
		c.listener.mu.Unlock()
	})
	return c.Conn.Close()
}
