// Package vtctld is the adapter to a cluster's vtctld, over plain gRPC: it reads
// what MySQL holds on each shard, the migrations that change it and the
// workflows that move it. It decides nothing, and speaks Vitess's protos only:
// it must not import Vitess's topo or planner, nor the runner, cli or app.
//
// Foreign errors are translated here, once. Every RPC has a deadline of its own
// beside the caller's: Vitess's own client allows an hour.
package vtctld

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	vtctlservicepb "vitess.io/vitess/go/vt/proto/vtctlservice"

	"github.com/vtsync/vtsync/internal/errs"
)

// DefaultTimeout bounds one RPC.
const DefaultTimeout = 10 * time.Second

const (
	// parallel bounds the RPCs that one look has in flight.
	parallel = 16
	// lookTimeouts is how many timeouts of an RPC one look may take in all: a
	// vtctld that hangs must not hold it up once per shard.
	lookTimeouts = 3
	// maxAnswer bounds an answer. vtctld itself sends no more than 16 MiB unless
	// it is told to (--grpc-max-message-size).
	maxAnswer = 64 << 20
)

var tracer = otel.Tracer("github.com/vtsync/vtsync/internal/vtctld")

// Options say which vtctld to talk to, and how.
type Options struct {
	Address string // HOST:PORT of its gRPC server
	// User and Password are those of static authentication. They are sent in
	// plain text where there is no TLS, as vtctldclient does.
	User, Password string
	TLS            *tls.Config   // nil means plain text
	Timeout        time.Duration // of one RPC; zero means DefaultTimeout
}

// Client talks to one vtctld. Its methods may be called concurrently.
type Client struct {
	address string
	timeout time.Duration
	conn    *grpc.ClientConn
	rpc     vtctlservicepb.VtctldClient
}

// New checks the options. Nothing is dialled before the first call.
func New(o Options) (*Client, error) {
	if err := checkAddress(o.Address); err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if o.TLS != nil {
		transport = credentials.NewTLS(o.TLS)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		// A server of Vitess closes connections that ping more often than each
		// 10 s (--grpc-server-keepalive-enforcement-policy-min-time).
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 15 * time.Second, Timeout: 5 * time.Second}),
		// A vtctld that was restarted is found again soon: gRPC's own backoff
		// grows to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if o.User != "" {
		options = append(options, grpc.WithPerRPCCredentials(staticAuth{o.User, o.Password}))
	}
	conn, err := grpc.NewClient(o.Address, options...)
	if err != nil {
		return nil, &errs.Invalid{Msg: fmt.Sprintf("vtctld address %q", o.Address), Next: addressForm, Err: err}
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return &Client{
		address: o.Address,
		timeout: o.Timeout,
		conn:    conn,
		rpc:     vtctlservicepb.NewVtctldClient(conn),
	}, nil
}

const addressForm = "give it as HOST:PORT, the port of its gRPC server (--grpc-port)"

func checkAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err == nil && host == "" {
		err = fmt.Errorf("no host")
	}
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return &errs.Invalid{Msg: fmt.Sprintf("vtctld address %q", address), Next: addressForm, Err: err}
	}
	return nil
}

// Address is that of the vtctld.
func (c *Client) Address() string { return c.address }

// Close ends the connection, and every call in flight.
func (c *Client) Close() error { return c.conn.Close() }

// call makes one RPC within its deadline and a span. What says what it is for,
// as the errors name it: "list the workflows of keyspace customer".
func call[Req, Resp any](
	ctx context.Context, c *Client, name, what string,
	method func(context.Context, Req, ...grpc.CallOption) (Resp, error), req Req,
) (Resp, error) {
	ctx, span := tracer.Start(ctx, "vtctld."+name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attribute.String("server.address", c.address)))
	defer span.End()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := method(ctx, req)
	if err != nil {
		err = c.translate(name, what, err)
		span.SetStatus(otelcodes.Error, err.Error())
	}
	return resp, err
}

// staticAuth gives each RPC the metadata that Vitess's static authentication
// reads.
type staticAuth struct{ user, password string }

func (a staticAuth) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"username": a.user, "password": a.password}, nil
}

// RequireTransportSecurity leaves the choice to the one who configures, as
// vtctldclient does.
func (a staticAuth) RequireTransportSecurity() bool { return false }
