package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoMySQL is why a full lab can't be had on this machine.
var ErrNoMySQL = errors.New("a lab with MySQL needs Debian, whose packages it unpacks without installing them; " +
	"the lab without MySQL works here: go run ./lab up")

const (
	// mysqlSuite is the suite of Debian that carries MySQL; releases don't.
	mysqlSuite = "sid"
	// archiveKeys verify its packages.
	archiveKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"
	// packageList is the file with the names of what was unpacked.
	packageList = "packages"
)

// mysqlPackages are what is fetched, with all that they depend on. patchelf
// makes the programs find their libraries where they are unpacked.
var mysqlPackages = []string{"mysql-server-core", "patchelf"}

// fetchMySQL downloads Debian's packages of MySQL with apt, in a root of its
// own that nothing else on this machine sees, and unpacks them into tmp, which
// is to become final.
func fetchMySQL(ctx context.Context, tmp, final string, log io.Writer) error {
	mirror, err := debianMirror(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(log, "lab: fetching MySQL from the Debian mirror of this machine, once")
	apt := filepath.Join(tmp, "apt")
	if err := fetch(ctx, apt, mirror, mysqlPackages); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(apt, "cache", "archives", "*.deb"))
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	var names strings.Builder
	for _, deb := range debs {
		if _, err := output(ctx, "dpkg", "-x", deb, tmp); err != nil {
			return err
		}
		names.WriteString(filepath.Base(deb) + "\n")
	}
	if err := os.WriteFile(filepath.Join(tmp, packageList), []byte(names.String()), 0o644); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := os.RemoveAll(apt); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	return relocate(ctx, tmp, final)
}

// debianMirror is where this machine gets Debian from: no host is written down
// here.
func debianMirror(ctx context.Context) (string, error) {
	release, err := osRelease()
	if err != nil || release["ID"] != "debian" {
		return "", errors.Join(ErrNoMySQL, err)
	}
	for _, program := range []string{"apt-get", "dpkg"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("%w: %w", ErrNoMySQL, err)
		}
	}
	targets, err := output(ctx, "apt-get", "indextargets",
		"--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoMySQL, err)
	}
	for line := range strings.Lines(targets) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] != "main" {
			continue
		}
		switch fields[1] {
		case release["VERSION_CODENAME"], "stable", "testing", "unstable", mysqlSuite:
			return fields[0], nil
		}
	}
	return "", fmt.Errorf("%w: no mirror of it is among the sources of apt:\n%s", ErrNoMySQL, targets)
}

// osRelease is what the system says of itself.
func osRelease() (map[string]string, error) {
	content, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			fields[key] = strings.Trim(value, `"'`)
		}
	}
	return fields, nil
}

// fetch downloads packages and all that they depend on into dir/cache/archives:
// to this apt, nothing is installed.
func fetch(ctx context.Context, dir, mirror string, packages []string) error {
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(d)), 0o755); err != nil {
			return fmt.Errorf("lab: %w", err)
		}
	}
	signed := ""
	if _, err := os.Stat(archiveKeys); err == nil {
		signed = "[signed-by=" + archiveKeys + "] "
	}
	for name, content := range map[string]string{
		"status":       "",
		"sources.list": "deb " + signed + mirror + " " + mysqlSuite + " main\n",
		"apt.conf":     fmt.Sprintf(aptConf, dir),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("lab: %w", err)
		}
	}
	conf := "--config-file=" + filepath.Join(dir, "apt.conf")
	if _, err := output(ctx, "apt-get", conf, "update"); err != nil {
		return err
	}
	install := []string{conf, "install", "--yes", "--no-install-recommends", "--download-only"}
	_, err := output(ctx, "apt-get", append(install, packages...)...)
	return err
}

// aptConf makes apt work in a folder, %[1]s: with no file of the system's but
// its other settings, such as a proxy, and as any user.
const aptConf = `
Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "%[1]s";
Dir::State::lists "%[1]s/lists";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
Acquire::Languages "none";
Acquire::Retries "3";
// Its own user could not read the folder.
APT::Sandbox::User "root";
// The locks are the system's, and ask for root.
Debug::NoLocking "true";
// Others' commands would tidy up the system's cache.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`

// relocate makes mysqld run from final, with its own libraries and not the
// system's, which may be older than it needs.
func relocate(ctx context.Context, tmp, final string) error {
	loaders, _ := filepath.Glob(filepath.Join(tmp, "usr", "lib*", "ld-linux-*.so.*"))
	libraries, _ := filepath.Glob(filepath.Join(tmp, "usr", "lib", "*-linux-gnu"))
	if len(loaders) == 0 || len(libraries) == 0 {
		return errors.New("lab: the packages of MySQL have no loader and libraries where Debian puts them")
	}
	loader, library := loaders[0], libraries[0]
	moved := func(path string) string { return final + strings.TrimPrefix(path, tmp) }
	// patchelf itself is only at home there, too.
	_, err := output(ctx, loader, "--library-path", library, filepath.Join(tmp, "usr", "bin", "patchelf"),
		"--set-interpreter", moved(loader),
		"--force-rpath", "--set-rpath", moved(library)+":"+filepath.Join(final, "usr", "lib", "mysql", "private"),
		filepath.Join(tmp, "usr", "sbin", "mysqld"))
	return err
}

// output runs a program; where it fails, the error has all that it printed.
func output(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var out, all bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, &all), &all
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("lab: %s: %w\n%s", filepath.Base(program), err, all.String())
	}
	return out.String(), nil
}
