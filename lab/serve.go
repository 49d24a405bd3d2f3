package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/vtsync/vtsync/lab/cluster"
)

// serve owns a cluster until it is asked to stop, by signal or by socket. The
// cluster lives in this process: its proxies run here, and it dies with it.
func serve(ctx context.Context, s settings, log io.Writer) (err error) {
	options := cluster.Options{VTGatesPerCell: s.vtgates, GlobalMembers: s.members, Log: log}
	if s.full {
		options.Keyspaces = cluster.Shop(s.shards)
	}
	c, err := cluster.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	if !s.full && !s.empty {
		if err := c.Commerce(ctx, s.shards); err != nil {
			return err
		}
	}

	socket := filepath.Join(c.Dir(), "control.sock")
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(describe(c, socket)) // the client is gone
	})
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { stop() })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { _ = os.Remove(stateFile(s.state)) }()

	if err := describe(c, socket).save(s.state); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case err := <-served:
		return fmt.Errorf("lab: control socket: %w", err)
	}
	// The answer to /stop is on its way: let it out, but not for long.
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		return fmt.Errorf("lab: control socket: %w", err)
	}
	return nil
}

// ask calls the process that owns the cluster. An error that is errNotUp means
// that there is none.
func (d description) ask(ctx context.Context, method, path string) ([]byte, error) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "unix", d.Control)
		if err != nil {
			return nil, errors.Join(errNotUp, err)
		}
		return conn, nil
	}}
	req, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, fmt.Errorf("lab: asking the running cluster: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("lab: asking the running cluster: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("lab: the running cluster answered %s to %s", resp.Status, path)
	}
	return body, nil
}
