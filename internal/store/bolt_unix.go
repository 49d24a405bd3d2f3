//go:build unix

package store

import (
	"os"
	"syscall"
)

// unlock lets go of a file that bbolt locked and lost hold of: to close it is
// not enough while its memory map stands.
func unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
