//go:build unix

package worktree

import (
	"errors"
	"os"
	"syscall"
)

// held takes the lock of a folder; true means that another has it.
func held(folder *os.File) bool {
	err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR)
}
