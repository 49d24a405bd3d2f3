package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	// vitessModule is the module of the programs, below the root of ours.
	vitessModule = "lab/v24"
	ownModule    = "module github.com/vtsync/vtsync\n"
)

// programs are the paths of what the lab runs.
type programs struct {
	vtlab, vtctldclient string
	mysql               mysqlFiles // empty in a lab without MySQL
}

// Build makes the programs that a cluster starts, or finds them made, so that a
// later Start takes no time for it; for a full lab with MySQL, which is fetched.
// What it is doing goes to log.
func Build(ctx context.Context, log io.Writer, full bool) error {
	_, err := build(ctx, log, full)
	return err
}

// build makes the programs, or finds them made: they are kept in the user's
// cache folder under the hash of their sources and of the toolchain. Processes
// that build at the same time wait for the first of them.
func build(ctx context.Context, log io.Writer, full bool) (programs, error) {
	root, err := moduleRoot()
	if err != nil {
		return programs{}, err
	}
	src := filepath.Join(root, filepath.FromSlash(vitessModule))
	sum, err := sourceHash(ctx, src)
	if err != nil {
		return programs{}, err
	}
	c, err := openCache(ctx)
	if err != nil {
		return programs{}, err
	}
	defer c.close()

	dir, err := c.folder(sum, func(tmp, _ string) error { return compile(ctx, src, tmp, log) })
	if err != nil {
		return programs{}, err
	}
	made := programs{vtlab: filepath.Join(dir, "vtlab"), vtctldclient: filepath.Join(dir, "vtctldclient")}
	if full {
		made.mysql, err = provideMySQL(ctx, c, made.vtlab, sum, log)
	}
	return made, err
}

// compile builds into a folder.
func compile(ctx context.Context, src, dir string, log io.Writer) error {
	_, _ = fmt.Fprintln(log, "lab: building Vitess's programs, once; minutes from an empty build cache")
	// No VCS stamp: the programs depend on these sources only.
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", dir+string(filepath.Separator),
		"./vtlab", "vitess.io/vitess/go/cmd/vtctldclient")
	cmd.Dir = src
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: building the programs in %s: %w\n%s", vitessModule, err, out)
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
