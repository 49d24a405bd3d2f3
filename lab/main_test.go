package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/vtsync/vtsync/lab/cluster"
)

// asMain makes this test binary the lab's own program, which `up` starts again.
const asMain = "VTSYNC_LAB_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// lab runs the program and returns what it printed.
func lab(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asMain+"=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// downIfFailed leaves no cluster behind where a test ends before its own down.
func downIfFailed(t *testing.T, state string) {
	t.Cleanup(func() {
		if t.Failed() {
			cmd := exec.Command(os.Args[0], "down", state) // the test's context is over
			cmd.Env = append(os.Environ(), asMain+"=1")
			_ = cmd.Run()
		}
	})
}

func TestUpStatusDown(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: this test starts a real Vitess cluster")
	}
	state := "--state=" + t.TempDir()
	if out, err := lab(t, "status", state); err == nil || !strings.Contains(out, "go run ./lab up") {
		t.Errorf("status before up gave %q, %v", out, err)
	}
	downIfFailed(t, state)
	out, err := lab(t, "up", state)
	if err != nil {
		t.Fatalf("up: %v\n%s", err, out)
	}
	for _, want := range []string{"topology   etcd2://127.0.0.1:", "vtgate     zone1: http", "vtgate     zone2: http", "GetKeyspaces"} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not print %q:\n%s", want, out)
		}
	}
	if out, err := lab(t, "up", state); err == nil || !strings.Contains(out, "up already") {
		t.Errorf("a second up gave %q, %v", out, err)
	}
	again, err := lab(t, "status", state)
	if err != nil || again != out {
		t.Errorf("status gave %v and\n%s\nwant what up printed:\n%s", err, again, out)
	}
	noted, err := load(strings.TrimPrefix(state, "--state="))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := lab(t, "down", state); err != nil || out != "the lab is down\n" {
		t.Errorf("down gave %q, %v", out, err)
	}
	for _, p := range noted.Processes {
		if err := syscall.Kill(p.PID, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s is still there after down: %v", p.Name, err)
		}
	}
	if out, err := lab(t, "down", state); err != nil || out != "the lab is not up\n" {
		t.Errorf("a second down gave %q, %v", out, err)
	}
}

// A full lab says where its tablets are, and leaves no process either.
func TestUpFull(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: this test starts a real Vitess cluster")
	}
	if err := cluster.Build(t.Context(), os.Stderr, cluster.V24, true); errors.Is(err, cluster.ErrNoMySQL) && !cluster.InCI() {
		t.Skip(err)
	}
	dir := t.TempDir()
	state := "--state=" + dir
	downIfFailed(t, state)
	out, err := lab(t, "up", "--full", "--shards=1", state)
	if err != nil {
		t.Fatalf("up: %v\n%s", err, out)
	}
	for _, want := range []string{"tablet     commerce/0: zone1-0000000100", "tablet     customer/-: zone1-0000000101", "mysqld-commerce-0", "mysql -u vt_dba -S "} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not print %q:\n%s", want, out)
		}
	}
	noted, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := lab(t, "down", state); err != nil || out != "the lab is down\n" {
		t.Errorf("down gave %q, %v", out, err)
	}
	for _, p := range noted.Processes {
		if err := syscall.Kill(p.PID, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s is still there after down: %v", p.Name, err)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"sideways"}, {"up", "--no-such-flag"}, {"down", "now"}, {"status", "--vtgates=2"}, {"up", "--full", "--empty"}, {"up", "--lite"}} {
		var out bytes.Buffer
		err := run(t.Context(), args, &out, &out)
		if err == nil || !strings.Contains(err.Error(), "usage: go run ./lab") {
			t.Errorf("lab %v gave %v, want its usage", args, err)
		}
	}
}
