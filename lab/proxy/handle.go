package proxy

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// errNotForwarded is the end of a call that the etcd never sees.
var errNotForwarded = errors.New("proxy: the request was not forwarded")

// streaming are etcd's methods that are not one request and one reply. They
// pass through untouched.
var streaming = map[string]bool{
	"Watch/Watch":          true,
	"Lease/LeaseKeepAlive": true,
	"Maintenance/Snapshot": true,
	"Election/Observe":     true,
}

// handle serves every method of every service.
func (p *Proxy) handle(_ any, stream grpc.ServerStream) error {
	full, ok := grpc.MethodFromServerStream(stream)
	if !ok {
		return status.Error(codes.Internal, "proxy: a stream without a method")
	}
	if streaming[shortMethod(full)] {
		return p.pump(full, stream)
	}
	return p.unary(full, stream)
}

// request is one unary call on its way.
type request struct {
	full   string // the method as gRPC spells it
	body   message
	call   Call
	stream grpc.ServerStream // where the reply goes
}

// unary forwards one call, or does what a rule says instead.
func (p *Proxy) unary(full string, stream grpc.ServerStream) error {
	r := request{full: full, stream: stream}
	if err := stream.RecvMsg(&r.body); err != nil {
		return err
	}
	r.call = decode(shortMethod(full), r.body)
	r.call.Client, r.call.Server = p.client, p.server
	if from, ok := peer.FromContext(stream.Context()); ok {
		r.call.Peer = from.Addr.String()
	}
	fault, hit := p.match(r.call)
	if hit == nil {
		return p.forward(stream.Context(), r)
	}
	return p.suffer(fault, hit, r)
}

// match finds the rule that hits the call, if any.
func (p *Proxy) match(c Call) (Fault, *Hit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.rules {
		if !a.take(c) {
			continue
		}
		hit := newHit(c)
		select {
		case a.hits <- hit:
		default: // nobody reads them
		}
		return a.rule.Fault, hit
	}
	return Fault{}, nil
}

// suffer does to the call what the fault says, and ends its hit.
func (p *Proxy) suffer(fault Fault, hit *Hit, r request) error {
	client := r.stream.Context()
	// own outlives the client, keeps its metadata, and ends with the proxy.
	own, cancel := context.WithCancel(context.WithoutCancel(client))
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()

	ctx, pass := own, true
	switch fault.kind {
	case refuse:
		hit.finish(errNotForwarded)
		return status.Error(codes.Unavailable, "proxy: refused")
	case dropRequest:
		pass = false
	case dropReply:
		err := p.forward(own, request{full: r.full, body: r.body, call: r.call})
		hit.finish(err)
		return p.silence(client)
	case delay:
		pass = pause(own, fault.wait)
	case slow:
		ctx, pass = client, pause(client, fault.wait)
	case hold:
		select {
		case pass = <-hit.release:
		case <-own.Done():
			pass = false
		}
	}
	if !pass {
		hit.finish(errNotForwarded)
		return p.silence(client)
	}
	err := p.forward(ctx, r)
	hit.finish(err)
	return err
}

// silence gives no answer for as long as the client waits for one.
func (p *Proxy) silence(client context.Context) error {
	select {
	case <-client.Done():
		return status.FromContextError(client.Err()).Err()
	case <-p.ctx.Done():
		return status.Error(codes.Unavailable, "proxy: closed")
	}
}

// forward sends the call to the etcd and its reply to the client, if there is
// one that still waits. The error is the etcd's.
func (p *Proxy) forward(ctx context.Context, r request) error {
	event := WriteEvent{Call: r.call, Stage: BeforeForward}
	if r.call.Write {
		p.mu.Lock()
		p.writes++
		event.N = p.writes
		p.mu.Unlock()
		if p.tell(event) == Drop {
			return p.unanswered(r, errNotForwarded)
		}
	}

	var (
		reply           message
		header, trailer metadata.MD
	)
	err := p.upstream.Invoke(outgoing(ctx), r.full, &r.body, &reply, grpc.Header(&header), grpc.Trailer(&trailer))

	if r.call.Write {
		event.Stage, event.Err = BeforeReply, err
		if err == nil {
			event.Landed, event.Revision = landed(r.call.Method, reply)
		}
		if p.tell(event) == Drop {
			return p.unanswered(r, err)
		}
	}
	if r.stream == nil {
		return err
	}
	r.stream.SetTrailer(trailer)
	if err != nil {
		return err
	}
	// A client that is gone does not change what the etcd did.
	if r.stream.SetHeader(header) == nil {
		_ = r.stream.SendMsg(&reply)
	}
	return nil
}

// unanswered ends a call that a hook dropped.
func (p *Proxy) unanswered(r request, err error) error {
	if r.stream != nil {
		return p.silence(r.stream.Context())
	}
	return err
}

// pump moves the messages of a stream both ways until either end is done.
func (p *Proxy) pump(full string, down grpc.ServerStream) error {
	ctx, cancel := context.WithCancel(outgoing(down.Context()))
	defer cancel()
	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	up, err := p.upstream.NewStream(ctx, desc, full)
	if err != nil {
		return err
	}
	// Ends with down, which ends when this handler returns.
	go func() {
		for {
			var m message
			err := down.RecvMsg(&m)
			if errors.Is(err, io.EOF) {
				_ = up.CloseSend() // the other direction reports any error
				return
			}
			if err != nil || up.SendMsg(&m) != nil {
				cancel()
				return
			}
		}
	}()
	return pumpDown(up, down)
}

func pumpDown(up grpc.ClientStream, down grpc.ServerStream) error {
	for {
		var m message
		if err := up.RecvMsg(&m); err != nil {
			down.SetTrailer(up.Trailer())
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := down.SendMsg(&m); err != nil {
			return err
		}
	}
}

// outgoing passes the client's metadata on, such as etcd's require-leader.
func outgoing(ctx context.Context) context.Context {
	md, ok := metadata.FromIncomingContext(ctx)
	if !ok {
		return ctx
	}
	return metadata.NewOutgoingContext(ctx, md.Copy())
}

// pause waits for d and says whether ctx outlived it.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
