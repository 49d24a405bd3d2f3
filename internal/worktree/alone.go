package worktree

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/vtsync/vtsync/internal/errs"
)

const (
	aloneAgain = 20 * time.Millisecond
	aloneWait  = time.Minute
)

// Alone calls do while nobody else is in Alone for the same folder, in this process
// or in another one: what do reads of the folder stays true until it has written. The
// lock is on the folder itself, so no file is left behind, and the operating system
// ends it with the process. Where a folder cannot be locked, nobody waits.
func (t Tree) Alone(ctx context.Context, do func() error) (err error) {
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return err
	}
	folder, err := os.Open(t.dir)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // which ends the lock
	wait, cancel := context.WithTimeout(ctx, aloneWait)
	defer cancel()
	for held(folder) {
		select {
		case <-wait.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("wait for the folder %s: %w", t.dir, ctx.Err())
			}
			return &errs.Conflict{Msg: fmt.Sprintf("another vtsync has been writing in %s for %s", t.dir, aloneWait), Next: "end it, or try again"}
		case <-time.After(aloneAgain):
		}
	}
	return do()
}
