//go:build unix

package worktree_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vtsync/vtsync/internal/worktree"
)

// TestAlone: one at a time, whoever else is at it, and nothing is left in the folder.
func TestAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var inside, most atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := worktree.At(dir).Alone(t.Context(), func() error {
				most.Store(max(most.Load(), inside.Add(1)))
				for range 1000 { // time enough for another to come in
					runtime.Gosched()
				}
				inside.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(dir)
	if most.Load() != 1 || err != nil || len(left) > 0 {
		t.Errorf("%d at once; left behind: %v, %v", most.Load(), left, err)
	}
}

// TestAloneAfterKill: whoever waits gives up when told so, and a process that is
// killed holds nothing.
func TestAloneAfterKill(t *testing.T) {
	if dir := os.Getenv("ALONE_IN"); dir != "" {
		_ = worktree.At(dir).Alone(t.Context(), func() error {
			fmt.Println("inside")
			select {}
		})
	}
	dir := t.TempDir()
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAloneAfterKill$", "-test.timeout=1m")
	holder.Env = append(os.Environ(), "ALONE_IN="+dir)
	says, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); line != "inside\n" { // it ends by itself after a minute
		t.Fatalf("the other process says %q, %v", line, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	never := func() error { t.Error("two are inside"); return nil }
	if err := worktree.At(dir).Alone(ctx, never); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another is inside: %v", err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	done := false
	if err := worktree.At(dir).Alone(t.Context(), func() error { done = true; return nil }); err != nil || !done {
		t.Errorf("after it was killed: %v", err)
	}
}
