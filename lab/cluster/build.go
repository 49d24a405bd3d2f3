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
	"slices"
	"strings"
)

const (
	// vitessModule is the module of the programs, below the root of ours.
	vitessModule = "lab/v24"
	ownModule    = "module github.com/vtsync/vtsync\n"
)

// Release is one of Vitess's that vtgates can be of; the rest of a lab is V24.
type Release string

// The releases. V23 is built from the sources of V24's programs, with another
// go.mod: what vtsync says of vtgates that are not of its own release is tested
// against it.
const (
	V24 Release = "v24"
	V23 Release = "v23"
)

// programs are the paths of what the lab runs.
type programs struct {
	vtlab, vtctldclient string
	vtgate              string     // the vtlab of the vtgates
	mysql               mysqlFiles // empty in a lab without MySQL
}

// Build makes the programs that a cluster starts, or finds them made, so that a
// later Start takes no time for it: with vtgates of a release, V24 or besides it
// another, and for a full lab with MySQL, which is fetched. What it is doing goes
// to log.
func Build(ctx context.Context, log io.Writer, vtgates Release, full bool) error {
	_, err := build(ctx, log, vtgates, full)
	return err
}

// build makes the programs, or finds them made: they are kept in the user's
// cache folder under the hash of what they are built of. Processes
// that build at the same time wait for the first of them.
func build(ctx context.Context, log io.Writer, vtgates Release, full bool) (programs, error) {
	root, err := moduleRoot()
	if err != nil {
		return programs{}, err
	}
	c, err := openCache(ctx)
	if err != nil {
		return programs{}, err
	}
	defer c.close()

	dir, sum, err := buildRelease(ctx, c, root, V24, log)
	if err != nil {
		return programs{}, err
	}
	made := programs{vtlab: filepath.Join(dir, "vtlab"), vtctldclient: filepath.Join(dir, "vtctldclient")}
	made.vtgate = made.vtlab
	if vtgates != V24 {
		if dir, _, err = buildRelease(ctx, c, root, vtgates, log); err != nil {
			return programs{}, err
		}
		made.vtgate = filepath.Join(dir, "vtlab")
	}
	if full {
		made.mysql, err = provideMySQL(ctx, c, made.vtlab, sum, log)
	}
	return made, err
}

// buildRelease gives the folder of a release's programs, and the hash of all
// that went into them.
func buildRelease(ctx context.Context, c *cache, root string, r Release, log io.Writer) (dir, sum string, err error) {
	src := filepath.Join(root, filepath.FromSlash(vitessModule))
	// No VCS stamp: the programs depend on these sources only.
	flags, packages, from := []string{"-buildvcs=false"}, []string{"./vtlab"}, []string{src}
	if r == V24 {
		packages = append(packages, "vitess.io/vitess/go/cmd/vtctldclient")
	} else {
		module := filepath.Join(filepath.Dir(src), string(r))
		// Vitess 23 refuses to be built without Swiss maps, and knows them by a tag
		// that Go has dropped since, as there are no others.
		flags = append(flags, "-modfile", filepath.Join("..", string(r), "go.mod"), "-tags", "goexperiment.swissmap")
		from = append(from, module)
	}
	sum, err = sourceHash(ctx, from, flags)
	if err != nil {
		return "", "", err
	}
	dir, err = c.folder(sum, func(tmp, _ string) error {
		_, _ = fmt.Fprintf(log, "lab: building the programs of Vitess %s, once; minutes from an empty build cache\n", r)
		cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-o", tmp + string(filepath.Separator)}, flags, packages)...)
		cmd.Dir = src
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("lab: building the programs of Vitess %s in %s: %w\n%s", r, vitessModule, err, out)
		}
		return nil
	})
	return dir, sum, err
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

// sourceHash names a build by all that goes into it: the toolchain, the flags, and
// what stands in the folders, the first of which it runs in.
func sourceHash(ctx context.Context, from, flags []string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "CGO_ENABLED")
	cmd.Dir = from[0]
	toolchain, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("lab: the Go toolchain that builds Vitess does not answer; is go in PATH? %w", err)
	}
	sum := sha256.New()
	sum.Write(toolchain)
	_, _ = fmt.Fprintf(sum, "%q\n", flags)
	for _, dir := range from {
		if err := hashFolder(sum, dir); err != nil {
			return "", fmt.Errorf("lab: reading the sources in %s: %w", dir, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

func hashFolder(sum io.Writer, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", path[len(dir):], len(content), content)
		return nil
	})
}
