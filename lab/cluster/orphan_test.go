//go:build linux

package cluster_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/vtsync/vtsync/lab/cluster"
)

// ownsACluster makes TestOwner the process that TestNoOrphans kills.
const ownsACluster = "VTSYNC_LAB_TEST_OWNER"

// TestOwner is not a test of its own: it starts a cluster, prints the pids of
// its processes, and waits to be killed.
func TestOwner(t *testing.T) {
	if os.Getenv(ownsACluster) == "" {
		t.Skip("run by TestNoOrphans")
	}
	c := cluster.FullT(t, cluster.Options{Cells: []string{"zone1"}, Keyspaces: cluster.Shop(1)[:1]})
	for _, p := range c.Processes() {
		fmt.Printf("pid %d\n", p.PID())
	}
	fmt.Println("all")
	select {}
}

func TestNoOrphans(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: this test starts a real Vitess cluster")
	}
	// Here, where it is seen why the owner would start nothing.
	if err := cluster.Build(t.Context(), os.Stderr, cluster.V24, true); errors.Is(err, cluster.ErrNoMySQL) {
		t.Skip(err)
	}
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOwner$")
	owner.Env = append(os.Environ(), ownsACluster+"=1", "TMPDIR="+t.TempDir())
	owner.Stderr = os.Stderr
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "all"; {
		if text, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
			pid, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // killed, as we wanted
	if len(pids) != 6 {
		t.Fatalf("the owner started %v, want two etcds, vtctld, a mysqld, a vttablet and a vtgate", pids)
	}
	for _, pid := range pids {
		err := cluster.Poll(t.Context(), func() error {
			if gone(pid) {
				return nil
			}
			return fmt.Errorf("process %d outlived its owner", pid)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// gone says whether a process is dead, though nobody may have waited for it.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}
