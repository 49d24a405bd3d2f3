package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// vitessModule is the module of the programs, below the root of ours.
	vitessModule = "lab/v24"
	ownModule    = "module github.com/vtsync/vtsync\n"
	// unusedFor is how long a build is kept that no lab has started from.
	unusedFor = 7 * 24 * time.Hour
)

// programs are the paths of what the lab runs.
type programs struct{ vtlab, vtctldclient string }

// Build makes the programs that a cluster starts, or finds them made, so that a
// later Start takes no time for it. What it is doing goes to log.
func Build(ctx context.Context, log io.Writer) error {
	_, err := build(ctx, log)
	return err
}

// build makes the programs, or finds them made: they are kept in the user's
// cache folder under the hash of their sources and of the toolchain. Processes
// that build at the same time wait for the first of them.
func build(ctx context.Context, log io.Writer) (programs, error) {
	root, err := moduleRoot()
	if err != nil {
		return programs{}, err
	}
	src := filepath.Join(root, filepath.FromSlash(vitessModule))
	sum, err := sourceHash(ctx, src)
	if err != nil {
		return programs{}, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return programs{}, fmt.Errorf("lab: no folder to keep the built programs in: %w", err)
	}
	cache = filepath.Join(cache, "vtsync-lab")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return programs{}, fmt.Errorf("lab: %w", err)
	}
	unlock, err := lockFile(ctx, filepath.Join(cache, "lock"))
	if err != nil {
		return programs{}, err
	}
	defer unlock()

	dir := filepath.Join(cache, sum)
	made := programs{vtlab: filepath.Join(dir, "vtlab"), vtctldclient: filepath.Join(dir, "vtctldclient")}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := compile(ctx, src, dir, log); err != nil {
			return programs{}, err
		}
	}
	now := time.Now()
	if err := os.Chtimes(dir, now, now); err != nil {
		return programs{}, fmt.Errorf("lab: %w", err)
	}
	removeUnused(cache, now)
	return made, nil
}

// compile builds into a folder beside dir and renames it, so that dir is whole
// whenever it exists.
func compile(ctx context.Context, src, dir string, log io.Writer) error {
	_, _ = fmt.Fprintln(log, "lab: building Vitess's programs, once; minutes from an empty build cache")
	tmp := dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	// No VCS stamp: the programs depend on these sources only.
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", tmp+string(filepath.Separator),
		"./vtlab", "vitess.io/vitess/go/cmd/vtctldclient")
	cmd.Dir = src
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: building the programs in %s: %w\n%s", vitessModule, err, out)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	return nil
}

// moduleRoot finds the root of this module above the current folder, which is
// where `go test` and `go run` start programs.
func moduleRoot() (string, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("lab: %w", err)
	}
	for dir := cwd; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), ownModule) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("lab: %s is not inside a clone of vtsync, whose %s the lab is built from", cwd, vitessModule)
		}
	}
}

// sourceHash names a build by all that goes into it.
func sourceHash(ctx context.Context, src string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "CGO_ENABLED")
	cmd.Dir = src
	toolchain, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("lab: the Go toolchain that builds Vitess does not answer; is go in PATH? %w", err)
	}
	sum := sha256.New()
	sum.Write(toolchain)
	err = filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum.Write(fmt.Appendf(nil, "%s %d\n", path[len(src):], len(content)))
		sum.Write(content)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("lab: reading the sources in %s: %w", vitessModule, err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
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

// removeUnused drops old builds. It may fail: they cost space only.
func removeUnused(cache string, now time.Time) {
	entries, _ := os.ReadDir(cache)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && now.Sub(info.ModTime()) > unusedFor {
			_ = os.RemoveAll(filepath.Join(cache, e.Name()))
		}
	}
}
