package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

const (
	// pollEvery is how often a condition is looked at that nothing announces.
	pollEvery = 5 * time.Millisecond
	// patience bounds every wait and every call whose caller set no shorter
	// limit: a lab that is slower than this hangs.
	patience = time.Minute
)

// waitHealthy returns when the gRPC server at addr says that it serves.
func waitHealthy(ctx context.Context, addr string) error {
	conn, err := grpc.NewClient("passthrough:///"+addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: pollEvery, Multiplier: 1, MaxDelay: pollEvery},
			MinConnectTimeout: time.Second,
		}))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	client := healthpb.NewHealthClient(conn)
	return Poll(ctx, func() error {
		r, err := client.Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err != nil {
			return err
		}
		if r.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			return fmt.Errorf("health of %s is %s", addr, r.GetStatus())
		}
		return nil
	})
}

// waitHTTP returns when the page answers 200.
func waitHTTP(ctx context.Context, url string) error {
	return Poll(ctx, func() error {
		_, err := get(ctx, url)
		return err
	})
}

// Poll tries until the condition holds, that is returns nil, or ctx ends, or
// a minute is over; then the error says what it returned last.
func Poll(ctx context.Context, condition func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		if pause(ctx, pollEvery) != nil {
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ports are taken from below those that systems give to outgoing connections:
// one of these could take the port of a process that is dead for a moment.
const lowestPort, highestPort = 10000, 32767

// freePorts finds n loopback ports that nobody listens on, and that were not
// given out before. They are free until another process takes them: Start tries
// again when that happens.
func (c *Cluster) freePorts(ctx context.Context, n int) ([]int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ports := make([]int, 0, n)
	var err error
	for range 100 * n {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		if c.ports[port] {
			continue
		}
		var l net.Listener
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", loopback(port)); err != nil {
			continue
		}
		_ = l.Close()
		c.ports[port] = true
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("lab: no free port: %w", err)
}

// httpClient keeps no connection, so that a stopped cluster leaves nothing.
var httpClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
