package worktree

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vtsync/vtsync/internal/desired"
	"github.com/vtsync/vtsync/internal/errs"
)

// maxCommitBytes bounds what is read of a commit: it is held in memory.
const maxCommitBytes = 256 << 20

// AtCommit gives the files of the folder as a commit has them: a branch, a tag, or
// whatever else git takes for one. Nothing of the repository is touched.
func (t Tree) AtCommit(ctx context.Context, revision string) (Files, error) {
	name := "git:" + revision + ":" + t.dir
	commit, err := t.resolve(ctx, revision)
	if err != nil {
		return Files{}, err
	}
	blobs, err := t.list(ctx, name, commit)
	if err != nil {
		return Files{}, err
	}
	fsys, err := t.fetch(ctx, blobs)
	if err != nil {
		return Files{}, fmt.Errorf("read %s: %w", name, err)
	}
	return Files{fsys: fsys, name: name}, nil
}

// resolve gives the commit that a revision stands for.
func (t Tree) resolve(ctx context.Context, revision string) (string, error) {
	bad := &errs.Invalid{Msg: "git:" + revision}
	if revision == "" {
		bad.Msg, bad.Next = "git: names no revision", "git:HEAD, or git: and a branch, a tag or a commit"
		return "", bad
	}
	if _, err := os.Stat(t.dir); err != nil {
		bad.Msg, bad.Err = "the folder whose files of "+bad.Msg+" are wanted cannot be looked at", err
		return "", bad
	}
	commit, err := t.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	var exit *exec.ExitError
	switch {
	case err == nil:
		return commit, nil
	case errors.Is(err, exec.ErrNotFound):
		bad.Msg += ": there is no program git here"
		return "", bad
	case t.outside(err):
		bad.Msg += ": the files are in no git repository: " + t.dir
		bad.Next = "give a folder that holds the other files"
		return "", bad
	case !errors.As(err, &exit) || exit.ExitCode() != 1:
		return "", fmt.Errorf("ask git for %s: %w", revision, err)
	}
	bad.Msg += ": git knows no such commit in " + t.dir
	bad.Next = "git fetch, and git branch --all or git log lists what there is"
	if shallow, err := t.git(ctx, "rev-parse", "--is-shallow-repository"); err == nil && shallow == "true" {
		bad.Msg += ", which is a shallow clone"
		bad.Next = "git fetch --unshallow, or fetch-depth: 0 where CI checks it out"
	}
	return "", bad
}

// blob is a file of a commit.
type blob struct{ file, id string }

// list names the files of a commit that can say something of routing: the
// keyspaces, and the rules beside them.
func (t Tree) list(ctx context.Context, name, commit string) ([]blob, error) {
	beside, err := t.gitRaw(ctx, nil, "ls-tree", "-z", "-l", commit)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", name, err)
	}
	below, err := t.gitRaw(ctx, nil, "ls-tree", "-z", "-l", "-r", commit, desired.KeyspacesDir+"/")
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", name, err)
	}
	var out []blob
	total := 0
	for line := range strings.SplitSeq(string(beside)+string(below), "\x00") {
		about, file, ok := strings.Cut(line, "\t")
		words := strings.Fields(about) // mode, type, id, size
		inside := file == desired.KeyspacesDir || strings.HasPrefix(file, desired.KeyspacesDir+"/")
		if !ok || len(words) != 4 || !inside && !slices.Contains([]string{".json", ".yaml", ".yml"}, path.Ext(file)) {
			continue
		}
		switch mode := words[0]; {
		case mode == "120000":
			return nil, &errs.Invalid{
				Pos: errs.Position{File: name + "/" + file}, Msg: "a link, which is not followed inside of a commit",
				Next: "git worktree add ../other REVISION, and give that folder",
			}
		case words[1] != "blob":
			continue
		}
		size, err := strconv.Atoi(words[3])
		if total += size; err != nil || total > maxCommitBytes {
			return nil, &errs.Invalid{Pos: errs.Position{File: name}, Msg: fmt.Sprintf("holds more than %d MB of files", maxCommitBytes>>20)}
		}
		out = append(out, blob{file, words[2]})
	}
	return out, nil
}

// fetch reads the content of files, as a file system in memory. A ZIP archive is
// one that the standard library has.
func (t Tree) fetch(ctx context.Context, blobs []blob) (fs.FS, error) {
	var ids, archive bytes.Buffer
	for _, b := range blobs {
		ids.WriteString(b.id + "\n")
	}
	content, err := t.gitRaw(ctx, &ids, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	in, out := bufio.NewReader(bytes.NewReader(content)), zip.NewWriter(&archive)
	for _, b := range blobs {
		w, err := out.CreateHeader(&zip.FileHeader{Name: b.file, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if err := copyBlob(w, in, b); err != nil {
			return nil, err
		}
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
}

// copyBlob copies the next answer of git cat-file --batch: a line "ID blob SIZE",
// the content, a newline.
func copyBlob(w io.Writer, r *bufio.Reader, b blob) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return fmt.Errorf("%s: git gives no content: %w", b.file, err)
	}
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != b.id || words[1] != "blob" {
		return fmt.Errorf("%s: git answers %q", b.file, strings.TrimSpace(line))
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return fmt.Errorf("%s: git answers %q: %w", b.file, strings.TrimSpace(line), err)
	}
	if _, err := io.CopyN(w, r, size); err != nil {
		return fmt.Errorf("%s: its content is cut off: %w", b.file, err)
	}
	_, err = r.Discard(1)
	return err
}
