package worktree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Revision is what git says of the files as they lie there.
type Revision struct {
	// Commit is what is checked out; empty where the files are not in git.
	Commit string
	// Dirty tells that the files asked for are not as the commit has them.
	Dirty bool
}

// Revision asks git which commit the files are of, and whether those named, or
// any where none is, are as it has them. Only where git says that
// they are in no repository, or that it tracks none of them, is there none:
// what git cannot tell is an error, since it would hide that files are old.
func (t Tree) Revision(ctx context.Context, files ...string) (Revision, error) {
	if _, err := os.Stat(t.dir); errors.Is(err, fs.ErrNotExist) {
		return Revision{}, nil
	}
	tracked, err := t.git(ctx, "ls-files", "--", "keyspaces")
	if err != nil {
		if t.outside(err) {
			return Revision{}, nil
		}
		return Revision{}, fmt.Errorf("ask git which commit the files are of: %w", err)
	}
	if tracked == "" {
		return Revision{}, nil
	}
	commit, err := t.git(ctx, "rev-parse", "--verify", "--quiet", "HEAD")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return Revision{}, nil // nothing is committed yet
	}
	if err != nil {
		return Revision{}, fmt.Errorf("ask git which commit the files are of: %w", err)
	}
	if len(files) == 0 {
		files = []string{"keyspaces"}
	}
	changed, err := t.git(ctx, append([]string{"status", "--porcelain", "--"}, files...)...)
	if err != nil {
		return Revision{}, fmt.Errorf("ask git whether the files are committed: %w", err)
	}
	return Revision{Commit: commit, Dirty: changed != ""}, nil
}

// outside tells whether an error of git means that the files are in no
// repository. Of a damaged one git says the same, but there its folder stands.
func (t Tree) outside(err error) bool {
	const none = "not a git repository (or any "
	switch text := err.Error(); {
	case strings.Contains(text, none+"parent up to mount point"):
		return true
	case strings.Contains(text, none), errors.Is(err, exec.ErrNotFound):
		return !t.belowGit()
	default:
		return false
	}
}

// belowGit tells whether the folder or one above it looks like a repository.
func (t Tree) belowGit() bool {
	dir, err := filepath.Abs(t.dir)
	if err != nil {
		return true // in doubt nothing is hidden
	}
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}

var commitPattern = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// Contains tells whether the history of the files has the commit; why goes on
// after the commit's name and says why not, or why nobody can tell.
func (t Tree) Contains(ctx context.Context, commit string) (ok bool, why string) {
	if !commitPattern.MatchString(commit) {
		return false, "is not a commit"
	}
	_, err := t.git(ctx, "merge-base", "--is-ancestor", commit, "HEAD")
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true, ""
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return false, "is not in the history of the files"
	}
	if shallow, serr := t.git(ctx, "rev-parse", "--is-shallow-repository"); serr == nil && shallow == "true" {
		return false, "is not in this shallow clone (git fetch --unshallow)"
	}
	return false, fmt.Sprintf("cannot be found: %v", err)
}

// After tells whether one commit, which the history of the files has, comes
// after another of them. Every commit comes after none.
func (t Tree) After(ctx context.Context, later, earlier string) bool {
	if later == earlier || later == "" {
		return false
	}
	if earlier == "" {
		return true
	}
	_, err := t.git(ctx, "merge-base", "--is-ancestor", earlier, later)
	return err == nil
}

// Short gives a commit's name for people.
func Short(commit string) string {
	name, mark, _ := strings.Cut(commit, "-")
	if mark != "" {
		mark = "-" + mark
	}
	return name[:min(len(name), 12)] + mark
}

// blobs gives git's names for a file's content as it is, and as a commit has it;
// the latter is empty where the commit has no such file.
func (t Tree) blobs(ctx context.Context, commit, file string) (now, then string, err error) {
	if now, err = t.git(ctx, "hash-object", "--", file); err != nil {
		return "", "", err
	}
	then, err = t.git(ctx, "rev-parse", "--verify", "--quiet", commit+":./"+file)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return now, "", nil
	}
	return now, then, err
}

// git runs a command that only reads, in the tree's folder, and gives its answer
// without the space around it.
func (t Tree) git(ctx context.Context, args ...string) (string, error) {
	out, err := t.gitRaw(ctx, nil, args...)
	return strings.TrimSpace(string(out)), err
}

// gitRaw is git with something to read, where the answer stays as it is.
func (t Tree) gitRaw(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	out, err := cmd.Output()
	if err != nil {
		if text, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); text != "" {
			return nil, fmt.Errorf("git %s: %s: %w", args[0], text, err)
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}
