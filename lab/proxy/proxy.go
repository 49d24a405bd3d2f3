// Package proxy stands between one client process and one etcd, and makes the
// faults that a network makes: a request or a reply lost, a request that lands
// after its client gave up, a server cut off, frozen or slow.
//
// It speaks gRPC, because a proxy of bytes can't make the most dangerous fault:
// a client that gives up resets its stream, and bytes held back arrive together
// with the reset. Here a request is taken whole and forwarded by the proxy's
// own context. It knows etcd's protocol but nothing of Vitess or vtsync, and
// must import neither.
package proxy

import (
	"context"
	"fmt"
	"math"
	"net"
	"regexp"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Proxy forwards one client's calls to one etcd. Its methods may be called
// concurrently.
type Proxy struct {
	client, server string
	listener       *listener
	grpc           *grpc.Server
	upstream       *grpc.ClientConn
	served         chan struct{} // closed when grpc.Serve has returned

	// ctx lives as long as the proxy. Calls that outlive their client use it.
	ctx  context.Context
	stop context.CancelFunc

	mu     sync.Mutex // guards all below
	rules  []*Armed
	hooks  []Hook
	writes int
}

// New starts a proxy on a free loopback port in front of the etcd at target.
// The names of client and server appear in events only.
func New(client, server, target string) (*Proxy, error) {
	upstream, err := grpc.NewClient("passthrough:///"+target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(
			grpc.ForceCodecV2(rawCodec{}),
			grpc.MaxCallRecvMsgSize(math.MaxInt32),
			grpc.MaxCallSendMsgSize(math.MaxInt32)),
		// An etcd that is back is found at once, whatever gRPC's patience.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 10 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond},
			MinConnectTimeout: time.Second,
		}))
	if err != nil {
		return nil, fmt.Errorf("proxy of %s to %s at %s: %w", client, server, target, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	tcp, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		stop()
		_ = upstream.Close()
		return nil, fmt.Errorf("proxy of %s to %s: %w", client, server, err)
	}
	p := &Proxy{
		client:   client,
		server:   server,
		listener: &listener{Listener: tcp, conns: map[*conn]struct{}{}},
		upstream: upstream,
		served:   make(chan struct{}),
		ctx:      ctx,
		stop:     stop,
	}
	p.grpc = grpc.NewServer(
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.UnknownServiceHandler(p.handle),
		grpc.MaxRecvMsgSize(math.MaxInt32),
		grpc.MaxSendMsgSize(math.MaxInt32),
		grpc.WaitForHandlers(true),
		// etcd allows its clients to ping as often as they like.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Millisecond, PermitWithoutStream: true}),
	)
	go func() {
		defer close(p.served)
		_ = p.grpc.Serve(p.listener) // returns when Close stops it
	}()
	return p, nil
}

// Addr is where the client dials.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cut closes every connection and refuses new ones, as if the etcd were dead.
func (p *Proxy) Cut() { p.listener.set(cut) }

// Freeze keeps connections open but moves no byte in either direction, as if
// the etcd were stopped. What the etcd answers meanwhile arrives after Restore.
func (p *Proxy) Freeze() { p.listener.set(frozen) }

// Restore ends Cut and Freeze. Rules stay armed.
func (p *Proxy) Restore() { p.listener.set(open) }

// Arm adds a rule. Where several rules match a call, the one armed first that
// still has something to do decides.
func (p *Proxy) Arm(r Rule) *Armed {
	a := &Armed{
		rule:   r,
		method: regexp.MustCompile(r.Method),
		key:    regexp.MustCompile(r.Key),
		proxy:  p,
		hits:   make(chan *Hit, maxUnreadHits),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, a)
	return a
}

// Disarm removes every rule. Calls that are held stay held.
func (p *Proxy) Disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// OnWrite adds a hook that sees every write twice: before it is forwarded and
// before its reply is returned. The call waits for the hook. Hooks run in the
// order in which they were added, and the first Drop decides.
func (p *Proxy) OnWrite(h Hook) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = append(p.hooks, h)
}

// Close stops the proxy, drops what is held or delayed, and waits for its
// goroutines. Hooks that block must have been let go before.
func (p *Proxy) Close() error {
	p.stop()
	p.Restore() // a frozen connection would not notice that it is closed
	p.grpc.Stop()
	<-p.served
	return p.upstream.Close()
}
