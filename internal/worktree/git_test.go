package worktree

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vtsync/vtsync/internal/desired"
)

func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{
		"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false",
		"-c", "protocol.file.allow=always",
	}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes a keyspace's file and commits it.
func commit(t *testing.T, tree Tree, data string) string {
	t.Helper()
	if err := tree.Write(KeyspaceFile("ks"), []byte(data)); err != nil {
		t.Fatal(err)
	}
	run(t, tree.Dir(), "add", "keyspaces")
	run(t, tree.Dir(), "commit", "-q", "-m", data)
	return run(t, tree.Dir(), "rev-parse", "HEAD")
}

func revision(t *testing.T, tree Tree) Revision {
	t.Helper()
	rev, err := tree.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

func TestRevision(t *testing.T) {
	tree := At(t.TempDir())
	for _, none := range []Tree{tree, At(tree.Path("missing"))} {
		if got := revision(t, none); got != (Revision{}) {
			t.Errorf("outside of git: %+v", got)
		}
	}
	run(t, tree.Dir(), "init", "-q", "-b", "main")
	if got := revision(t, tree); got != (Revision{}) {
		t.Errorf("files that git does not track: %+v", got)
	}
	if err := tree.Write(KeyspaceFile("ks"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	run(t, tree.Dir(), "add", "keyspaces")
	if got := revision(t, tree); got != (Revision{}) {
		t.Errorf("nothing is committed: %+v", got)
	}
	first := commit(t, tree, "{}")
	if got := revision(t, tree); got != (Revision{Commit: first}) {
		t.Errorf("as committed: %+v, want %s", got, first)
	}
	if err := tree.Write("notes.txt", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if revision(t, tree).Dirty {
		t.Error("a file beside the keyspaces counts as an edit of them")
	}
	if err := tree.Write(KeyspaceFile("new"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if got := revision(t, tree); got != (Revision{Commit: first, Dirty: true}) {
		t.Errorf("with a new file: %+v", got)
	}
	for file, dirty := range map[string]bool{KeyspaceFile("ks"): false, KeyspaceFile("new"): true} {
		if got, err := tree.Revision(t.Context(), file); err != nil || got != (Revision{Commit: first, Dirty: dirty}) {
			t.Errorf("of %s only: %+v, %v", file, got, err)
		}
	}
}

// TestRevisionNotTold: what git cannot tell is not taken for "not in git".
func TestRevisionNotTold(t *testing.T) {
	t.Run("damaged", func(t *testing.T) {
		tree := At(t.TempDir())
		run(t, tree.Dir(), "init", "-q", "-b", "main")
		commit(t, tree, "{}")
		if err := os.Remove(tree.Path(".git/HEAD")); err != nil {
			t.Fatal(err)
		}
		if rev, err := tree.Revision(t.Context()); err == nil {
			t.Errorf("Revision = %+v", rev)
		}
	})
	t.Run("someone else's", func(t *testing.T) {
		tree := At(t.TempDir())
		run(t, tree.Dir(), "init", "-q", "-b", "main")
		commit(t, tree, "{}")
		t.Setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
		if rev, err := tree.Revision(t.Context()); err == nil || !strings.Contains(err.Error(), "dubious ownership") {
			t.Errorf("Revision = %+v, %v", rev, err)
		}
	})
	t.Run("no git", func(t *testing.T) {
		tree, plain := At(t.TempDir()), At(t.TempDir())
		run(t, tree.Dir(), "init", "-q", "-b", "main")
		t.Setenv("PATH", t.TempDir())
		if rev, err := tree.Revision(t.Context()); err == nil {
			t.Errorf("Revision = %+v", rev)
		}
		if rev := revision(t, plain); rev != (Revision{}) {
			t.Errorf("Revision outside of git = %+v", rev)
		}
	})
}

func TestContains(t *testing.T) {
	tree := At(t.TempDir())
	run(t, tree.Dir(), "init", "-q", "-b", "main")
	first := commit(t, tree, "{}")
	second := commit(t, tree, `{"sharded":false}`)
	shallow := At(t.TempDir())
	run(t, shallow.Dir(), "clone", "-q", "--depth=1", "file://"+tree.Dir(), ".")
	run(t, tree.Dir(), "checkout", "-q", "-b", "old", first)
	tests := []struct {
		name   string
		tree   Tree
		commit string
		want   bool
		why    string
	}{
		{"itself", tree, first, true, ""},
		{"later one", tree, second, false, "is not in the history of the files"},
		{"missing", tree, strings.Repeat("0", 40), false, "cannot be found: git merge-base"},
		{"not a commit", tree, "--exec=x", false, "is not a commit"},
		{"shallow", shallow, first, false, "git fetch --unshallow"},
		{"tip of shallow", shallow, second, true, ""},
	}
	for _, tt := range tests {
		ok, why := tt.tree.Contains(t.Context(), tt.commit)
		if ok != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s: %v, %q, want %v, %q", tt.name, ok, why, tt.want, tt.why)
		}
	}
	run(t, tree.Dir(), "checkout", "-q", "main")
	if ok, why := tree.Contains(t.Context(), first); !ok {
		t.Errorf("an ancestor was not found: %s", why)
	}
	for _, pair := range []struct {
		later, earlier string
		want           bool
	}{{second, first, true}, {first, second, false}, {first, first, false}, {first, "", true}, {"", "", false}} {
		if got := tree.After(t.Context(), pair.later, pair.earlier); got != pair.want {
			t.Errorf("After(%q, %q) = %v", Short(pair.later), Short(pair.earlier), got)
		}
	}
}

// TestDerives walks through a day with git: a base holds for the files that it
// was kept for and what is made of them, and for no other checkout.
func TestDerives(t *testing.T) {
	const file = "keyspaces/ks/vschema.json"
	tree := At(t.TempDir())
	run(t, tree.Dir(), "init", "-q", "-b", "main")
	commit(t, tree, "{}")
	write := func(data string) {
		if err := tree.Write(file, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	load := func() *desired.Keyspace {
		files, err := tree.Load("ks")
		if err != nil {
			t.Fatal(err)
		}
		return files.Keyspaces["ks"]
	}
	keep := func() Base {
		b, err := tree.BaseOf(t.Context(), revision(t, tree), file, load().VSchema)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	holds := func(when string, b Base, want bool) {
		t.Helper()
		if ok, why := tree.Derives(t.Context(), revision(t, tree), load(), b); ok != want || ok == (why != "") {
			t.Errorf("%s: %v, %q, want %v", when, ok, why, want)
		}
	}
	holds("a base kept before there was git", Base{}, true)

	run(t, tree.Dir(), "checkout", "-q", "-b", "feature")
	write(`{"tables":{"pulled":{}}}`)
	pulled := keep()
	holds("pulled, not committed", pulled, true)
	write(`{"tables":{"pulled":{},"mine":{}}}`)
	holds("edited", pulled, true)
	run(t, tree.Dir(), "commit", "-q", "-a", "-m", "feature")
	holds("committed", pulled, true)
	applied := keep()
	write(`{"tables":{"mine":{}}}`)
	holds("edited after it was applied", applied, true)
	run(t, tree.Dir(), "checkout", "-q", "-f", "main")
	holds("pulled on another branch", pulled, false)
	holds("applied on another branch", applied, false)
	if err := tree.Write("other.txt", []byte("x")); err != nil {
		t.Fatal(err)
	}
	run(t, tree.Dir(), "add", "other.txt")
	run(t, tree.Dir(), "commit", "-q", "-m", "other")
	holds("pulled on another branch, and this one went on", pulled, false)
	run(t, tree.Dir(), "merge", "-q", "-m", "merge", "feature")
	holds("merged", pulled, true)
	holds("merged", applied, true)
	run(t, tree.Dir(), "revert", "--no-edit", "-m", "1", "HEAD")
	holds("the merge is reverted", applied, true)
}

// TestDerivesFromEdits: what was kept from edits holds for later commits that
// have them, and not for a branch that changed the file for another reason.
func TestDerivesFromEdits(t *testing.T) {
	const (
		empty  = `{"tables":{}}`
		edits  = `{"tables":{"pulled":{}}}`
		others = `{"tables":{"others":{}}}`
		both   = `{"tables":{"pulled":{},"mine":{}}}`
		mine   = `{"tables":{"mine":{}}}`
	)
	for _, tt := range []struct {
		name    string
		first   string   // the file when the edits were made; "" for none yet
		commits []string // since
		file    string   // now; "" as committed
		want    bool
	}{
		{"others' change", empty, []string{others}, "", false},
		{"others' change, edited", empty, []string{others}, mine, false},
		{"others' new file", "", []string{others}, "", false},
		{"others' new file, edited", "", []string{others}, mine, false},
		{"committed", empty, []string{edits}, "", true},
		{"committed, then taken out", empty, []string{edits, mine}, "", true},
		{"new file committed, then taken out", "", []string{edits}, mine, true},
		{"committed with more", empty, []string{both}, "", true},
		{"new file committed with more", "", []string{both}, "", true},
		{"still there on others' change", empty, []string{others}, edits, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := At(t.TempDir())
			run(t, tree.Dir(), "init", "-q", "-b", "main")
			if err := tree.Write(KeyspaceFile("other"), []byte("{}")); err != nil {
				t.Fatal(err)
			}
			if tt.first != "" {
				commit(t, tree, tt.first)
			}
			run(t, tree.Dir(), "add", "keyspaces")
			run(t, tree.Dir(), "commit", "-q", "--allow-empty", "-m", "first")
			if err := tree.Write(KeyspaceFile("ks"), []byte(edits)); err != nil {
				t.Fatal(err)
			}
			base, err := tree.BaseOf(t.Context(), revision(t, tree), KeyspaceFile("ks"), unsharded("pulled"))
			if err != nil {
				t.Fatal(err)
			}
			for _, data := range tt.commits {
				commit(t, tree, data)
			}
			if tt.file != "" {
				if err := tree.Write(KeyspaceFile("ks"), []byte(tt.file)); err != nil {
					t.Fatal(err)
				}
			}
			files, err := tree.Load("ks")
			if err != nil {
				t.Fatal(err)
			}
			if ok, why := tree.Derives(t.Context(), revision(t, tree), files.Keyspaces["ks"], base); ok != tt.want || ok == (why != "") {
				t.Errorf("holds = %v, %q, want %v", ok, why, tt.want)
			}
		})
	}
}
