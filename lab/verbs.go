package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vtsync/vtsync/lab/cluster"
)

// askTimeout bounds a question to the process that owns the cluster.
const askTimeout = 10 * time.Second

// build makes all that a cluster is started from. Where MySQL can't be had, it
// says so and goes on as the tests do, which skip what needs it, but not in CI.
func build(ctx context.Context, s settings, stderr io.Writer) error {
	err := cluster.Build(ctx, stderr, cluster.V23, !s.lite)
	if errors.Is(err, cluster.ErrNoMySQL) && !cluster.InCI() {
		return say(stderr, fmt.Sprintf("SKIPPED: %v\n", err))
	}
	return err
}

// up starts a process that owns a cluster and outlives this one.
func up(ctx context.Context, s settings, args []string, stdout, stderr io.Writer) error {
	if _, err := current(ctx, s); !errors.Is(err, errNotUp) {
		if err != nil {
			return err
		}
		return errors.New("the lab is up already; see: go run ./lab status")
	}
	if err := os.MkdirAll(s.state, 0o755); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := os.RemoveAll(stateFile(s.state)); err != nil { // of an owner that was killed
		return fmt.Errorf("lab: %w", err)
	}
	// Here, where a person sees what takes minutes the first time.
	if err := cluster.Build(ctx, stderr, cluster.V24, s.full); err != nil {
		return err
	}
	dead, err := launch(s, args)
	if err != nil {
		return err
	}
	for {
		if d, err := current(ctx, s); err == nil {
			return say(stdout, d.String())
		}
		select {
		case <-dead:
			log, _ := os.ReadFile(ownerLog(s))
			return fmt.Errorf("lab: did not start:\n%s", strings.TrimSpace(string(log)))
		case <-ctx.Done():
			return fmt.Errorf("lab: waiting for the cluster to start: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// launch runs `serve` detached, and returns a channel that is closed if it dies.
func launch(s settings, args []string) (<-chan struct{}, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	log, err := os.Create(ownerLog(s))
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	defer func() { _ = log.Close() }()                                 // the owner has its own copy
	owner := exec.Command(self, append([]string{"serve"}, args...)...) //nolint:noctx // it outlives this process
	owner.Stdout, owner.Stderr = log, log
	detach(owner)
	if err := owner.Start(); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	dead := make(chan struct{})
	go func() {
		_ = owner.Wait() // its log says why
		close(dead)
	}()
	return dead, nil
}

func status(ctx context.Context, s settings, stdout io.Writer) error {
	d, err := current(ctx, s)
	if err != nil {
		return err
	}
	return say(stdout, d.String())
}

// down stops the cluster and returns when its folder is gone, which is the last
// thing that its owner removes.
func down(ctx context.Context, s settings, stdout io.Writer) error {
	d, err := current(ctx, s)
	if errors.Is(err, errNotUp) {
		return say(stdout, "the lab is not up\n")
	}
	if err != nil {
		return err
	}
	if _, err := d.ask(ctx, "POST", "/stop"); err != nil {
		return err
	}
	err = cluster.Poll(ctx, func() error {
		if _, err := os.Stat(d.Dir); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("lab: %s is still there", d.Dir)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return say(stdout, "the lab is down\n")
}

// current describes the running cluster, or is errNotUp.
func current(ctx context.Context, s settings) (description, error) {
	noted, err := load(s.state)
	if err != nil {
		return description{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	body, err := noted.ask(ctx, "GET", "/status")
	if err != nil {
		return description{}, err
	}
	var d description
	if err := json.Unmarshal(body, &d); err != nil {
		return description{}, fmt.Errorf("lab: the running cluster answered something else: %w", err)
	}
	return d, nil
}

func say(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("lab: printing: %w", err)
	}
	return nil
}

func ownerLog(s settings) string { return filepath.Join(s.state, "up.log") }
