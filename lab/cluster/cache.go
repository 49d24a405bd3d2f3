package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// unusedFor is how long a folder of the cache is kept that no lab has started
// from.
const unusedFor = 7 * 24 * time.Hour

// cache is the folder of the user's with all that a lab starts from: built
// programs, MySQL, its empty data. It is open to one process at a time.
type cache struct {
	dir    string
	unlock func()
}

// openCache waits until no other process has the cache open.
func openCache(ctx context.Context) (*cache, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("lab: no folder to keep the built programs in: %w", err)
	}
	dir := filepath.Join(user, "vtsync-lab")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	unlock, err := lockFile(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return nil, err
	}
	return &cache{dir: dir, unlock: unlock}, nil
}

// close drops what no lab uses any more, and lets other processes in.
func (c *cache) close() {
	removeUnused(c.dir, time.Now())
	c.unlock()
}

// folder finds a folder made, or has it made: in one beside it that is renamed
// when it is whole, so that whatever exists is whole. The maker gets both
// names: where to write, and where it will be.
func (c *cache) folder(name string, make func(tmp, final string) error) (string, error) {
	dir := filepath.Join(c.dir, name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		tmp := dir + ".tmp"
		if err := os.RemoveAll(tmp); err != nil {
			return "", fmt.Errorf("lab: %w", err)
		}
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return "", fmt.Errorf("lab: %w", err)
		}
		if err := make(tmp, dir); err != nil {
			return "", err
		}
		if err := os.Rename(tmp, dir); err != nil {
			return "", fmt.Errorf("lab: %w", err)
		}
	}
	now := time.Now()
	if err := os.Chtimes(dir, now, now); err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	return dir, nil
}

// lockFile takes an exclusive lock that the kernel drops if this process dies.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("lab: locking %s: %w", path, err)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lab: waiting for another process to build the programs: %w", err)
		}
	}
}

// removeUnused drops old folders. It may fail: they cost space only.
func removeUnused(dir string, now time.Time) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && now.Sub(info.ModTime()) > unusedFor {
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}
