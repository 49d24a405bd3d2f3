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
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/lab/cluster"
)

const (
	// labState is where `go run ./lab` notes how to reach its cluster.
	labState = ".lab"
	// module is where the programs are, wherever in it this one was started.
	module = "github.com/vtsync/vtsync"
	// customerShards are enough that a scatter differs from a lookup.
	customerShards = 4
)

// stage is where the story plays: a cluster, the programs in one folder, and
// the folder of files beside it.
type stage struct {
	Topo         string           `json:"topo"`
	VTCtld       string           `json:"vtctld"`
	VTCtldClient string           `json:"vtctldclient"` // path of the program
	VTGates      []cluster.VTGate `json:"vtgates"`

	bin, repo string
	// end stops the cluster and removes the folders; nil where they are kept.
	end func() error
}

// newStage builds vtsync and starts a cluster: in this process, with which it
// ends however that ends; or, to be kept, as `go run ./lab up` does.
func newStage(ctx context.Context, keep bool, log io.Writer) (_ *stage, err error) {
	st := &stage{}
	dir, err := st.folder(keep)
	if err != nil {
		return nil, err
	}
	st.bin, st.repo = filepath.Join(dir, "bin"), filepath.Join(dir, "repo")
	remove := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			err = errors.Join(err, remove())
		}
	}()
	for _, d := range []string{st.bin, st.repo} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return nil, err
		}
	}
	if err := goRun(ctx, log, "build", "-o", st.bin, module+"/cmd/vtsync"); err != nil {
		return nil, err
	}
	if keep {
		err = st.borrow(ctx, log)
	} else {
		err = st.own(ctx, log, remove)
	}
	if err != nil {
		return nil, err
	}
	if err := st.furnish(); err != nil {
		return nil, errors.Join(err, st.leave(ctx, io.Discard))
	}
	return st, nil
}

// folder makes the folder of the programs and files.
func (st *stage) folder(keep bool) (string, error) {
	if !keep {
		return os.MkdirTemp("", "vtsync-demo-")
	}
	dir, err := filepath.Abs(filepath.Join(labState, "demo"))
	if err != nil {
		return "", err
	}
	if err := os.RemoveAll(dir); err != nil { // of the demo before
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// own starts a cluster in this process.
func (st *stage) own(ctx context.Context, log io.Writer, remove func() error) error {
	c, err := cluster.Start(ctx, cluster.Options{Log: log})
	if err != nil {
		return err
	}
	if err := c.Commerce(ctx, customerShards); err != nil {
		return errors.Join(err, c.Stop())
	}
	st.Topo, st.VTCtld, st.VTCtldClient, st.VTGates = c.Topo(), c.VTCtld(), c.VTCtldClientPath(), c.VTGates()
	st.end = func() error { return errors.Join(c.Stop(), remove()) }
	return nil
}

// borrow starts a cluster that outlives this process.
func (st *stage) borrow(ctx context.Context, log io.Writer) error {
	if err := goRun(ctx, log, "run", module+"/lab", "up", "--shards", strconv.Itoa(customerShards), "--state", labState); err != nil {
		return err
	}
	noted, err := os.ReadFile(filepath.Join(labState, "state.json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(noted, st)
}

// goRun runs the go command; what it prints is told where it fails.
func goRun(ctx context.Context, log io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, io.MultiWriter(&output, log)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(output.String()))
	}
	return nil
}

// furnish puts vtctldclient beside vtsync, and the config into the folder of
// files.
func (st *stage) furnish() error {
	if err := os.Symlink(st.VTCtldClient, filepath.Join(st.bin, "vtctldclient")); err != nil {
		return err
	}
	var config strings.Builder
	fmt.Fprintf(&config, "clusters:\n  demo:\n    topo: %s\n    vtgates:\n", st.Topo)
	for _, g := range st.VTGates {
		fmt.Fprintf(&config, "      - %s\n", g.HTTP)
	}
	return os.WriteFile(filepath.Join(st.repo, "vtsync.yaml"), []byte(config.String()), 0o644)
}

// env is that of the commands: the programs first in the path, and nothing
// that would turn their telemetry on.
func (st *stage) env() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PATH=") && !strings.HasPrefix(v, "OTEL_") {
			env = append(env, v)
		}
	}
	return append(env, "PATH="+st.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// leave takes the stage down, or tells how to use it and how to take it down.
func (st *stage) leave(ctx context.Context, out io.Writer) error {
	if st.end != nil {
		return st.end()
	}
	status := exec.CommandContext(context.WithoutCancel(ctx), "go", "run", module+"/lab", "status", "--state", labState)
	described, err := status.Output()
	if err != nil {
		return fmt.Errorf("go run ./lab status: %w", err)
	}
	_, err = fmt.Fprintf(out, `
The cluster is still up:

%s
vtsync and vtctldclient, with the files of the demo:
  export PATH=%s:$PATH
  cd %s
  vtsync status

take it down:
  go run ./lab down
`, described, st.bin, st.repo)
	return err
}
