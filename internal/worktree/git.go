package worktree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Commit gives the commit that the files are checked out at; empty where they
// are not in git.
func (t Tree) Commit(ctx context.Context) string {
	tracked, err := t.git(ctx, "ls-files", "--", "keyspaces")
	if err != nil || tracked == "" {
		return ""
	}
	commit, err := t.git(ctx, "rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil {
		return ""
	}
	return commit
}

var commitPattern = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// DerivesFrom tells whether the files' commit is the given one or a later one
// of the same line; why says why not, or why nobody can tell.
func (t Tree) DerivesFrom(ctx context.Context, commit string) (ok bool, why string) {
	if !commitPattern.MatchString(commit) {
		return false, fmt.Sprintf("%q is not a commit", commit)
	}
	_, err := t.git(ctx, "merge-base", "--is-ancestor", commit, "HEAD")
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true, ""
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return false, fmt.Sprintf("commit %s, which was applied last, is not in the history of the files", short(commit))
	}
	if shallow, serr := t.git(ctx, "rev-parse", "--is-shallow-repository"); serr == nil && shallow == "true" {
		return false, fmt.Sprintf("commit %s, which was applied last, is not in this shallow clone (git fetch --unshallow)", short(commit))
	}
	return false, fmt.Sprintf("git cannot find commit %s, which was applied last: %v", short(commit), err)
}

func short(commit string) string { return commit[:min(len(commit), 12)] }

// git runs a command that only reads, in the tree's folder.
func (t Tree) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if text, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); text != "" {
			return "", fmt.Errorf("git %s: %s: %w", args[0], text, err)
		}
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}
